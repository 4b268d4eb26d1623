#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "birthmark/errors.hpp"

namespace birthmark {

/// Chops a stream of mono samples into frames of `size` samples that start every `hop` samples (hop may exceed size).
/// Frame k starts at sample k * hop - lead, samples before the stream being zero. The frames are the same for every
/// division of the stream into chunks.
class Slicer {
  public:
    /// Throws ArgumentError for size or hop 0 or lead >= size.
    Slicer(std::size_t size, std::size_t hop, std::size_t lead = 0) : size_(size), hop_(hop), lead_(lead) {
        if (size == 0 || hop == 0) {
            throw ArgumentError("size is " + std::to_string(size) + " and hop " + std::to_string(hop) +
                                "; allowed: 1 or more");
        }
        if (lead >= size) {
            throw ArgumentError("lead is " + std::to_string(lead) + "; allowed: less than size, " +
                                std::to_string(size));
        }
        frame_.resize(size);
        reset();
    }

    std::size_t size() const { return size_; }
    std::size_t hop() const { return hop_; }

    /// Frames delivered so far; the index of the next one.
    std::uint64_t frames() const { return frames_; }

    /// Takes the next samples and calls `on_frame(std::span<const float>)` for every frame that they complete.
    template <class OnFrame>
    void push(std::span<const float> samples, OnFrame&& on_frame) {
        while (!samples.empty()) {
            if (skip_ > 0) {
                const std::size_t gone = std::min(skip_, samples.size());
                skip_ -= gone;
                samples = samples.subspan(gone);
                continue;
            }
            const std::size_t taken = std::min(size_ - filled_, samples.size());
            std::copy_n(samples.begin(), taken, frame_.begin() + static_cast<std::ptrdiff_t>(filled_));
            filled_ += taken;
            any_ = true;
            samples = samples.subspan(taken);
            if (filled_ == size_) {
                deliver(on_frame);
            }
        }
    }

    /// Ends the stream: delivers, padded with zeros, every further frame that starts before the end. Then resets.
    template <class OnFrame>
    void flush(OnFrame&& on_frame) {
        std::size_t real = any_ ? filled_ : 0;
        while (real > 0) {
            std::fill(frame_.begin() + static_cast<std::ptrdiff_t>(filled_), frame_.end(), 0.0F);
            filled_ = size_;
            deliver(on_frame);
            real = real > hop_ ? real - hop_ : 0;
        }
        reset();
    }

    /// Starts a new stream.
    void reset() {
        std::fill(frame_.begin(), frame_.end(), 0.0F);
        filled_ = lead_;
        skip_ = 0;
        frames_ = 0;
        any_ = false;
    }

  private:
    template <class OnFrame>
    void deliver(OnFrame& on_frame) {
        on_frame(std::span<const float>(frame_));
        ++frames_;
        const std::size_t kept = size_ > hop_ ? size_ - hop_ : 0;
        std::copy(frame_.end() - static_cast<std::ptrdiff_t>(kept), frame_.end(), frame_.begin());
        filled_ = kept;
        skip_ = hop_ > size_ ? hop_ - size_ : 0;
    }

    std::size_t size_;
    std::size_t hop_;
    std::size_t lead_;
    std::vector<float> frame_;
    std::size_t filled_ = 0;
    std::size_t skip_ = 0;
    std::uint64_t frames_ = 0;
    bool any_ = false;
};

}  // namespace birthmark
