#pragma once

#include <cstdint>

#include "birthmark/fingerprint/audio_surface.hpp"

namespace birthmark {

/// How high the peaks of a recording stand on a query where they cannot be right.
struct AudioNull {
    double mean = 0.0;
    double deviation = 1.0;
    std::uint32_t decoys = 0;
};

/// How far the peaks of a recording stand above the decoys.
struct AudioScore {
    double z = 0.0;  ///< in deviations of the decoys; 0 where peaks or decoys are too few
    AudioNull null;
    std::uint32_t peaks = 0;
};

/// Scores an alignment. Its decoys turn the same peaks round in time, forwards and backwards, by every lag that cannot
/// be right.
///
/// Returns early, with z = 0 and the null as far as it was measured, where z is sure to be below `needed`.
AudioScore score(const AudioSurface& query, const AudioFingerprint& reference, const AudioLine& line, AudioRange range,
                 double needed);

/// How clearly partials of a query run through the peaks of a recording: means of AudioSurface::partial().
struct AudioPartials {
    double direct = 0.0;
    double room = 0.0;
    std::uint32_t peaks = 0;
};

/// log10 of the probability that another take of the same words by the same voice, as prompts and rehearsed readings
/// hold them, has such partials: twice the smaller of those of the two looks.
double log10_retake(const AudioPartials& partials);

/// log10 of the probability that a standard normal variable exceeds z; no underflow.
double log10_normal_tail(double z);

}  // namespace birthmark
