#include "birthmark/voice_signature/embedder.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "birthmark/errors.hpp"
#include "birthmark/voice_signature/pattern.hpp"

namespace birthmark::voice_signature {

namespace {

constexpr std::size_t kPiece = 8192;  // frames

double checked_rate(double rate, std::size_t channels, double strength) {
    if (!(rate >= 8000.0 && rate <= 384000.0)) {
        throw ArgumentError("rate is " + std::to_string(rate) + "; allowed: 8000 to 384000 Hz");
    }
    if (channels == 0) {
        throw ArgumentError("channels is 0; allowed: 1 or more");
    }
    if (!(strength >= 0.0 && strength <= 4.0)) {
        throw ArgumentError("strength is " + std::to_string(strength) + "; allowed: 0 to 4");
    }
    return rate;
}

/// Hop near 8 ms whose frames are fast to transform.
std::size_t hop_for(double rate) {
    return Fft::good_size(static_cast<std::size_t>(std::lround(rate * kFrameSeconds / kOverlap)));
}

}  // namespace

SignatureEmbedder::SignatureEmbedder(const Key& key, double rate, std::size_t channels, double strength)
    : channels_(channels),
      rate_(checked_rate(rate, channels, strength)),
      hop_(hop_for(rate)),
      stft_(kOverlap * hop_, hop_, Window::hann),
      pattern_(signature_pattern(key)),
      interpolation_(kBands, kBandLow, kBandHigh, stft_.bins(), rate / static_cast<double>(stft_.size())),
      classes_(stft_.bins(), rate / static_cast<double>(stft_.size())),
      slicer_(stft_.size() * channels, hop_ * channels, (stft_.size() - hop_) * channels),
      waiting_((Classes::kDelay + 1) * channels, Spectrum(stft_.bins())),
      plane_(stft_.size()),
      power_(stft_.bins()),
      gains_(stft_.bins()),
      decibels_(kBands),
      block_(hop_ * channels),
      guard_(channels) {
    for (float& gain : pattern_) {
        gain *= static_cast<float>(strength);
    }
    reset();
}

void SignatureEmbedder::reset() {
    classes_ = Classes(stft_.bins(), rate_ / static_cast<double>(stft_.size()));
    slicer_.reset();
    overlap_.assign(channels_, OverlapAdd(stft_.size(), hop_));
    host_.clear();
    guard_ = PeakGuard(channels_);
    ready_.clear();
    taken_ = given_ = frames_in_ = frames_out_ = 0;
    skip_ = kOverlap - 1;
}

void SignatureEmbedder::push(std::span<const float> samples, std::vector<float>& out) {
    if (samples.size() % channels_ != 0) {
        throw ArgumentError("samples has " + std::to_string(samples.size()) + " values; allowed: a multiple of " +
                            std::to_string(channels_) + " channels");
    }
    if (!std::ranges::all_of(samples, [](float value) { return std::isfinite(value); })) {
        throw ArgumentError("samples contains NaN or infinity; allowed: finite values");
    }
    // In small pieces, so that the buffers stay short however much comes at once.
    const std::size_t size = kPiece * channels_;
    for (std::size_t at = 0; at < samples.size(); at += size) {
        const auto piece = samples.subspan(at, std::min(size, samples.size() - at));
        frames_in_ += piece.size() / channels_;
        host_.insert(host_.end(), piece.begin(), piece.end());
        slicer_.push(piece, [this](std::span<const float> frame) { take(frame); });
    }
    out.insert(out.end(), ready_.begin(), ready_.end());
    ready_.clear();
}

void SignatureEmbedder::flush(std::vector<float>& out) {
    slicer_.flush([this](std::span<const float> frame) { take(frame); });
    while (given_ < taken_) {
        take_end();
    }
    guard_.flush(ready_);
    out.insert(out.end(), ready_.begin(), ready_.end());
    reset();
}

void SignatureEmbedder::take(std::span<const float> frame) {
    std::fill(power_.begin(), power_.end(), 0.0F);
    Spectrum* const row = waiting_.data() + (taken_ % (Classes::kDelay + 1)) * channels_;
    for (std::size_t c = 0; c < channels_; ++c) {
        for (std::size_t n = 0; n < plane_.size(); ++n) {
            plane_[n] = frame[n * channels_ + c];
        }
        stft_.forward(plane_, row[c]);
    }
    const float size = static_cast<float>(stft_.size()) * 0.5F * static_cast<float>(channels_);  // sum of the window
    for (std::size_t k = 0; k < power_.size(); ++k) {
        std::complex<float> sum = row[0][k];
        for (std::size_t c = 1; c < channels_; ++c) {
            sum += row[c][k];
        }
        power_[k] = std::norm(sum / size);
    }
    ++taken_;
    if (classes_.push(power_)) {
        give();
    }
}

void SignatureEmbedder::take_end() {
    if (classes_.push_end()) {
        give();
    }
}

void SignatureEmbedder::give() {
    std::fill(decibels_.begin(), decibels_.end(), 0.0F);
    const auto memberships = classes_.memberships();
    for (std::size_t k = 0; k < kClasses; ++k) {
        for (std::size_t b = 0; b < kBands; ++b) {
            decibels_[b] += memberships[k] * pattern_[k * kBands + b];
        }
    }
    interpolation_.apply(decibels_, gains_);
    Spectrum* const row = waiting_.data() + (given_ % (Classes::kDelay + 1)) * channels_;
    for (std::size_t c = 0; c < channels_; ++c) {
        for (std::size_t k = 0; k < gains_.size(); ++k) {
            row[c][k] *= gains_[k];
        }
        stft_.inverse(row[c], plane_);
        const auto done = overlap_[c].add(plane_);
        for (std::size_t n = 0; n < hop_; ++n) {
            block_[n * channels_ + c] = done[n];
        }
    }
    ++given_;
    guard();
}

void SignatureEmbedder::guard() {
    if (skip_ > 0) {
        --skip_;
        return;
    }
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(hop_, frames_in_ - frames_out_));
    if (count == 0) {
        return;
    }
    guard_.push(std::span(host_).first(count * channels_), std::span(block_).first(count * channels_), ready_);
    host_.erase(host_.begin(), host_.begin() + static_cast<std::ptrdiff_t>(count * channels_));
    frames_out_ += count;
}

}  // namespace birthmark::voice_signature
