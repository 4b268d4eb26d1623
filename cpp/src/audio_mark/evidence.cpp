#include "birthmark/audio_mark/evidence.hpp"

#include <array>
#include <cmath>
#include <numbers>

namespace birthmark::audio_mark {

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

double log10_tail(double z) { return z > 0.0 ? -z * z / 2.0 * std::numbers::log10e : 0.0; }

}  // namespace birthmark::audio_mark
