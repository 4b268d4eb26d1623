#pragma once

#include <cstddef>
#include <opencv2/core/mat.hpp>
#include <span>
#include <vector>

#include "birthmark/media/frame.hpp"

namespace birthmark {

/// A picture reduced to square blocks of `step` pixels, step = shorter side / 240 rounded down but at least 1: all work
/// but reading and writing pixels happens on this grid. Blocks at the right and lower edge may be smaller.
class BlockGrid {
  public:
    /// Throws ArgumentError unless both sides are 1 to 16384 pixels.
    BlockGrid(std::size_t width, std::size_t height);

    std::size_t width() const { return width_; }
    std::size_t height() const { return height_; }
    std::size_t step() const { return step_; }
    std::size_t columns() const { return columns_; }
    std::size_t rows() const { return rows_; }

    /// Units (shorter side / 240) per pixel.
    double units_per_pixel() const { return units_per_pixel_; }

    /// Mean of each block times `scale`, and with `variances` the variance within it times scale^2. The plane must have
    /// the size of the grid's picture; ArgumentError otherwise.
    template <class Pixel>
    void reduce(const Plane<const Pixel>& plane, float scale, bool variances);

    std::span<const float> means() const { return means_; }
    std::span<const float> variances() const { return variances_; }

    /// The same as pictures, rows x columns, to be read only; good until the next reduce().
    cv::Mat1f mean_picture() const { return picture(means_); }
    cv::Mat1f variance_picture() const { return picture(variances_); }

  private:
    cv::Mat1f picture(const std::vector<float>& values) const {
        return {static_cast<int>(rows_), static_cast<int>(columns_), const_cast<float*>(values.data())};
    }

    std::size_t width_;
    std::size_t height_;
    std::size_t step_;
    std::size_t columns_;
    std::size_t rows_;
    double units_per_pixel_;
    std::vector<unsigned> sums_;
    std::vector<unsigned> squares_;
    std::vector<float> means_;
    std::vector<float> variances_;
};

}  // namespace birthmark
