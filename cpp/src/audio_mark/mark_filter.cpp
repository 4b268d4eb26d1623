#include "mark_filter.hpp"

#include <array>
#include <cmath>
#include <numbers>

namespace birthmark::audio_mark {

void bin_factors(const SlotGains& gains, std::span<float> factors) {
    std::array<float, kFrame / 2 + 1> db{};
    for (std::size_t k = kFirstBin; k < kLastBin; ++k) {
        db[k] = gains[(k - kFirstBin) / kTileBins];
    }
    for (std::size_t k = 1; k + 1 < db.size(); ++k) {
        const float smooth = 0.25F * db[k - 1] + 0.5F * db[k] + 0.25F * db[k + 1];
        factors[k] = std::exp(smooth * std::numbers::ln10_v<float> / 20.0F) - 1.0F;
    }
}

}  // namespace birthmark::audio_mark
