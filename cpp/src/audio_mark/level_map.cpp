#include "birthmark/audio_mark/level_map.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>

#include "birthmark/multiversion.hpp"
#include "birthmark/spectrum/fast_math.hpp"
#include "birthmark/spectrum/window.hpp"

namespace birthmark::audio_mark {
namespace {

/// The bins of one tile at a frequency shift, the first and last one in part.
struct Band {
    static constexpr std::size_t kMost = 7;
    std::size_t first = 0;
    std::array<float, kMost> weights{};
};

std::array<Band, kTiles> make_bands(double shift) {
    std::array<Band, kTiles> bands{};
    for (std::size_t tile = 0; tile < kTiles; ++tile) {
        // Bin k stands for the frequencies k to k + 1 of the tile grid.
        const double low = static_cast<double>(kFirstBin + tile * kTileBins) * shift;
        const double high = low + kTileBins * shift;
        Band& band = bands[tile];
        band.first = std::min(static_cast<std::size_t>(low), PowerMap::kBins - Band::kMost);
        for (std::size_t k = 0; k < Band::kMost; ++k) {
            const double bin = static_cast<double>(band.first + k);
            band.weights[k] = static_cast<float>(std::max(0.0, std::min(high, bin + 1.0) - std::max(low, bin)) / shift);
        }
    }
    return bands;
}

BIRTHMARK_MULTIVERSION void power(const std::complex<float>* spectrum, float* out, std::size_t bins) {
    for (std::size_t k = 0; k < bins; ++k) {
        const float re = spectrum[k].real();
        const float im = spectrum[k].imag();
        out[k] = re * re + im * im;
    }
}

/// out[t] = sum over rows of weights[row] * in[row][t].
BIRTHMARK_MULTIVERSION void weighted_rows(const float* in, const float* weights, std::size_t rows, float* out) {
    for (std::size_t t = 0; t < kTiles; ++t) {
        out[t] = 0.0F;
    }
    for (std::size_t r = 0; r < rows; ++r) {
        const float w = weights[r];
        const float* row = in + r * kTiles;
        for (std::size_t t = 0; t < kTiles; ++t) {
            out[t] += w * row[t];
        }
    }
}

BIRTHMARK_MULTIVERSION void to_decibels(float* values, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        values[i] = decibels(values[i] + kFloor);
    }
}

}  // namespace

void LevelMap::set(std::size_t r, std::span<const float, kTiles> powers) {
    float* even = row(r);
    float* odd = even + kHalf;
    for (std::size_t p = 0; p < kPairs; ++p) {
        even[p + 1] = powers[2 * p];
        odd[p + 1] = powers[2 * p + 1];
    }
    even[0] = odd[0] = powers[0];
    for (std::size_t p = kPairs + 1; p < kHalf; ++p) {
        even[p] = odd[p] = powers[kTiles - 1];
    }
    to_decibels(even, kRow);
}

PowerMap::PowerMap()
    : fft_(kFrame), window_(make_window(Window::hann, kFrame)), work_(kFrame), spectrum_(kFrame / 2 + 1) {}

void PowerMap::add(std::span<const float> frame) {
    for (std::size_t n = 0; n < kFrame; ++n) {
        work_[n] = frame[n] * window_[n];
    }
    fft_.forward(work_, spectrum_);
    powers_.resize(powers_.size() + kBins);
    power(spectrum_.data(), powers_.data() + powers_.size() - kBins, kBins);
}

void PowerMap::drop(std::size_t frames) {
    const std::size_t gone = std::min(frames * kBins, powers_.size());
    powers_.erase(powers_.begin(), powers_.begin() + static_cast<std::ptrdiff_t>(gone));
}

void PowerMap::bands(double shift, std::vector<float>& out) const {
    const std::array<Band, kTiles> bands = make_bands(shift);
    out.resize(frames() * kTiles);
    for (std::size_t f = 0; f < frames(); ++f) {
        const float* bins = powers_.data() + f * kBins;
        float* row = out.data() + f * kTiles;
        for (std::size_t tile = 0; tile < kTiles; ++tile) {
            const Band& band = bands[tile];
            const float* from = bins + band.first;
            float sum = 0.0F;
            for (std::size_t k = 0; k < Band::kMost; ++k) {
                sum += band.weights[k] * from[k];
            }
            row[tile] = sum;
        }
    }
}

void PowerMap::levels(std::span<const float> bands, double stretch, std::size_t phases, LevelMap& out) {
    const std::size_t frames = bands.size() / kTiles;
    const double length = static_cast<double>(kFramesPerSlot) * stretch;
    const double step = length / static_cast<double>(phases);
    const auto total = static_cast<double>(frames);
    out.resize(total < length ? 0 : static_cast<std::size_t>((total - length) / step) + 1);
    std::array<float, kTiles> powers{};
    std::array<float, kFramesPerSlot + 4> weights{};
    for (std::size_t r = 0; r < out.rows(); ++r) {
        const double begin = static_cast<double>(r) * step;
        const double end = std::min(begin + length, total);
        const auto first = static_cast<std::size_t>(begin);
        const std::size_t last = std::min(static_cast<std::size_t>(std::ceil(end)), frames);
        const std::size_t rows = std::min(last - first, weights.size());
        for (std::size_t k = 0; k < rows; ++k) {
            const double f = static_cast<double>(first + k);
            weights[k] = static_cast<float>((std::min(end, f + 1.0) - std::max(begin, f)) / length);
        }
        weighted_rows(bands.data() + first * kTiles, weights.data(), rows, powers.data());
        out.set(r, powers);
    }
}

}  // namespace birthmark::audio_mark
