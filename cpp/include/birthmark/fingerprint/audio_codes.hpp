#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "birthmark/fingerprint/audio_fingerprint.hpp"

namespace birthmark {

/// What an index stores of a recording: the codes of triples of peaks and where they stand.
struct AudioPostings {
    std::vector<std::uint32_t> codes;
    std::vector<std::uint32_t> rows;
};

/// What is looked up for a query. A tag packs row of the query << 4 | band shift + 8.
struct AudioProbes {
    std::vector<std::uint32_t> codes;
    std::vector<std::uint32_t> tags;
};

/// Codes of 27 bits: distances in bands to two later peaks, classes of their distances in time, band of the anchor.
///
/// The band comes last, so that the shifts of a query are neighbours in an index that keeps codes in order.
/// Distances in bands bear a change of pitch as they are; the anchor's band and the classes are varied on the side of
/// the query, over +-4 bands (2 semitones), and for the best triples time scales of 0.9 and 1.1 with the shifts that go
/// with them, so that the index stays small. Peak pairs as landmarks: Wang, An industrial-strength audio search
/// algorithm, ISMIR 2003; the triples here add a third peak: one code matches one in some 2^22 of other speech.
class AudioCodes {
  public:
    static constexpr std::uint32_t kNearest = 2;  ///< rows from the anchor
    static constexpr std::uint32_t kFarthest = 32;
    static constexpr int kWidest = 24;    ///< bands from the anchor
    static constexpr int kShift = 4;      ///< bands that a query may be shifted by
    static constexpr int kShiftZero = 8;  ///< added to the shift in a tag
    static constexpr std::uint32_t kShiftBits = 4;

    /// Two triples an anchor: its strongest partner with the second and with the third.
    static AudioPostings postings(const AudioFingerprint& fingerprint);

    /// Six pairs among the five strongest partners of each anchor in rows [first, last), in the order of codes.
    static AudioProbes probes(const AudioFingerprint& fingerprint, std::uint32_t first, std::uint32_t last);
};

}  // namespace birthmark
