#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "birthmark/audio_mark/level_map.hpp"

namespace birthmark::audio_mark {

/// Which of three learnt functions makes soft chips of levels.
enum class Reading {
    waveform,  ///< for whatever keeps some of the waveform, and for vocoders with fine spectra: the embedder's choice
    vocoder,   ///< for parametric codecs (codec2, AMR at its lowest rate), which keep the envelope of a few poles
    noise,     ///< for noise that only the loudest tiles rise out of
};
inline constexpr std::array kReadings = {Reading::waveform, Reading::vocoder, Reading::noise};

/// Soft chips, kPairs per row of a LevelMap with `phases` rows per slot; positive means the even tile is the louder
/// one.
///
/// Each is a fixed function of the 5 slots x 6 tiles around the pair: a whitening filter predicts what the host alone
/// would do there, a sigmoid bounds what is left, and a weight says how reliable such a surrounding is. Filter and
/// weight were learnt from marked, attacked speech so that sum(soft * chip) has the largest signal-to-noise ratio over
/// the attacks of the reading (experiments/audio_whitening.py). The coefficients sum to zero: no dependence on gain.
/// The function knows neither key nor payload, which is what makes the null hypothesis exact.
void soft_chips(const LevelMap& levels, std::size_t phases, Reading reading, std::vector<float>& out);

/// Takes each pair's mean over a block to either side off its soft chips: what a host's spectrum says all the time,
/// such as that one tile is louder than its neighbour, is no chip, but would add up over blocks.
void remove_bias(std::vector<float>& soft, std::size_t phases);

}  // namespace birthmark::audio_mark
