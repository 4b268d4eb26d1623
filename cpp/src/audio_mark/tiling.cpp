#include "birthmark/audio_mark/tiling.hpp"

#include <algorithm>
#include <cmath>

namespace birthmark::audio_mark {
namespace {

constexpr double kBaseGainDb = 1.7;
constexpr double kSpread = 0.25;
constexpr double kBinHz = kRate / kFrame;

std::array<float, kTiles> make_profile() {
    std::array<float, kTiles> profile{};
    for (std::size_t tile = 0; tile < kTiles; ++tile) {
        const double critical_band = critical_band_hz(tile_centre_hz(tile));
        const double spread = std::pow(std::max(1.0, critical_band / (kTileBins * kBinHz)), kSpread);
        profile[tile] = static_cast<float>(kBaseGainDb * spread);
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
