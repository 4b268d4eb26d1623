#include "birthmark/fingerprint/patch_sampler.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "birthmark/multiversion.hpp"

namespace birthmark {
namespace {

constexpr int kPixels = PatchSampler::kPixels;
constexpr int kLanes = PatchSampler::kLanes;
using Lanes = PatchSampler::Lanes;

// What each pixel along one axis adds to each frequency, for samples around `centre`; returns the first pixel's number.
BIRTHMARK_MULTIVERSION
int spread_basis(float centre, const Lanes* basis, Lanes* gain) {
    constexpr float kReach = 0.5F * static_cast<float>(PatchSampler::kSide - 1) * PatchSampler::kSpacing;
    const float start = centre - kReach;
    const auto first = static_cast<int>(std::floor(start));
    std::fill_n(gain, kPixels, Lanes{});
    for (int n = 0; n < PatchSampler::kSide; ++n) {
        const float position = start - static_cast<float>(first) + static_cast<float>(n) * PatchSampler::kSpacing;
        const int pixel = std::min(static_cast<int>(position), kPixels - 2);
        const float weight = position - static_cast<float>(pixel);
        for (std::size_t v = 0; v < kLanes; ++v) {
            gain[pixel][v] += (1.0F - weight) * basis[n][v];
            gain[pixel + 1][v] += weight * basis[n][v];
        }
    }
    return first;
}

// rows = pixels * across, transform = down' * rows; all bounds are fixed, so that the compiler can unroll.
BIRTHMARK_MULTIVERSION
void transform_patch(const float* const* pixels, const Lanes* across, const Lanes* down, Lanes* transform) {
    std::array<Lanes, kPixels> rows{};
    for (int r = 0; r < kPixels; ++r) {
        const float* row = pixels[r];
        Lanes sum{};
        for (int p = 0; p < kPixels; ++p) {
            for (std::size_t v = 0; v < kLanes; ++v) {
                sum[v] += row[p] * across[p][v];
            }
        }
        rows[static_cast<std::size_t>(r)] = sum;
    }
    for (int u = 0; u < PatchSampler::kFrequencies; ++u) {
        Lanes sum{};
        for (int r = 0; r < kPixels; ++r) {
            const float gain = down[r][static_cast<std::size_t>(u)];
            for (int v = 0; v < kLanes; ++v) {
                sum[static_cast<std::size_t>(v)] +=
                    gain * rows[static_cast<std::size_t>(r)][static_cast<std::size_t>(v)];
            }
        }
        transform[u] = sum;
    }
}

}  // namespace

PatchSampler::PatchSampler() {
    for (std::size_t n = 0; n < kSide; ++n) {
        for (std::size_t u = 0; u < kFrequencies; ++u) {
            const double angle = std::numbers::pi * (static_cast<double>(n) + 0.5) * static_cast<double>(u) / kSide;
            basis_[n][u] = static_cast<float>(std::cos(angle));
        }
    }
}

std::span<const float, PatchBits::kBits> PatchSampler::coefficients(const PlaneView& plane, float x, float y) {
    const int left = spread_basis(x, basis_.data(), across_.data());
    const int top = spread_basis(y, basis_.data(), down_.data());
    const bool inside = left >= 0 && left + kPixels <= plane.width;
    std::array<const float*, kPixels> rows{};
    for (std::size_t r = 0; r < kPixels; ++r) {
        const float* row = plane.row(std::clamp(top + static_cast<int>(r), 0, plane.height - 1));
        if (!inside) {
            for (std::size_t p = 0; p < kPixels; ++p) {
                edge_[r][p] = row[std::clamp(left + static_cast<int>(p), 0, plane.width - 1)];
            }
        }
        rows[r] = inside ? row + left : edge_[r].data();
    }
    std::array<Lanes, kFrequencies> transform{};
    transform_patch(rows.data(), across_.data(), down_.data(), transform.data());
    const PatchOrder& order = patch_order();
    for (std::size_t k = 0; k < PatchBits::kBits; ++k) {
        coefficients_[k] = transform[order[k][0]][order[k][1]];
    }
    return coefficients_;
}

PatchBits PatchSampler::signs(std::span<const float, PatchBits::kBits> coefficients) {
    PatchBits bits;
    for (std::size_t word = 0; word < bits.words.size(); ++word) {
        std::uint32_t value = 0;
        for (std::size_t k = 0; k < 32; ++k) {
            value |= static_cast<std::uint32_t>(coefficients[32 * word + k] > 0.0F) << k;
        }
        bits.words[word] = value;
    }
    return bits;
}

}  // namespace birthmark
