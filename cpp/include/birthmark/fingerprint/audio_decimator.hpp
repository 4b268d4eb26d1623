#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "birthmark/media/downmix.hpp"

namespace birthmark {

/// First stage of the audio fingerprint: any rate from 8 kHz up becomes mono of 8 to 16 kHz by a whole factor.
///
/// A Kaiser low-pass filter keeps everything up to 3.5 kHz flat within 0.1 dB and holds aliases below -45 dB. Output
/// sample m lies at input sample m * factor(): the delay of the filter is taken out. Channels are averaged; half
/// seconds in which they cancel are mixed with uneven weights, see Downmix.
class AudioDecimator {
  public:
    /// Throws ArgumentError for rates outside 8 kHz to 768 kHz and for 0 channels.
    AudioDecimator(double rate, std::size_t channels);

    std::size_t factor() const { return factor_; }
    std::size_t channels() const { return channels_; }
    double rate() const { return rate_ / static_cast<double>(factor_); }

    /// Appends what the interleaved samples complete to `out`. Throws ArgumentError where they are no whole frames.
    void push(std::span<const float> samples, std::vector<float>& out);

    /// Ends the stream, zeros following it, and resets.
    void flush(std::vector<float>& out);

  private:
    void take(std::span<const float> mono);
    void take_mixed(std::size_t frames);
    void filter(std::vector<float>& out);

    double rate_;
    std::size_t factor_;
    std::size_t channels_;
    Downmix mix_;  // frames that wait for the rest of their half second
    std::vector<float> taps_;
    std::vector<float> taps_by_phase_;  // taps 0, factor, 2 factor ..., then 1, 1 + factor ...
    std::vector<float> phase_;
    std::vector<float> pending_;  // mono input; the next output starts at pending_[0]
    std::uint64_t frames_in_ = 0;
    std::uint64_t samples_out_ = 0;
};

}  // namespace birthmark
