#include "birthmark/voice_signature/pattern.hpp"

#include <cmath>

#include "birthmark/keys/keyed_stream.hpp"

namespace birthmark::voice_signature {

std::vector<std::int8_t> signature_chips(const Key& key) {
    std::vector<std::int8_t> signs(kClasses * kBands);
    KeyedStream(key, "voice-signature", kVersion).chips(signs);
    return signs;
}

std::vector<float> band_spread() {
    const auto response = [](double bands) {
        const auto gaussian = [bands](double width) {
            return std::exp(-0.5 * bands * bands / (width * width)) / width;
        };
        return gaussian(kNarrow) - gaussian(kWide);
    };
    double energy = 0.0;
    for (int n = -static_cast<int>(kBands); n <= static_cast<int>(kBands); ++n) {
        energy += response(n) * response(n);
    }
    std::vector<float> spread(kBands * kBands);
    for (std::size_t i = 0; i < kBands; ++i) {
        for (std::size_t b = 0; b < kBands; ++b) {
            const double distance = static_cast<double>(b) - static_cast<double>(i);
            spread[i * kBands + b] = static_cast<float>(response(distance) / std::sqrt(energy));
        }
    }
    return spread;
}

std::vector<float> signature_pattern(const Key& key) {
    const auto signs = signature_chips(key);
    const auto spread = band_spread();
    std::vector<float> pattern(signs.size());
    for (std::size_t k = 0; k < kClasses; ++k) {
        for (std::size_t i = 0; i < kBands; ++i) {
            const float level = static_cast<float>(kDepth) * static_cast<float>(signs[k * kBands + i]);
            for (std::size_t b = 0; b < kBands; ++b) {
                pattern[k * kBands + b] += level * spread[i * kBands + b];
            }
        }
    }
    return pattern;
}

}  // namespace birthmark::voice_signature
