#include "birthmark/video_mark/block_grid.hpp"

#include <algorithm>
#include <array>
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

/// Mean and variance of blocks of `Step` columns, 0 for any `step`, from the sums and squares of these columns; `share`
/// is one over the pixels of a block.
template <std::size_t Step>
BIRTHMARK_MULTIVERSION void finish(const unsigned* sums, const unsigned* squares, std::size_t step, std::size_t count,
                                   float share, float scale, float* means, float* variances) {
    const std::size_t across = Step == 0 ? step : Step;
#pragma omp simd
    for (std::size_t c = 0; c < count; ++c) {
        double sum = 0.0;
        double square = 0.0;
        for (std::size_t k = 0; k < across; ++k) {
            // As numbers with a sign, which they are too small to need, the processor converts many at once.
            sum += static_cast<int>(sums[c * across + k]);
            square += static_cast<int>(squares[c * across + k]);
        }
        const float mean = static_cast<float>(sum) * share;
        const float variance = static_cast<float>(square) * share - mean * mean;
        means[c] = mean * scale;
        variances[c] = std::max(0.0F, variance) * scale * scale;
    }
}

using Finish = decltype(&finish<0>);

Finish finish_for(std::size_t step) {
    constexpr std::array<Finish, 5> kUsual{finish<0>, finish<1>, finish<2>, finish<3>, finish<4>};
    return step < kUsual.size() ? kUsual[step] : kUsual[0];
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
        // The last block may have fewer columns.
        const std::size_t last = columns_ - 1;
        for (const auto& [first, count, across] :
             {std::array{std::size_t{0}, last, step_}, std::array{last, std::size_t{1}, width_ - last * step_}}) {
            const float share = 1.0F / static_cast<float>(across * (end - r * step_));
            const std::size_t column = first * step_;
            const std::size_t block = r * columns_ + first;
            finish_for(step_)(&sums_[column], &squares_[column], step_, count, share, scale, &means_[block],
                              &variances_[block]);
        }
    }
}

template void BlockGrid::reduce(const Plane<const std::uint8_t>&, float, bool);
template void BlockGrid::reduce(const Plane<const std::uint16_t>&, float, bool);

}  // namespace birthmark
