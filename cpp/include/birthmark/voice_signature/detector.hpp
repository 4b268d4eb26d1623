#pragma once

#include <array>
#include <complex>
#include <cstddef>
#include <span>
#include <vector>

#include "birthmark/media/resampler.hpp"
#include "birthmark/media/slicer.hpp"
#include "birthmark/spectrum/stft.hpp"
#include "birthmark/voice_signature/classes.hpp"

namespace birthmark::voice_signature {

/// Weighted sums over the active frames of a recording: all that the detector keeps of it. They add up over
/// recordings. x stands for the log spectrum in dB per band, p for the memberships.
struct Moments {
    double weight = 0.0;     ///< sum of activity w
    std::vector<double> p;   ///< sum of w p: kClasses values
    std::vector<double> x;   ///< sum of w x: kBands values
    std::vector<double> xx;  ///< sum of w x^2: kBands values
    std::vector<double> pp;  ///< sum of w p p': kClasses x kClasses
    std::vector<double> px;  ///< sum of w p x': kClasses x kBands
    Moments();
};

/// Collects the moments of a recording under one or more frequency warps in one pass.
class SignatureAnalyser {
  public:
    static constexpr double kRate = 16000.0;

    /// Mono samples at `rate`. Warp 1.1 looks for a pattern whose frequencies were multiplied by 1.1. Throws
    /// ArgumentError unless 8000 <= rate <= 384000 and every warp lies in 0.5 ... 2.
    SignatureAnalyser(double rate, std::span<const double> warps);

    /// Takes the next samples.
    void push(std::span<const float> samples);

    /// Ends the recording: one set of moments for each warp, and starts anew.
    std::vector<Moments> finish();

    /// Seconds that a frame stands for.
    static double frame_seconds() { return kFrameSeconds / static_cast<double>(kOverlap); }

  private:
    static constexpr std::size_t kBlock = 64;  // frames summed in float before they go to double

    struct Lane {
        Lane(std::size_t bins, double bin_hz, double warp);

        void take(std::span<const float> power);
        void take_end();
        void add();
        void settle();

        BandFilters filters;
        Classes classes;
        std::vector<float> spectra;  // ring of kDelay + 1 rows of kBands
        std::size_t taken = 0;
        std::size_t given = 0;
        std::size_t pending = 0;
        Moments moments;
        std::vector<float> pp;
        std::vector<float> px;
    };

    void reset();
    void resampled(std::span<const float> samples);
    void frame(std::span<const float> samples);

    std::vector<double> warps_;
    std::vector<Resampler> resampler_;  // none where the rate is kRate already
    std::vector<float> work_;
    Stft stft_;
    Slicer slicer_;
    std::vector<std::complex<float>> spectrum_;
    std::vector<float> power_;
    std::vector<Lane> lanes_;
};

}  // namespace birthmark::voice_signature
