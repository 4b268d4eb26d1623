#include "birthmark/audio_mark/evidence.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace birthmark::audio_mark {
namespace {

constexpr double kSignSums = 3.1787;  // 1 / (4 P(N(0,1) >= sqrt 2))

}  // namespace

Agreement::Agreement(const Block& received, const Pattern& pattern, std::span<const std::int8_t> codeword) {
    std::array<float, kCodeBits> soft{};
    double sum = pattern.fold(received, soft);
    std::size_t agreeing = 0;
    for (std::size_t bit = 0; bit < kCodeBits; ++bit) {
        const float value = soft[bit] * static_cast<float>(codeword[bit]);
        sum += value;
        agreeing += value > 0.0F ? 1U : 0U;
    }
    double energy = 0.0;
    for (const float value : received) {
        energy += static_cast<double>(value) * value;
    }
    z = energy > 0.0 ? sum / std::sqrt(energy) : 0.0;
    reliability = static_cast<double>(agreeing) / kCodeBits;
}

double log10_tail(double z) {
    if (z <= 0.0) return 0.0;
    const double exact = std::erfc(z / std::numbers::sqrt2) / 2.0;
    // Far out the normal tail is its density over z, from above.
    const double log10_normal =
        z < 30.0 ? std::log10(exact)
                 : -z * z / 2.0 * std::numbers::log10e - std::log10(z * std::sqrt(2.0 * std::numbers::pi));
    return std::min(0.0, log10_normal + std::log10(kSignSums));
}

}  // namespace birthmark::audio_mark
