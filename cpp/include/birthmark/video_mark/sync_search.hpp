#pragma once

#include <complex>
#include <cstddef>
#include <opencv2/core/mat.hpp>
#include <span>
#include <vector>

#include "birthmark/video_mark/video_pattern.hpp"

namespace birthmark {

/// Where a received picture lies in the marked one: marked = mirror * turn(degrees) / scale * received (+ a shift that
/// the search leaves open), marked time = speed * received time (+ a shift).
struct SyncCandidate {
    double scale = 1.0;
    double degrees = 0.0;
    bool mirrored = false;
    double speed = 1.0;
    float score = 0.0F;  ///< summed noise-normalised power of the sync modes; some kSyncModes for noise
};

/// Ranges of the search. Steps follow from what one bin of the spectrum resolves.
struct SyncRanges {
    double scale_low = 0.42;
    double scale_high = 2.5;
    double degrees = 8.0;  ///< to both sides of 0
    double speed_low = 0.48;
    double speed_high = 2.1;
    bool quarter_turns = false;  ///< also about 90, 180 and 270 degrees
};

/// The power spectrum over space and time of a run of residual slots, normalised by its neighbourhood, and the search
/// for the sync template in it. Power does not depend on the shift, so only scale, turn, mirror and speed are searched.
class SyncSearch {
  public:
    /// `slots`: pictures of one size with their times in `seconds`, ascending.
    /// Throws ArgumentError where there are none, the sizes differ, or a picture is larger than 4096 samples.
    SyncSearch(std::span<const cv::Mat1f> slots, std::span<const double> seconds);

    /// The `count` best candidates that differ by more than the resolution, best first.
    std::vector<SyncCandidate> best(const VideoPattern& pattern, const SyncRanges& ranges, std::size_t count) const;

    /// Number of candidates that best() looks at.
    static std::size_t candidates(const SyncRanges& ranges);

  private:
    void spatial(std::span<const cv::Mat1f> slots);
    void temporal(std::span<const double> seconds);
    void normalise();

    int size_ = 0;            ///< of the transform, both ways
    int reach_ = 0;           ///< highest spatial bin kept
    int frames_ = 0;          ///< slots
    int temporal_reach_ = 0;  ///< highest temporal bin kept
    double temporal_step_ = 0.0;
    std::vector<std::complex<float>> spectra_;  ///< slot, y bin (-reach ... reach), x bin (0 ... reach)
    std::vector<float> power_;                  ///< temporal bin (-reach ... reach), y bin, x bin
};

}  // namespace birthmark
