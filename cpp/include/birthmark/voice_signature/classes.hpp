#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "birthmark/voice_signature/bands.hpp"
#include "birthmark/voice_signature/model.hpp"

namespace birthmark::voice_signature {

/// Sorts the frames of speech into soft classes by the coarse shape of their spectrum.
///
/// The features are the first cosine coefficients of the log spectrum between 300 and 3400 Hz, less their running mean
/// over active frames: neither level nor a fixed channel changes them, and a recording of 5 s is sorted like a long
/// one. Frames come out kDelay frames late.
class Classes {
  public:
    static constexpr std::size_t kDelay = kLookahead + kSmoothFrames / 2;

    /// For power spectra of `bins` values `bin_hz` apart whose frequencies were multiplied by `warp`.
    Classes(std::size_t bins, double bin_hz, double warp = 1.0);

    /// Takes the power spectrum of the next frame. True where the frame kDelay earlier is ready.
    bool push(std::span<const float> power);

    /// Takes a frame beyond the end of the recording.
    bool push_end();

    /// Activity of the frame that is ready, 0 ... 1.
    float activity() const { return activity_; }

    /// Its memberships times activity, smoothed in time: kClasses values that sum to at most 1.
    std::span<const float, kClasses> memberships() const { return memberships_; }

    /// Running peak of the newest frame: the power of kFeatureBands bands together.
    float peak_power() const { return peak_power_; }

  private:
    using Features = std::array<float, kFeatures>;
    using Memberships = std::array<float, kClasses>;

    bool take(const Features& features, float activity);

    BandFilters filters_;
    std::array<Features, kFeatureBands> cosines_{};
    std::array<float, kSmoothFrames> smoothing_{};
    std::array<float, kFeatureBands> bands_{};
    std::vector<Features> waiting_;
    std::vector<float> activities_;
    std::array<Memberships, kSmoothFrames> recent_{};
    std::array<double, kFeatures> sum_{};
    double weight_ = 0.0;
    double peak_ = -200.0;
    float peak_power_ = 0.0F;
    std::size_t taken_ = 0;
    float activity_ = 0.0F;
    Memberships memberships_{};
};

}  // namespace birthmark::voice_signature
