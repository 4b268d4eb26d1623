#pragma once

#include "birthmark/fingerprint/audio_surface.hpp"

namespace birthmark {

/// The line near `line` where the recording's peaks stand highest on the query, by pattern search: `coarse` from steps
/// of 4 rows to 1 on the plain surface, otherwise from 1 to 0.25 on the sharp one.
AudioLine refine(const AudioSurface& query, const AudioFingerprint& reference, AudioLine line, AudioRange range,
                 bool coarse);

/// As refine(), fine, from several lines about this one: a wrong scale, or a loud reflection, may hold a single search.
AudioLine refine_anew(const AudioSurface& query, const AudioFingerprint& reference, AudioLine line, AudioRange range);

/// The stretch of the line around `seed`, at most doubled on either side, where peaks stand out from `false_mean` as
/// far as `true_mean` says they should.
AudioRange extent(const AudioSurface& query, const AudioFingerprint& reference, const AudioLine& line, AudioRange seed,
                  double false_mean, double true_mean);

}  // namespace birthmark
