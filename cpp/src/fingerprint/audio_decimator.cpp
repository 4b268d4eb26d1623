#include "birthmark/fingerprint/audio_decimator.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <string>

#include "birthmark/errors.hpp"
#include "birthmark/multiversion.hpp"

namespace birthmark {
namespace {

constexpr double kMinRate = 8000.0;
constexpr double kMaxRate = 768000.0;
constexpr double kPassHz = 3500.0;
constexpr double kAliasDb = 45.0;
constexpr double kMixSeconds = 0.5;  // mixed alike

double bessel_i0(double x) {
    double sum = 1.0;
    double term = 1.0;
    for (int k = 1; term > 1e-12 * sum; ++k) {
        term *= x * x / (4.0 * k * k);
        sum += term;
    }
    return sum;
}

// Kaiser's design (1974) of a low-pass filter of odd length with unit gain at 0 Hz.
std::vector<float> low_pass(double rate, double out_rate) {
    const double stop_hz = out_rate - kPassHz;
    const double width = 2.0 * std::numbers::pi * (stop_hz - kPassHz) / rate;
    const auto half = static_cast<std::size_t>(std::ceil((kAliasDb - 7.95) / (2.285 * width) / 2.0));
    const double beta = 0.5842 * std::pow(kAliasDb - 21.0, 0.4) + 0.07886 * (kAliasDb - 21.0);
    const double cut = out_rate / 2.0 / rate;  // halfway between pass and stop band
    std::vector<double> taps(2 * half + 1);
    double sum = 0.0;
    for (std::size_t i = 0; i < taps.size(); ++i) {
        const double n = static_cast<double>(i) - static_cast<double>(half);
        const double x = n / static_cast<double>(half);
        const double sinc = n == 0.0 ? 2.0 * cut : std::sin(2.0 * std::numbers::pi * cut * n) / (std::numbers::pi * n);
        taps[i] = sinc * bessel_i0(beta * std::sqrt(std::max(0.0, 1.0 - x * x))) / bessel_i0(beta);
        sum += taps[i];
    }
    std::vector<float> result(taps.size());
    std::transform(taps.begin(), taps.end(), result.begin(), [sum](double t) { return static_cast<float>(t / sum); });
    return result;
}

constexpr std::size_t kTile = 32;

// out[m] = sum of taps[i] phase[m + i] for a tile of outputs; each adds its taps in the same order.
BIRTHMARK_MULTIVERSION
void convolve(const float* phase, const float* taps, std::size_t length, float* out) {
    std::array<float, kTile> sum{};
    std::copy_n(out, kTile, sum.begin());
    for (std::size_t i = 0; i < length; ++i) {
        const float tap = taps[i];
        const float* from = phase + i;
        for (std::size_t m = 0; m < kTile; ++m) {
            sum[m] += tap * from[m];
        }
    }
    std::copy_n(sum.begin(), kTile, out);
}

}  // namespace

AudioDecimator::AudioDecimator(double rate, std::size_t channels) : rate_(rate), factor_(1), channels_(channels) {
    if (!(rate >= kMinRate) || !(rate <= kMaxRate)) {
        throw ArgumentError("rate is " + std::to_string(rate) + "; allowed: 8000 to 768000 Hz");
    }
    if (channels == 0) {
        throw ArgumentError("channels is 0; allowed: 1 or more");
    }
    factor_ = static_cast<std::size_t>(rate / kMinRate);
    taps_ = factor_ == 1 ? std::vector<float>{1.0F} : low_pass(rate, rate / static_cast<double>(factor_));
    pending_.assign(taps_.size() / 2, 0.0F);
    const std::size_t length = (taps_.size() + factor_ - 1) / factor_;
    taps_by_phase_.assign(factor_ * length, 0.0F);
    for (std::size_t i = 0; i < taps_.size(); ++i) {
        taps_by_phase_[i % factor_ * length + i / factor_] = taps_[i];
    }
}

void AudioDecimator::push(std::span<const float> samples, std::vector<float>& out) {
    if (samples.size() % channels_ != 0) {
        throw ArgumentError("samples has " + std::to_string(samples.size()) + " values; allowed: multiples of " +
                            std::to_string(channels_) + " channels");
    }
    if (channels_ == 1) {
        take(samples);
    } else {
        mix_.add(samples, channels_);
        const auto block = static_cast<std::size_t>(rate_ * kMixSeconds);
        while (mix_.mean.size() >= block) {
            take_mixed(block);
        }
    }
    filter(out);
}

void AudioDecimator::take(std::span<const float> mono) {
    const std::size_t old = pending_.size();
    pending_.resize(old + mono.size());
    // NaN and infinity would stay in the running sums of later stages for good.
    std::transform(mono.begin(), mono.end(), pending_.begin() + static_cast<std::ptrdiff_t>(old),
                   [](float s) { return std::isfinite(s) ? std::clamp(s, -64.0F, 64.0F) : 0.0F; });
    frames_in_ += mono.size();
}

void AudioDecimator::take_mixed(std::size_t frames) {
    take(std::span(mix_.audible(0, frames)).first(frames));
    mix_.drop(frames);
}

void AudioDecimator::filter(std::vector<float>& out) {
    if (pending_.size() < taps_.size()) {
        return;
    }
    const std::size_t count = (pending_.size() - taps_.size()) / factor_ + 1;
    const std::size_t old = out.size();
    if (factor_ == 1) {
        out.insert(out.end(), pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(count));
    } else {
        // Every factor-th sample side by side, so that neighbouring outputs read neighbouring samples.
        const std::size_t tiles = (count + kTile - 1) / kTile;
        const std::size_t length = (taps_.size() + factor_ - 1) / factor_;
        phase_.assign(tiles * kTile + length, 0.0F);
        out.resize(old + tiles * kTile, 0.0F);
        for (std::size_t p = 0; p < factor_; ++p) {
            const std::size_t held = std::min(count + length - 1, (pending_.size() - p + factor_ - 1) / factor_);
            for (std::size_t k = 0; k < held; ++k) {
                phase_[k] = pending_[k * factor_ + p];
            }
            for (std::size_t tile = 0; tile < tiles; ++tile) {
                convolve(phase_.data() + tile * kTile, taps_by_phase_.data() + p * length, length,
                         out.data() + old + tile * kTile);
            }
        }
        out.resize(old + count);
    }
    samples_out_ += count;
    const std::size_t gone = std::min(count * factor_, pending_.size());
    pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(gone));
}

void AudioDecimator::flush(std::vector<float>& out) {
    take_mixed(mix_.mean.size());
    const std::uint64_t wanted = (frames_in_ + factor_ - 1) / factor_;
    pending_.resize(pending_.size() + taps_.size() + factor_, 0.0F);
    const std::size_t before = out.size();
    const std::uint64_t had = samples_out_;
    filter(out);
    out.resize(before + static_cast<std::size_t>(wanted - had));
    pending_.assign(taps_.size() / 2, 0.0F);
    frames_in_ = 0;
    samples_out_ = 0;
}

}  // namespace birthmark
