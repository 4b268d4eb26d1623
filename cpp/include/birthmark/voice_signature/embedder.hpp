#pragma once

#include <complex>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "birthmark/keys/key.hpp"
#include "birthmark/media/slicer.hpp"
#include "birthmark/spectrum/overlap_add.hpp"
#include "birthmark/spectrum/stft.hpp"
#include "birthmark/voice_signature/classes.hpp"
#include "birthmark/voice_signature/peak_guard.hpp"

namespace birthmark::voice_signature {

/// Puts the signature of a key into a stream of speech: slow gains over mel bands that depend on the class of each
/// frame. Channels are marked alike, with the classes of their mean. No sample leaves [-1, 1] that was within.
class SignatureEmbedder {
  public:
    /// Throws ArgumentError unless 8000 <= rate <= 384000, 1 <= channels and 0 <= strength <= 4.
    SignatureEmbedder(const Key& key, double rate, std::size_t channels = 1, double strength = 1.0);

    std::size_t channels() const { return channels_; }

    /// Frames that the output lags behind the input.
    std::size_t latency() const { return (Classes::kDelay + kOverlap) * hop_; }

    /// Takes interleaved frames and appends those that are ready to `out`: none is lost, none added over the whole.
    /// Throws ArgumentError for values that are not finite.
    void push(std::span<const float> samples, std::vector<float>& out);

    /// Ends the stream: appends the rest to `out` and starts anew.
    void flush(std::vector<float>& out);

  private:
    using Spectrum = std::vector<std::complex<float>>;

    void reset();
    void take(std::span<const float> frame);
    void take_end();
    void give();
    void guard();

    std::size_t channels_;
    double rate_;
    std::size_t hop_;
    Stft stft_;
    std::vector<float> pattern_;
    BandGains interpolation_;
    Classes classes_;
    Slicer slicer_;
    std::vector<OverlapAdd> overlap_;
    std::vector<Spectrum> waiting_;  // a ring of spectra, one row of channels for each frame
    std::vector<float> plane_;
    std::vector<float> power_;
    std::vector<float> gains_;
    std::vector<float> decibels_;
    std::vector<float> host_;   // input frames whose output is not ready
    std::vector<float> block_;  // one hop of marked frames
    PeakGuard guard_;
    std::vector<float> ready_;
    std::uint64_t taken_ = 0;
    std::uint64_t given_ = 0;
    std::uint64_t frames_in_ = 0;
    std::uint64_t frames_out_ = 0;
    std::size_t skip_ = 0;  // blocks before the first frame
};

}  // namespace birthmark::voice_signature
