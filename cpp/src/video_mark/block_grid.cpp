#include "birthmark/video_mark/block_grid.hpp"

#include <algorithm>
#include <string>

#include "birthmark/errors.hpp"
#include "birthmark/multiversion.hpp"

namespace birthmark {
namespace {

constexpr std::size_t kLargest = 16384;

template <class Pixel>
BIRTHMARK_MULTIVERSION void add_row(const Pixel* row, std::size_t width, unsigned* sums) {
    for (std::size_t x = 0; x < width; ++x) {
        sums[x] += row[x];
    }
}

template <class Pixel>
BIRTHMARK_MULTIVERSION void add_row_squares(const Pixel* row, std::size_t width, unsigned* sums, unsigned* squares) {
    for (std::size_t x = 0; x < width; ++x) {
        const unsigned value = row[x];
        sums[x] += value;
        squares[x] += value * value;
    }
}

}  // namespace

BlockGrid::BlockGrid(std::size_t width, std::size_t height) : width_(width), height_(height) {
    if (width < 1 || height < 1 || width > kLargest || height > kLargest) {
        throw ArgumentError("picture is " + std::to_string(width) + " x " + std::to_string(height) +
                            " pixels; allowed: sides of 1 to " + std::to_string(kLargest));
    }
    const std::size_t shorter = std::min(width, height);
    step_ = std::max<std::size_t>(1, shorter / 240);
    columns_ = (width + step_ - 1) / step_;
    rows_ = (height + step_ - 1) / step_;
    units_per_pixel_ = 240.0 / static_cast<double>(shorter);
    sums_.resize(columns_ * step_);
    squares_.resize(columns_ * step_);
    means_.resize(columns_ * rows_);
    variances_.resize(columns_ * rows_);
}

template <class Pixel>
void BlockGrid::reduce(const Plane<const Pixel>& plane, float scale, bool variances) {
    if (plane.width != width_ || plane.height != height_) {
        throw ArgumentError("frame is " + std::to_string(plane.width) + " x " + std::to_string(plane.height) +
                            " pixels; allowed: " + std::to_string(width_) + " x " + std::to_string(height_) +
                            " as the first");
    }
    for (std::size_t r = 0; r < rows_; ++r) {
        std::fill(sums_.begin(), sums_.end(), 0U);
        std::fill(squares_.begin(), squares_.end(), 0U);
        const std::size_t end = std::min(height_, (r + 1) * step_);
        for (std::size_t y = r * step_; y < end; ++y) {
            if (variances) {
                add_row_squares(plane.row(y), width_, sums_.data(), squares_.data());
            } else {
                add_row(plane.row(y), width_, sums_.data());
            }
        }
        for (std::size_t c = 0; c < columns_; ++c) {
            std::uint64_t sum = 0;
            std::uint64_t square = 0;
            for (std::size_t x = c * step_; x < (c + 1) * step_; ++x) {
                sum += sums_[x];
                square += squares_[x];
            }
            const std::size_t across = std::min(width_, (c + 1) * step_) - c * step_;
            const float share = 1.0F / static_cast<float>(across * (end - r * step_));
            const float mean = static_cast<float>(sum) * share;
            means_[r * columns_ + c] = mean * scale;
            if (variances) {
                const float variance = static_cast<float>(square) * share - mean * mean;
                variances_[r * columns_ + c] = std::max(0.0F, variance) * scale * scale;
            }
        }
    }
}

template void BlockGrid::reduce(const Plane<const std::uint8_t>&, float, bool);
template void BlockGrid::reduce(const Plane<const std::uint16_t>&, float, bool);

}  // namespace birthmark
