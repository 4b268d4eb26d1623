#include "birthmark/audio_mark/tiling.hpp"

#include <algorithm>
#include <cmath>

namespace birthmark::audio_mark {
namespace {

constexpr double kBaseGainDb = 3.5;
constexpr double kSpread = 0.6;
constexpr double kLowShare = 0.25;  // of the gain, below kLowHz
constexpr double kLowHz = 1000.0;
constexpr double kHighHz = 1800.0;
constexpr double kBinHz = kRate / kFrame;

std::array<float, kTiles> make_profile() {
    std::array<float, kTiles> profile{};
    for (std::size_t tile = 0; tile < kTiles; ++tile) {
        const double hz = tile_centre_hz(tile);
        const double critical_band = critical_band_hz(hz);
        const double spread = std::pow(std::max(1.0, critical_band / (kTileBins * kBinHz)), kSpread);
        const double rise = std::clamp((hz - kLowHz) / (kHighHz - kLowHz), 0.0, 1.0);
        profile[tile] = static_cast<float>(kBaseGainDb * spread * (kLowShare + (1.0 - kLowShare) * rise));
    }
    return profile;
}

}  // namespace

double tile_centre_hz(std::size_t tile) {
    return (static_cast<double>(kFirstBin + tile * kTileBins) + kTileBins / 2.0) * kBinHz;
}

double critical_band_hz(double hz) { return 25.0 + 75.0 * std::pow(1.0 + 1.4 * std::pow(hz / 1000.0, 2.0), 0.69); }

const std::array<float, kTiles>& gain_profile() {
    static const std::array<float, kTiles> profile = make_profile();
    return profile;
}

}  // namespace birthmark::audio_mark
