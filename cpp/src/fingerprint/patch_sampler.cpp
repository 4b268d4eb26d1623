#include "birthmark/fingerprint/patch_sampler.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace birthmark {
namespace {

// The two pixels and the weight of the second for each of the 16 samples along one axis.
struct Taps {
    std::array<int, PatchSampler::kSide> first;
    std::array<int, PatchSampler::kSide> second;
    std::array<float, PatchSampler::kSide> weight;
};

Taps taps_around(float centre, int length) {
    Taps taps{};
    for (int i = 0; i < PatchSampler::kSide; ++i) {
        const float offset = static_cast<float>(i) - 0.5F * static_cast<float>(PatchSampler::kSide - 1);
        const float position = centre + offset * PatchSampler::kSpacing;
        const float floor = std::floor(position);
        const auto k = static_cast<std::size_t>(i);
        taps.first[k] = std::clamp(static_cast<int>(floor), 0, length - 1);
        taps.second[k] = std::clamp(static_cast<int>(floor) + 1, 0, length - 1);
        taps.weight[k] = position - floor;
    }
    return taps;
}

}  // namespace

PatchSampler::PatchSampler() {
    for (std::size_t u = 0; u < kFrequencies; ++u) {
        for (std::size_t n = 0; n < kSide; ++n) {
            const double angle = std::numbers::pi * (static_cast<double>(n) + 0.5) * static_cast<double>(u) / kSide;
            basis_[u][n] = static_cast<float>(std::cos(angle));
            basis_by_sample_[n][u] = basis_[u][n];
        }
    }
}

void PatchSampler::sample(const PlaneView& plane, float x, float y) {
    const Taps across = taps_around(x, plane.width);
    const Taps down = taps_around(y, plane.height);
    for (std::size_t r = 0; r < kSide; ++r) {
        const float* upper = plane.row(down.first[r]);
        const float* lower = plane.row(down.second[r]);
        const float weight = down.weight[r];
        for (std::size_t c = 0; c < kSide; ++c) {
            const int left = across.first[c];
            const int right = across.second[c];
            const float top = upper[left] + across.weight[c] * (upper[right] - upper[left]);
            const float bottom = lower[left] + across.weight[c] * (lower[right] - lower[left]);
            patch_[r][c] = top + weight * (bottom - top);
        }
    }
}

std::span<const float, PatchBits::kBits> PatchSampler::coefficients(const PlaneView& plane, float x, float y) {
    sample(plane, x, y);
    std::array<std::array<float, kFrequencies>, kSide> rows{};
    for (std::size_t r = 0; r < kSide; ++r) {
        for (std::size_t n = 0; n < kSide; ++n) {
            const float value = patch_[r][n];
            for (std::size_t v = 0; v < kFrequencies; ++v) {
                rows[r][v] += value * basis_by_sample_[n][v];
            }
        }
    }
    std::array<std::array<float, kFrequencies>, kFrequencies> transform{};
    for (std::size_t u = 0; u < kFrequencies; ++u) {
        for (std::size_t n = 0; n < kSide; ++n) {
            const float weight = basis_[u][n];
            for (std::size_t v = 0; v < kFrequencies; ++v) {
                transform[u][v] += weight * rows[n][v];
            }
        }
    }
    const PatchOrder& order = patch_order();
    for (std::size_t k = 0; k < PatchBits::kBits; ++k) {
        coefficients_[k] = transform[order[k][0]][order[k][1]];
    }
    return coefficients_;
}

PatchBits PatchSampler::signs(std::span<const float, PatchBits::kBits> coefficients) {
    PatchBits bits;
    for (std::size_t k = 0; k < PatchBits::kBits; ++k) {
        bits.words[k / 32] |= (coefficients[k] > 0.0F ? 1U : 0U) << (k % 32);
    }
    return bits;
}

}  // namespace birthmark
