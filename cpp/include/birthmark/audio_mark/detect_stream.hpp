#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "birthmark/audio_mark/detector.hpp"

namespace birthmark::audio_mark {

/// Finds marks in a stream of any rate and channels, on the mean of the channels or, for blocks whose channels cancel
/// in it, on another mix of them. The choice knows no key, so it costs no p-value.
///
/// The stream is cut into spans of kSpanSeconds that overlap by kOverlapSeconds; a mark is reported once its span is
/// complete. Memory is bounded by one span, about 60 MB, for any length. The division into chunks does not matter.
class DetectStream {
  public:
    static constexpr double kSpanSeconds = 64 * kBlockSeconds;
    static constexpr double kOverlapSeconds = 8 * kBlockSeconds;

    /// Throws ArgumentError for a rate outside 8000 ... 192000 Hz, 0 channels, no keys, or options out of range.
    DetectStream(double rate, std::size_t channels, std::span<const Key> keys, const DetectOptions& options);
    ~DetectStream();
    DetectStream(DetectStream&&) noexcept;
    DetectStream& operator=(DetectStream&&) noexcept;

    /// Takes interleaved samples. Throws ArgumentError for NaN or infinity.
    void push(std::span<const float> samples);

    /// Marks in the spans completed so far; a mark that goes on is reported anew with a later end.
    [[nodiscard]] const std::vector<Detection>& found() const;

    /// Ends the stream and returns all marks, by start.
    std::vector<Detection> flush();

  private:
    struct Engine;
    std::unique_ptr<Engine> engine_;
};

}  // namespace birthmark::audio_mark
