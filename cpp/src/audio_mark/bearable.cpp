#include "bearable.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "birthmark/spectrum/fast_math.hpp"

namespace birthmark::audio_mark {
namespace {

// A share is 1 from this deviation on: of a tile's level, and of a band's amplitude divided by its amplitude here.
constexpr float kTileDb = 2.0F;
constexpr float kLeastTile = 0.1F;
constexpr float kBandRatio = 0.6F;
constexpr float kLeastBand = 0.3F;

/// Tiles of the third octave around a tile, those included whose nearer quarter lies in it.
struct Reach {
    std::size_t first = 0;
    std::size_t last = 0;
};

std::array<Reach, kTiles> make_reaches() {
    const double half = std::exp2(1.0 / 6.0);
    const double quarter = tile_centre_hz(1) / 4.0 - tile_centre_hz(0) / 4.0;
    std::array<Reach, kTiles> reaches{};
    for (std::size_t tile = 0; tile < kTiles; ++tile) {
        const double hz = tile_centre_hz(tile);
        Reach& reach = reaches[tile];
        reach = {tile, tile};
        while (reach.first > 0 && tile_centre_hz(reach.first - 1) + quarter > hz / half) --reach.first;
        while (reach.last + 1 < kTiles && tile_centre_hz(reach.last + 1) - quarter < hz * half) ++reach.last;
    }
    return reaches;
}

/// Amplitudes of the third octave around each tile of a row.
SlotGains band_amplitudes(const LevelMap& levels, std::size_t row) {
    static const std::array<Reach, kTiles> reaches = make_reaches();
    std::array<float, kTiles> power{};
    for (std::size_t tile = 0; tile < kTiles; ++tile) {
        power[tile] = exponential(levels.level(row, tile) * (std::numbers::ln10_v<float> / 10.0F));
    }
    SlotGains amplitudes{};
    for (std::size_t tile = 0; tile < kTiles; ++tile) {
        float sum = 0.0F;
        for (std::size_t t = reaches[tile].first; t <= reaches[tile].last; ++t) sum += power[t];
        amplitudes[tile] = std::sqrt(sum);
    }
    return amplitudes;
}

/// Standard deviation of value(row) over the rows [begin, end); near `centre` it loses no digits.
template <typename Value>
float deviation(std::size_t begin, std::size_t end, float centre, const Value& value) {
    float sum = 0.0F;
    float squares = 0.0F;
    for (std::size_t row = begin; row < end; ++row) {
        const float off = value(row) - centre;
        sum += off;
        squares += off * off;
    }
    const auto count = static_cast<float>(end - begin);
    const float mean = sum / count;
    return std::sqrt(std::max(0.0F, squares / count - mean * mean));
}

}  // namespace

std::vector<SlotGains> bearable(const LevelMap& levels, std::size_t before, std::size_t slots) {
    std::vector<SlotGains> amplitudes(levels.rows());
    for (std::size_t row = 0; row < levels.rows(); ++row) amplitudes[row] = band_amplitudes(levels, row);
    std::vector<SlotGains> shares(slots);
    for (std::size_t s = 0; s < slots; ++s) {
        const std::size_t here = before + s;
        const std::size_t begin = here - std::min(here, GainPlan::kAround);
        const std::size_t end = std::min(here + GainPlan::kAround + 1, levels.rows());
        for (std::size_t tile = 0; tile < kTiles; ++tile) {
            const float level = levels.level(here, tile);
            const float amplitude = amplitudes[here][tile];
            const float tile_db = deviation(begin, end, level, [&](std::size_t r) { return levels.level(r, tile); });
            const float band = deviation(begin, end, amplitude, [&](std::size_t r) { return amplitudes[r][tile]; });
            shares[s][tile] = std::clamp(tile_db / kTileDb, kLeastTile, 1.0F) *
                              std::clamp(band / (kBandRatio * amplitude), kLeastBand, 1.0F);
        }
    }
    return shares;
}

}  // namespace birthmark::audio_mark
