#pragma once

#include <cstddef>
#include <vector>

#include "birthmark/audio_mark/level_map.hpp"
#include "birthmark/audio_mark/soft_chips.hpp"

namespace birthmark::audio_mark {

inline constexpr std::size_t kCoarsePhases = 2;
inline constexpr std::size_t kFinePhases = 4;

/// Frames of a PowerMap and time.
struct LevelSeconds {
    static constexpr double kFramesPerSecond = kRate / PowerMap::kHop;
};

/// All stretches searched at one frequency shift, whose bands are summed once.
struct ShiftedWarps {
    double shift = 1.0;
    std::vector<double> stretches;
};

/// Speed, tempo and pitch in steps of 1 % up to 11 %, or the unwarped original alone.
std::vector<ShiftedWarps> warp_grid(bool full);

/// log10 of one over a warp's share of the hypotheses: half for the unwarped original, the rest for all that a search
/// over `grid` and the refinement of its best warps can visit.
double log10_warp_count(const std::vector<ShiftedWarps>& grid, const Warp& warp);

/// Warps a quarter and half a step to either side of one of the grid along its own line; none for the unwarped.
std::vector<Warp> neighbours(const Warp& warp);

/// Makes soft chips of a PowerMap under warps, keeping the bands of the last shift.
class SoftMaker {
  public:
    void shift(const PowerMap& map, double shift);
    const std::vector<float>& soft(double stretch, std::size_t phases, Reading reading);

  private:
    std::vector<float> bands_;
    LevelMap levels_;
    std::vector<float> soft_;
};

}  // namespace birthmark::audio_mark
