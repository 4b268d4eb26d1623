#include "birthmark/voice_signature/detector.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "birthmark/errors.hpp"
#include "birthmark/multiversion.hpp"
#include "birthmark/spectrum/fast_math.hpp"

namespace birthmark::voice_signature {

namespace {

constexpr float kBandFloor = 1e-6F / static_cast<float>(kFeatureBands);
constexpr std::size_t kSize = 512;

BIRTHMARK_MULTIVERSION void outer(const float* p, const float* x, float weight, float* pp, float* px) {
    for (std::size_t k = 0; k < kClasses; ++k) {
        const float scaled = weight * p[k];
        for (std::size_t j = 0; j < kClasses; ++j) {
            pp[k * kClasses + j] += scaled * p[j];
        }
        for (std::size_t b = 0; b < kBands; ++b) {
            px[k * kBands + b] += scaled * x[b];
        }
    }
}

/// Powers to decibels above `floor`.
BIRTHMARK_MULTIVERSION void to_decibels(float* row, float floor) {
    for (std::size_t b = 0; b < kBands; ++b) {
        row[b] = decibels(row[b] + floor);
    }
}

}  // namespace

Moments::Moments() : p(kClasses), x(kBands), xx(kBands), pp(kClasses * kClasses), px(kClasses * kBands) {}

SignatureAnalyser::Lane::Lane(std::size_t bins, double bin_hz, double warp)
    : filters(kBands, kBandLow, kBandHigh, warp, bins, bin_hz),
      classes(bins, bin_hz, warp),
      spectra((Classes::kDelay + 1) * kBands),
      pp(kClasses * kClasses),
      px(kClasses * kBands) {}

void SignatureAnalyser::Lane::take(std::span<const float> power) {
    float* const row = spectra.data() + (taken++ % (Classes::kDelay + 1)) * kBands;
    filters.apply(power, {row, kBands});
    const bool ready = classes.push(power);
    to_decibels(row, kBandFloor * classes.peak_power() + 1e-30F);
    if (ready) {
        add();
    }
}

void SignatureAnalyser::Lane::take_end() {
    if (classes.push_end()) {
        add();
    }
}

void SignatureAnalyser::Lane::add() {
    const float* const row = spectra.data() + (given++ % (Classes::kDelay + 1)) * kBands;
    const float weight = classes.activity();
    if (weight < 1e-3F) {
        return;
    }
    const auto memberships = classes.memberships();
    for (std::size_t b = 0; b < kBands; ++b) {
        moments.x[b] += static_cast<double>(weight * row[b]);
        moments.xx[b] += static_cast<double>(weight * row[b] * row[b]);
    }
    for (std::size_t k = 0; k < kClasses; ++k) {
        moments.p[k] += static_cast<double>(weight * memberships[k]);
    }
    moments.weight += static_cast<double>(weight);
    outer(memberships.data(), row, weight, pp.data(), px.data());
    if (++pending == kBlock) {
        settle();
    }
}

void SignatureAnalyser::Lane::settle() {
    for (std::size_t n = 0; n < pp.size(); ++n) {
        moments.pp[n] += static_cast<double>(pp[n]);
    }
    for (std::size_t n = 0; n < px.size(); ++n) {
        moments.px[n] += static_cast<double>(px[n]);
    }
    std::fill(pp.begin(), pp.end(), 0.0F);
    std::fill(px.begin(), px.end(), 0.0F);
    pending = 0;
}

SignatureAnalyser::SignatureAnalyser(double rate, std::span<const double> warps)
    : warps_(warps.begin(), warps.end()),
      stft_(kSize, kSize / kOverlap, Window::hann),
      slicer_(kSize, kSize / kOverlap, kSize - kSize / kOverlap),
      spectrum_(stft_.bins()),
      power_(stft_.bins()) {
    if (!(rate >= 8000.0 && rate <= 384000.0)) {
        throw ArgumentError("rate is " + std::to_string(rate) + "; allowed: 8000 to 384000 Hz");
    }
    for (const double warp : warps_) {
        if (!(warp >= 0.5 && warp <= 2.0)) {
            throw ArgumentError("warp is " + std::to_string(warp) + "; allowed: 0.5 to 2");
        }
    }
    if (rate != kRate) {
        resampler_.emplace_back(rate, kRate);
    }
    reset();
}

void SignatureAnalyser::reset() {
    slicer_.reset();
    lanes_.clear();
    for (const double warp : warps_) {
        lanes_.emplace_back(stft_.bins(), kRate / static_cast<double>(kSize), warp);
    }
}

void SignatureAnalyser::push(std::span<const float> samples) {
    if (!std::ranges::all_of(samples, [](float value) { return std::isfinite(value); })) {
        throw ArgumentError("samples contains NaN or infinity; allowed: finite values");
    }
    if (resampler_.empty()) {
        resampled(samples);
        return;
    }
    work_.clear();
    resampler_.front().push(samples, work_);
    resampled(work_);
}

void SignatureAnalyser::resampled(std::span<const float> samples) {
    slicer_.push(samples, [this](std::span<const float> cut) { frame(cut); });
}

void SignatureAnalyser::frame(std::span<const float> samples) {
    stft_.forward(samples, spectrum_);
    constexpr float kScale = 4.0F / (static_cast<float>(kSize) * static_cast<float>(kSize));  // 1 / (sum of window)^2
    for (std::size_t k = 0; k < power_.size(); ++k) {
        power_[k] = kScale * std::norm(spectrum_[k]);
    }
    for (Lane& lane : lanes_) {
        lane.take(power_);
    }
}

std::vector<Moments> SignatureAnalyser::finish() {
    if (!resampler_.empty()) {
        work_.clear();
        resampler_.front().flush(work_);
        resampled(work_);
    }
    slicer_.flush([this](std::span<const float> cut) { frame(cut); });
    std::vector<Moments> result;
    for (Lane& lane : lanes_) {
        while (lane.given < lane.taken) {
            lane.take_end();
        }
        lane.settle();
        result.push_back(std::move(lane.moments));
    }
    reset();
    return result;
}

}  // namespace birthmark::voice_signature
