#include "birthmark/fingerprint/audio_extractor.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace birthmark {
namespace {

constexpr float kSurfaceLow = -1.0F;
constexpr float kSurfaceHigh = 3.0F;
constexpr float kSurfaceSteps = 32.0F;
constexpr std::size_t kChunk = 16384;

}  // namespace

AudioExtractor::AudioExtractor(double rate, std::size_t channels, bool keep_surface)
    : decimator_(rate, channels), bands_(decimator_.rate()), keep_surface_(keep_surface) {}

void AudioExtractor::push(std::span<const float> samples) {
    // Bounded pieces keep the work in the cache; whole frames each.
    const std::size_t piece = kChunk * decimator_.channels();
    while (!samples.empty()) {
        const std::size_t taken = std::min(piece, samples.size());
        decimator_.push(samples.first(taken), samples_);
        take_rows(false);
        samples = samples.subspan(taken);
    }
}

AudioFingerprint AudioExtractor::finish() {
    decimator_.flush(samples_);
    take_rows(true);
    whitener_.flush([this](const BandRow& row) { take_white(row); });
    picker_.flush(fingerprint_.peaks);
    samples_.clear();
    first_sample_ = 0;
    row_ = 0;
    return std::exchange(fingerprint_, AudioFingerprint());
}

void AudioExtractor::take_rows(bool last) {
    const std::uint64_t end = first_sample_ + samples_.size();
    if (last) {
        // Every row that starts before the end counts, zeros following it.
        samples_.resize(samples_.size() + bands_.window(), 0.0F);
    }
    while (last ? bands_.start(row_) < end : bands_.start(row_) + bands_.window() <= end) {
        const auto from = static_cast<std::size_t>(bands_.start(row_) - first_sample_);
        bands_.row(std::span(samples_).subspan(from, bands_.window()), band_row_);
        whitener_.push(band_row_, [this](const BandRow& row) { take_white(row); });
        ++row_;
    }
    const std::uint64_t next = std::min(bands_.start(row_), end);
    const auto gone = static_cast<std::ptrdiff_t>(next - first_sample_);
    samples_.erase(samples_.begin(), samples_.begin() + gone);
    first_sample_ = next;
}

void AudioExtractor::take_white(const BandRow& row) {
    ++fingerprint_.rows;
    if (keep_surface_) {
        for (const float value : row) {
            fingerprint_.surface.push_back(
                static_cast<std::int8_t>(std::lround(std::clamp(value, kSurfaceLow, kSurfaceHigh) * kSurfaceSteps)));
        }
    }
    picker_.push(row, fingerprint_.peaks);
}

}  // namespace birthmark
