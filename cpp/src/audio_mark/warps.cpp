#include "warps.hpp"

#include <cmath>

namespace birthmark::audio_mark {
namespace {

constexpr int kReach = 11;
constexpr double kStep = 0.01;
constexpr std::size_t kRefinements = 4;

}  // namespace

std::vector<ShiftedWarps> warp_grid(bool full) {
    std::vector<ShiftedWarps> grid{{1.0, {1.0}}};
    for (int k = -kReach; full && k <= kReach; ++k) {
        if (k == 0) continue;
        const double factor = 1.0 + kStep * k;
        grid.front().stretches.push_back(1.0 / factor);
        grid.push_back({factor, {1.0 / factor, 1.0}});
    }
    return grid;
}

double log10_warp_count(const std::vector<ShiftedWarps>& grid, const Warp& warp) {
    std::size_t count = 0;
    for (const ShiftedWarps& group : grid) {
        count += group.stretches.size();
    }
    if (count == 1) return 0.0;
    return std::log10(2.0) + (warp == Warp{} ? 0.0 : std::log10(static_cast<double>(count * (1 + kRefinements))));
}

std::vector<Warp> neighbours(const Warp& warp) {
    std::vector<Warp> list;
    if (warp == Warp{}) return list;
    for (const double offset : {-0.005, -0.0025, 0.0025, 0.005}) {
        Warp next = warp;
        if (std::abs(warp.stretch - 1.0) > kStep / 2.0) next.stretch = 1.0 / (1.0 / warp.stretch + offset);
        if (std::abs(warp.shift - 1.0) > kStep / 2.0) next.shift += offset;
        list.push_back(next);
    }
    return list;
}

void SoftMaker::shift(const PowerMap& map, double shift) { map.bands(shift, bands_); }

const std::vector<float>& SoftMaker::soft(double stretch, std::size_t phases, Reading reading) {
    PowerMap::levels(bands_, stretch, phases, levels_);
    soft_chips(levels_, phases, reading, soft_);
    remove_bias(soft_, phases);
    return soft_;
}

}  // namespace birthmark::audio_mark
