#include "birthmark/media/audio_buffer.hpp"

#include <algorithm>
#include <string>

#include "birthmark/errors.hpp"

namespace birthmark {

AudioBuffer::AudioBuffer(std::size_t frames, std::size_t channels) : channels_(channels), samples_(frames * channels) {
    if (channels == 0) {
        throw ArgumentError("channels is 0; allowed: 1 or more");
    }
}

void AudioBuffer::resize(std::size_t frames) { samples_.resize(frames * channels_); }

void AudioBuffer::downmix(std::span<float> mono) const {
    if (mono.size() != frames()) {
        throw ArgumentError("mono has " + std::to_string(mono.size()) +
                            " elements; allowed: " + std::to_string(frames()) + ", one per frame");
    }
    if (channels_ == 1) {
        std::copy(samples_.begin(), samples_.end(), mono.begin());
        return;
    }
    const float scale = 1.0F / static_cast<float>(channels_);
    for (std::size_t i = 0; i < mono.size(); ++i) {
        float sum = 0.0F;
        for (std::size_t c = 0; c < channels_; ++c) {
            sum += samples_[i * channels_ + c];
        }
        mono[i] = sum * scale;
    }
}

}  // namespace birthmark
