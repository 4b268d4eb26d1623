#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "birthmark/media/frame.hpp"

namespace birthmark {

/// The finest detail of a picture: by how much a pixel stands out of the 5 x 5 around it (binomial weights).
///
/// A mark costs an encoder bits. Fine detail fainter than a grey level costs some as well and is seen by nobody, so
/// that much is taken off it to pay for the mark. Taking a bounded amount off what a low-pass filter leaves is known as
/// coring (Rossi 1978).
class FineDetail {
  public:
    explicit FineDetail(std::size_t width);

    /// Forgets the picture before.
    void begin();

    /// The detail of row `y`, `width` values, good until the next call. When rows are asked for in order, those before
    /// may have been changed.
    template <class Pixel>
    const float* row(const Plane<const Pixel>& picture, std::size_t y);

  private:
    static constexpr std::size_t kReach = 2;
    static constexpr std::size_t kLines = 2 * kReach + 1;

    std::array<std::vector<std::uint16_t>, kLines> lines_;  // pixels of row y are in place y modulo kLines
    std::array<std::size_t, kLines> loaded_{};              // and this is y
    std::vector<std::uint16_t> sums_;                       // down the columns, and kReach more on either side
    std::vector<float> detail_;
};

}  // namespace birthmark
