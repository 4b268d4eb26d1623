#include "birthmark/fingerprint/audio_peaks.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "birthmark/multiversion.hpp"

namespace birthmark {
namespace {

constexpr float kStrengthStep = 0.2F;
constexpr float kStrengthTop = 15.0F;
constexpr float kNothing = -std::numeric_limits<float>::infinity();

BIRTHMARK_MULTIVERSION
void maximum(const float* a, const float* b, float* out, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        out[i] = a[i] > b[i] ? a[i] : b[i];
    }
}

void widen(const BandRow& row, BandRow& out) {
    constexpr std::size_t n = AudioGrid::kBands;
    out = row;
    for (std::size_t d = 1; d <= AudioPeakPicker::kBandsAround; ++d) {
        maximum(out.data(), row.data() + d, out.data(), n - d);
        maximum(out.data() + d, row.data(), out.data() + d, n - d);
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
    BandRow top = across_[0];
    for (std::size_t i = 1; i < kRing; ++i) {
        maximum(top.data(), across_[i].data(), top.data(), top.size());
    }
    const BandRow& values = rows_[row % kRing];
    for (std::size_t b = 0; b < values.size(); ++b) {
        if (values[b] > kFloor && values[b] >= top[b]) {
            raw_.push_back({row, static_cast<std::uint8_t>(b), values[b]});
        }
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
