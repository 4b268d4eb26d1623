#include "birthmark/fingerprint/audio_whitener.hpp"

#include <algorithm>
#include <cmath>

#include "birthmark/multiversion.hpp"

namespace birthmark {
namespace {

constexpr float kDeviationFloor = 0.5F;
constexpr std::size_t kSpan = 2 * AudioWhitener::kBandsAround + 1;

// One over the number of bands around each band that exist.
constexpr std::array<double, AudioGrid::kBands> one_over_widths() {
    std::array<double, AudioGrid::kBands> result{};
    for (std::size_t b = 0; b < AudioGrid::kBands; ++b) {
        const std::size_t low = b > AudioWhitener::kBandsAround ? b - AudioWhitener::kBandsAround : 0;
        result[b] = 1.0 / static_cast<double>(std::min(b + AudioWhitener::kBandsAround + 1, AudioGrid::kBands) - low);
    }
    return result;
}

constexpr std::array<double, AudioGrid::kBands> kOneOverWidths = one_over_widths();

// Running sums over bands, the first and last repeated: entry b + kSpan less entry b is the sum around band b.
using RunningSums = std::array<double, AudioGrid::kBands + kSpan>;

void run(const std::array<double, AudioGrid::kBands>& values, RunningSums& sums) {
    constexpr std::size_t kLead = AudioWhitener::kBandsAround + 1;
    double sum = 0.0;
    std::fill_n(sums.begin(), kLead, 0.0);
    for (std::size_t b = 0; b < AudioGrid::kBands; ++b) {
        sum += values[b];
        sums[b + kLead] = sum;
    }
    std::fill(sums.begin() + AudioGrid::kBands + kLead, sums.end(), sum);
}

// One row against its neighbourhood.
BIRTHMARK_MULTIVERSION
void whiten(const BandRow& row, const RunningSums& sums, const RunningSums& squares, double one_over_rows,
            BandRow& out) {
    for (std::size_t b = 0; b < AudioGrid::kBands; ++b) {
        const double cell = kOneOverWidths[b] * one_over_rows;
        const double mean = (sums[b + kSpan] - sums[b]) * cell;
        const double square = (squares[b + kSpan] - squares[b]) * cell;
        const auto variance = static_cast<float>(square - mean * mean);
        const float deviation = std::sqrt(variance > 0.0F ? variance : 0.0F) + kDeviationFloor;
        out[b] = static_cast<float>(static_cast<double>(row[b]) - mean) / deviation;
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
    RunningSums sums;
    RunningSums squares;
    run(sum_, sums);
    run(squares_, squares);
    whiten(ring_[rows_out_ % kRing], sums, squares, 1.0 / static_cast<double>(rows_in_ - rows_gone_), out_);
    ++rows_out_;
}

}  // namespace birthmark
