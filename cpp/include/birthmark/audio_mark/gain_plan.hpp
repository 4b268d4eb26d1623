#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "birthmark/audio_mark/level_map.hpp"
#include "birthmark/audio_mark/pattern.hpp"

namespace birthmark::audio_mark {

/// Gains in dB, kTiles per slot.
using SlotGains = std::array<float, kTiles>;

/// Decides how much louder or quieter each tile becomes, from the levels of the host around it.
///
/// Strength: the profile of gain_profile(), less where the level of the tile or of the third octave around it is
/// steady: see bearable(). Energy: only the difference of a pair's gains is the mark. Both are shifted together, so
/// that the louder tile, which is heard, changes less than the quieter one, which it masks; and all gains of a block,
/// so that its energy stays. Host interference: the host's own contribution to each code bit is known here, so code
/// bits that the host already speaks for get less and those that it contradicts get more (informed embedding; improved
/// spread spectrum, Malvar and Florencio, 2003), and what a block could not settle is carried over to the next.
class GainPlan {
  public:
    static constexpr std::size_t kAround = 6;  ///< slots of context needed before and after

    /// Share of a gain's dB that the energy of the marked sound shows: gains are smoothed over bins and cross-faded
    /// from slot to slot.
    static constexpr float kEnergyResponse = 0.75F;

    /// `chips`: of the payload; `strength`: factor on all gains.
    GainPlan(const Pattern& pattern, std::span<const std::int8_t> codeword, double strength);

    /// Gains of the next block. `levels`: rows of host levels, one per slot, of which `before` precede the block; the
    /// block has `slots` slots (the last one may be short).
    std::vector<SlotGains> next(const LevelMap& levels, std::size_t before, std::size_t slots);

  private:
    void measure(const LevelMap& levels, const std::vector<SlotGains>& gains, std::size_t before, double factor);

    const Pattern* pattern_;
    Block chips_;
    float strength_;
    std::array<float, kCodeBits> carried_{};
    std::array<float, kCodeBits> margin_{};
    LevelMap work_;
    std::vector<float> soft_;
};

}  // namespace birthmark::audio_mark
