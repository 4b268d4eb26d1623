#include "birthmark/fingerprint/audio_whitener.hpp"

#include <algorithm>
#include <cmath>

#include "birthmark/multiversion.hpp"

namespace birthmark {
namespace {

constexpr double kDeviationFloor = 0.5;

// One row against its neighbourhood, from running sums over bands: entry b holds the sum of the bands below b.
BIRTHMARK_MULTIVERSION
void whiten(const BandRow& row, const std::array<double, AudioGrid::kBands + 1>& sums,
            const std::array<double, AudioGrid::kBands + 1>& squares,
            const std::array<double, AudioGrid::kBands>& cells, std::size_t around, BandRow& out) {
    std::array<double, AudioGrid::kBands> mean{};
    std::array<double, AudioGrid::kBands> square{};
    for (std::size_t b = 0; b < AudioGrid::kBands; ++b) {
        const std::size_t low = b > around ? b - around : 0;
        const std::size_t high = std::min(b + around + 1, AudioGrid::kBands);
        mean[b] = sums[high] - sums[low];
        square[b] = squares[high] - squares[low];
    }
    for (std::size_t b = 0; b < AudioGrid::kBands; ++b) {
        const double m = mean[b] * cells[b];
        const double variance = std::max(0.0, square[b] * cells[b] - m * m);
        out[b] = static_cast<float>((static_cast<double>(row[b]) - m) / (std::sqrt(variance) + kDeviationFloor));
    }
}

}  // namespace

void AudioWhitener::add(const BandRow& row) {
    ring_[rows_in_ % kRing] = row;
    for (std::size_t b = 0; b < row.size(); ++b) {
        const auto value = static_cast<double>(row[b]);
        sum_[b] += value;
        squares_[b] += value * value;
    }
    ++rows_in_;
}

void AudioWhitener::emit() {
    while (rows_gone_ + kRowsAround < rows_out_) {
        const BandRow& old = ring_[rows_gone_ % kRing];
        for (std::size_t b = 0; b < old.size(); ++b) {
            const auto value = static_cast<double>(old[b]);
            sum_[b] -= value;
            squares_[b] -= value * value;
        }
        ++rows_gone_;
    }
    std::array<double, AudioGrid::kBands + 1> sums{};
    std::array<double, AudioGrid::kBands + 1> squares{};
    std::array<double, AudioGrid::kBands> cells{};
    const auto rows = static_cast<double>(rows_in_ - rows_gone_);
    for (std::size_t b = 0; b < AudioGrid::kBands; ++b) {
        sums[b + 1] = sums[b] + sum_[b];
        squares[b + 1] = squares[b] + squares_[b];
        const std::size_t low = b > kBandsAround ? b - kBandsAround : 0;
        cells[b] = 1.0 / (rows * static_cast<double>(std::min(b + kBandsAround + 1, AudioGrid::kBands) - low));
    }
    whiten(ring_[rows_out_ % kRing], sums, squares, cells, kBandsAround, out_);
    ++rows_out_;
}

}  // namespace birthmark
