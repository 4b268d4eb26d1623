#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "birthmark/keys/key.hpp"

namespace birthmark::audio_mark {

/// What embedding did to the host and what detection will find, measured below 8 kHz on the mean of the channels.
struct EmbedReport {
    double seconds = 0.0;
    double log10_p = 0.0;  ///< that the detector gives the marked host, before any attack; 0 where it cannot decode it
    double reliability = 0.0;         ///< share of code bits received with the right sign
    double snr_db = 0.0;              ///< host over mark
    double segmental_snr_db = 0.0;    ///< mean over 32 ms frames, each held within -10 ... 35 dB
    double loudness_change_lu = 0.0;  ///< K-weighted (ITU-R BS.1770), without gating
    double masking_margin_db = 0.0;   ///< masked threshold over mark, exceeded in 95 % of time and critical bands
};

/// Embeds a 64-bit payload into a stream of any rate and channels. All channels get the same gains, decided on their
/// mean (on another mix where they cancel in it), so every downmix keeps the mark.
///
/// Output has the length of the input and follows it by kLatencySeconds. Memory is bounded: some seconds of audio.
class EmbedStream {
  public:
    static constexpr double kLatencySeconds = 2.4;

    /// Throws ArgumentError for a rate outside 8000 ... 192000 Hz, 0 channels, or strength outside 0.1 ... 4.
    EmbedStream(double rate, std::size_t channels, const Key& key, std::uint64_t payload, double strength = 1.0);
    ~EmbedStream();
    EmbedStream(EmbedStream&&) noexcept;
    EmbedStream& operator=(EmbedStream&&) noexcept;

    /// Takes interleaved samples and appends the marked samples that are ready. Throws ArgumentError for NaN or
    /// infinity.
    void push(std::span<const float> samples, std::vector<float>& out);

    /// Ends the stream: appends the rest and returns the report. No push may follow.
    EmbedReport flush(std::vector<float>& out);

  private:
    struct Engine;
    std::unique_ptr<Engine> engine_;
};

}  // namespace birthmark::audio_mark
