#pragma once

#include <cstddef>
#include <opencv2/core/mat.hpp>
#include <vector>

namespace birthmark {

/// Mean over Size x Size neighbours in pictures of one size. Beyond its edges a picture goes on as in a mirror that
/// stands on the last row or column. What cv::blur gives, to float rounding, several times as fast.
template <std::size_t Size>
class BoxMean {
  public:
    BoxMean(std::size_t rows, std::size_t columns);

    /// `in` and `out` are rows x columns without gaps, and not the same picture.
    void operator()(const cv::Mat1f& in, cv::Mat1f& out);

  private:
    static constexpr std::size_t kReach = Size / 2;

    std::vector<int> rows_;     // that are shown in places -kReach to rows + kReach - 1
    std::vector<int> columns_;  // the same across
    std::vector<float> sums_;   // of one row's columns, shown in these places
};

}  // namespace birthmark
