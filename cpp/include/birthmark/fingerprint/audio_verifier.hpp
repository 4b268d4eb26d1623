#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "birthmark/fingerprint/audio_fingerprint.hpp"
#include "birthmark/fingerprint/audio_null.hpp"
#include "birthmark/fingerprint/audio_surface.hpp"
#include "birthmark/fingerprint/audio_votes.hpp"

namespace birthmark {

/// Where a passage of a query stands in a recording. Times in seconds.
struct AudioAlignment {
    double query_start = 0.0;
    double query_end = 0.0;
    double reference_start = 0.0;
    double reference_end = 0.0;
    double speed = 1.0;      ///< seconds of reference per second of query
    double semitones = 0.0;  ///< pitch of the query over that of the reference
    double score = 0.0;      ///< distance from the mean of the decoys, in their standard deviations
    double log10_p = 0.0;
    AudioPartials partials;    ///< at the peaks of the reference
    std::uint32_t decoys = 0;  ///< false alignments that were measured
};

/// Compares the peaks of a recording with the surface of a query.
///
/// The statistic is the mean height of the query's surface where the peaks of the recording should be. Its null is
/// measured anew for each candidate on the same query and the same peaks: see score(). log10_p counts `search_rows`,
/// the rows of everything that was searched, times shifts and scales. It is never below that of a second null, that the
/// same voice says the same words again.
class AudioVerifier {
  public:
    /// The query must have a surface and outlive this object. Throws ArgumentError otherwise.
    AudioVerifier(const AudioFingerprint& query, double search_rows);

    /// Alignments of one recording: candidates refined, joined where they lie on one line, cut to where the recording
    /// really is heard. Best first; of alignments that overlap in the query the best is kept. Those with a log10_p
    /// above `most_log10_p` are left out, and a low value saves the work on most of them.
    std::vector<AudioAlignment> verify(const AudioFingerprint& reference, std::span<const AudioCandidate> candidates,
                                       double most_log10_p = 0.0) const;

  private:
    struct Found {
        AudioLine line{};
        AudioRange range{};
        AudioScore score;
        AudioAlignment alignment;
    };

    AudioRange clip(AudioRange range, const AudioLine& line, const AudioFingerprint& reference) const;
    std::optional<Found> follow(const AudioFingerprint& reference, AudioLine line, AudioRange range,
                                double most_log10_p) const;
    void extend(const AudioFingerprint& reference, Found& found) const;
    void judge(const AudioFingerprint& reference, Found& found) const;
    double log10_decoys(double z) const;

    AudioSurface query_;
    double log10_search_;
    double promising_z_;
};

}  // namespace birthmark
