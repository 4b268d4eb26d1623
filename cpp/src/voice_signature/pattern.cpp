#include "birthmark/voice_signature/pattern.hpp"

#include <cmath>
#include <numeric>

#include "birthmark/keys/keyed_stream.hpp"

namespace birthmark::voice_signature {
namespace {

/// Gaussian of unit sum at distances of -kBands ... kBands.
std::vector<double> gaussian(double deviation) {
    std::vector<double> values(2 * kBands + 1);
    for (std::size_t n = 0; n < values.size(); ++n) {
        const double distance = (static_cast<double>(n) - static_cast<double>(kBands)) / deviation;
        values[n] = std::exp(-0.5 * distance * distance);
    }
    const double sum = std::accumulate(values.begin(), values.end(), 0.0);
    for (double& value : values) {
        value /= sum;
    }
    return values;
}

}  // namespace

std::vector<std::int8_t> signature_chips(const Key& key) {
    std::vector<std::int8_t> signs(kClasses * kBands);
    KeyedStream(key, "voice-signature", kVersion).chips(signs);
    return signs;
}

std::vector<float> band_spread() {
    const auto narrow = gaussian(kNarrow);
    const auto medium = gaussian(kMedium);
    const auto wide = gaussian(kWide);
    std::vector<float> spread(kBands * kBands);
    for (std::size_t i = 0; i < kBands; ++i) {
        const auto [smooth, depth] = i < kTelephoneBands ? kTelephoneSpread : kUpperSpread;
        std::vector<double> shape(narrow.size());
        for (std::size_t n = 0; n < shape.size(); ++n) {
            shape[n] = narrow[n] + smooth * medium[n] - (1.0 + smooth) * wide[n];
        }
        const double norm = std::sqrt(std::inner_product(shape.begin(), shape.end(), shape.begin(), 0.0));
        for (std::size_t b = 0; b < kBands; ++b) {
            spread[i * kBands + b] = static_cast<float>(depth / norm * shape[kBands + b - i]);
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
            const auto sign = static_cast<float>(signs[k * kBands + i]);
            for (std::size_t b = 0; b < kBands; ++b) {
                pattern[k * kBands + b] += sign * spread[i * kBands + b];
            }
        }
    }
    return pattern;
}

}  // namespace birthmark::voice_signature
