#include "birthmark/fingerprint/audio_peaks.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>

#include "birthmark/multiversion.hpp"

namespace birthmark {
namespace {

constexpr float kStrengthStep = 0.2F;
constexpr float kStrengthTop = 15.0F;
constexpr float kNothing = -std::numeric_limits<float>::infinity();

// The largest of each value and its neighbours.
BIRTHMARK_MULTIVERSION
void widen(const BandRow& row, BandRow& out) {
    constexpr std::size_t around = AudioPeakPicker::kBandsAround;
    std::array<float, AudioGrid::kBands + 2 * around> padded{};
    std::fill_n(padded.begin(), around, kNothing);
    std::copy(row.begin(), row.end(), padded.begin() + around);
    std::fill_n(padded.end() - around, around, kNothing);
    for (std::size_t b = 0; b < AudioGrid::kBands; ++b) {
        float top = padded[b];
        for (std::size_t d = 1; d <= 2 * around; ++d) {
            top = padded[b + d] > top ? padded[b + d] : top;
        }
        out[b] = top;
    }
}

// 1 where a value is above the floor and the largest of its surroundings.
BIRTHMARK_MULTIVERSION
void mark_peaks(const BandRow& values, const std::array<BandRow, 2 * AudioPeakPicker::kRowsAround + 1>& across,
                std::array<std::uint8_t, AudioGrid::kBands>& marks) {
    for (std::size_t b = 0; b < AudioGrid::kBands; ++b) {
        float top = AudioPeakPicker::kFloor;
        for (const BandRow& row : across) {
            top = row[b] > top ? row[b] : top;
        }
        marks[b] = static_cast<std::uint8_t>(static_cast<int>(values[b] > AudioPeakPicker::kFloor) &
                                             static_cast<int>(values[b] >= top));
    }
}

std::uint8_t quantise(float height) {
    const float steps = std::floor((height - AudioPeakPicker::kFloor) / kStrengthStep);
    return static_cast<std::uint8_t>(std::clamp(steps, 0.0F, kStrengthTop));
}

}  // namespace

void AudioPeakPicker::advance(const BandRow& row) {
    if (rows_in_ == 0) {
        for (BandRow& around : across_) {
            around.fill(kNothing);
        }
    }
    rows_[rows_in_ % kRing] = row;
    widen(row, across_[rows_in_ % kRing]);
    ++rows_in_;
}

void AudioPeakPicker::push(const BandRow& row, std::vector<AudioPeak>& out) {
    advance(row);
    if (rows_in_ > kRowsAround) {
        find(rows_in_ - 1 - static_cast<std::uint32_t>(kRowsAround));
        judge(rows_in_ - static_cast<std::uint32_t>(kRowsAround), out);
    }
}

void AudioPeakPicker::flush(std::vector<AudioPeak>& out) {
    const std::uint32_t rows = rows_in_;
    BandRow nothing;
    nothing.fill(kNothing);
    for (std::uint32_t i = 0; i < kRowsAround; ++i) {
        advance(nothing);
        if (rows_in_ > kRowsAround && rows_in_ - 1 - kRowsAround < rows) {
            find(rows_in_ - 1 - static_cast<std::uint32_t>(kRowsAround));
        }
    }
    judge(std::numeric_limits<std::uint32_t>::max(), out);
    *this = AudioPeakPicker();
}

void AudioPeakPicker::find(std::uint32_t row) {
    const BandRow& values = rows_[row % kRing];
    std::array<std::uint8_t, AudioGrid::kBands> marks{};
    mark_peaks(values, across_, marks);
    const auto* at = marks.data();
    const auto* const end = at + marks.size();
    while ((at = static_cast<const std::uint8_t*>(std::memchr(at, 1, static_cast<std::size_t>(end - at)))) != nullptr) {
        const auto band = static_cast<std::size_t>(at - marks.data());
        raw_.push_back({row, static_cast<std::uint8_t>(band), values[band]});
        ++at;
    }
}

void AudioPeakPicker::judge(std::uint32_t known_rows, std::vector<AudioPeak>& out) {
    while (judged_ < raw_.size() &&
           (known_rows == std::numeric_limits<std::uint32_t>::max() || raw_[judged_].row + kRivalRows < known_rows)) {
        const Raw peak = raw_[judged_];
        while (raw_.front().row + kRivalRows < peak.row) {
            raw_.pop_front();
            --judged_;
        }
        std::size_t stronger = 0;
        for (const Raw& rival : raw_) {
            if (rival.row > peak.row + kRivalRows) {
                break;
            }
            stronger += rival.height > peak.height ? 1U : 0U;
        }
        if (stronger < kRivals) {
            out.push_back({peak.row, peak.band, quantise(peak.height)});
        }
        ++judged_;
    }
}

}  // namespace birthmark
