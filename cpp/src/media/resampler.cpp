#include "birthmark/media/resampler.hpp"

#include <soxr.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "birthmark/errors.hpp"

namespace birthmark {
namespace {

constexpr double kMaxRatio = 256.0;
constexpr std::size_t kChunk = 4096;

unsigned long recipe(ResampleQuality quality) {
    switch (quality) {
        case ResampleQuality::low:
            return SOXR_LQ;
        case ResampleQuality::medium:
            return SOXR_MQ;
        case ResampleQuality::very_high:
            return SOXR_VHQ;
        case ResampleQuality::high:
            break;
    }
    return SOXR_HQ;
}

}  // namespace

struct Resampler::Engine {
    Engine(double in_rate, double out_rate, std::size_t channels, ResampleQuality quality) {
        const soxr_quality_spec_t spec = soxr_quality_spec(recipe(quality), 0);
        soxr_error_t error = nullptr;
        soxr = soxr_create(in_rate, out_rate, static_cast<unsigned>(channels), &error, nullptr, &spec, nullptr);
        if (error != nullptr) {
            throw ArgumentError("in_rate is " + std::to_string(in_rate) + ", out_rate " + std::to_string(out_rate) +
                                ": " + soxr_strerror(error));
        }
    }
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;
    ~Engine() { soxr_delete(soxr); }

    soxr_t soxr;
};

Resampler::Resampler(double in_rate, double out_rate, std::size_t channels, ResampleQuality quality)
    : in_rate_(in_rate), out_rate_(out_rate), channels_(channels), quality_(quality) {
    const double ratio = out_rate / in_rate;
    if (!(in_rate > 0.0) || !(out_rate > 0.0) || !(ratio <= kMaxRatio) || !(ratio >= 1.0 / kMaxRatio)) {
        throw ArgumentError("in_rate is " + std::to_string(in_rate) + " and out_rate " + std::to_string(out_rate) +
                            "; allowed: positive rates, ratio 1/256 to 256");
    }
    if (channels == 0) {
        throw ArgumentError("channels is 0; allowed: 1 or more");
    }
    work_.resize((static_cast<std::size_t>(kChunk * std::max(ratio, 1.0)) + 64) * channels);
    start();
}

Resampler::~Resampler() = default;
Resampler::Resampler(Resampler&&) noexcept = default;
Resampler& Resampler::operator=(Resampler&&) noexcept = default;

void Resampler::start() {
    engine_ = std::make_unique<Engine>(in_rate_, out_rate_, channels_, quality_);
    taken_ = 0;
    given_ = 0;
}

void Resampler::push(std::span<const float> samples, std::vector<float>& out) {
    if (samples.size() % channels_ != 0) {
        throw ArgumentError("samples has " + std::to_string(samples.size()) + " elements; allowed: multiples of " +
                            std::to_string(channels_) + " channels");
    }
    taken_ += samples.size() / channels_;
    while (!samples.empty()) {
        const std::size_t frames = std::min(kChunk, samples.size() / channels_);
        std::size_t used = 0;
        std::size_t done = 0;
        const soxr_error_t error =
            soxr_process(engine_->soxr, samples.data(), frames, &used, work_.data(), work_.size() / channels_, &done);
        if (error != nullptr) {
            throw Error(std::string("libsoxr: ") + soxr_strerror(error));
        }
        out.insert(out.end(), work_.begin(), work_.begin() + static_cast<std::ptrdiff_t>(done * channels_));
        given_ += done;
        samples = samples.subspan(used * channels_);
    }
}

void Resampler::flush(std::vector<float>& out) {
    const auto total = static_cast<std::uint64_t>(std::llround(static_cast<double>(taken_) * (out_rate_ / in_rate_)));
    // libsoxr may end a frame earlier or later than the exact ratio says.
    for (std::size_t done = 1; taken_ > 0 && done > 0;) {
        const soxr_error_t error =
            soxr_process(engine_->soxr, nullptr, 0, nullptr, work_.data(), work_.size() / channels_, &done);
        if (error != nullptr) {
            throw Error(std::string("libsoxr: ") + soxr_strerror(error));
        }
        out.insert(out.end(), work_.begin(), work_.begin() + static_cast<std::ptrdiff_t>(done * channels_));
        given_ += done;
    }
    const auto surplus = static_cast<std::ptrdiff_t>(given_) - static_cast<std::ptrdiff_t>(total);
    out.resize(static_cast<std::size_t>(static_cast<std::ptrdiff_t>(out.size()) -
                                        surplus * static_cast<std::ptrdiff_t>(channels_)));
    start();
}

std::vector<float> resample(std::span<const float> samples, double in_rate, double out_rate, std::size_t channels,
                            ResampleQuality quality) {
    Resampler resampler(in_rate, out_rate, channels, quality);
    std::vector<float> out;
    out.reserve(static_cast<std::size_t>(static_cast<double>(samples.size()) * (out_rate / in_rate)) + channels);
    resampler.push(samples, out);
    resampler.flush(out);
    return out;
}

}  // namespace birthmark
