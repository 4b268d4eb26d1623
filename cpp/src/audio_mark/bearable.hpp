#pragma once

#include <cstddef>
#include <vector>

#include "birthmark/audio_mark/gain_plan.hpp"

namespace birthmark::audio_mark {

/// Share of its largest gain that each tile of the slots from row `before` on bears: the product of two shares, both
/// over GainPlan::kAround slots to either side.
///
/// The tile's own level: on a tone or hum, where it is steady, a change is heard that natural fluctuation hides
/// (modulation masking; Dau et al., 1997). The amplitude of the third octave around it: where that is steady compared
/// with how loud it is at the moment, as in a held vowel, a change alters the envelope most, which carries speech and
/// whose correlation over 0.4 s is what STOI measures (Taal et al., 2011).
std::vector<SlotGains> bearable(const LevelMap& levels, std::size_t before, std::size_t slots);

}  // namespace birthmark::audio_mark
