#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace birthmark {

/// Interleaved float32 samples of `frames` x `channels`, nominally in [-1, 1], as libsndfile and soundfile lay them
/// out.
class AudioBuffer {
  public:
    AudioBuffer() = default;
    AudioBuffer(std::size_t frames, std::size_t channels);

    std::size_t frames() const { return channels_ == 0 ? 0 : samples_.size() / channels_; }
    std::size_t channels() const { return channels_; }

    std::span<float> samples() { return samples_; }
    std::span<const float> samples() const { return samples_; }

    /// Changes the number of frames; new frames are zero.
    void resize(std::size_t frames);

    /// Mean of the channels, written to `mono`, which must have frames() elements.
    void downmix(std::span<float> mono) const;

  private:
    std::size_t channels_ = 0;
    std::vector<float> samples_;
};

}  // namespace birthmark
