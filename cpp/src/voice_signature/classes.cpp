#include "birthmark/voice_signature/classes.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "birthmark/multiversion.hpp"
#include "birthmark/spectrum/fast_math.hpp"

namespace birthmark::voice_signature {

namespace {

constexpr double kSilence = -110.0;  // dB; below it nothing is speech, however quiet the recording
constexpr float kFeatureFloor = 1e-5F / static_cast<float>(kFeatureBands);
constexpr double kMinimumWeight = 1e-3;

/// Centres with one row for each feature, so that the compiler works on many classes at once.
struct Columns {
    std::array<std::array<float, kClasses>, kFeatures> of{};
    Columns() {
        for (std::size_t k = 0; k < kClasses; ++k) {
            for (std::size_t q = 0; q < kFeatures; ++q) {
                of[q][k] = kCentres[k][q];
            }
        }
    }
};

/// Gaussian memberships in the classes, which sum to `total`.
BIRTHMARK_MULTIVERSION void sort_into(const Columns& centres, const float* features, float total, float* member) {
    for (std::size_t k = 0; k < kClasses; ++k) {
        float distance = 0.0F;
        for (std::size_t q = 0; q < kFeatures; ++q) {
            const float d = features[q] - centres.of[q][k];
            distance += d * d;
        }
        member[k] = distance;
    }
    float nearest = member[0];
    for (std::size_t k = 1; k < kClasses; ++k) {
        nearest = member[k] < nearest ? member[k] : nearest;
    }
    constexpr float kScale = static_cast<float>(-0.5 / (kClassWidth * kClassWidth));
    float sum = 0.0F;
    for (std::size_t k = 0; k < kClasses; ++k) {
        const float x = kScale * (member[k] - nearest);
        member[k] = exponential(x > -80.0F ? x : -80.0F);
        sum += member[k];
    }
    const float scale = total / sum;
    for (std::size_t k = 0; k < kClasses; ++k) {
        member[k] *= scale;
    }
}

}  // namespace

Classes::Classes(std::size_t bins, double bin_hz, double warp)
    : filters_(kFeatureBands, kFeatureLow, kFeatureHigh, warp, bins, bin_hz),
      waiting_(kLookahead + 1),
      activities_(kLookahead + kSmoothFrames) {
    for (std::size_t b = 0; b < kFeatureBands; ++b) {
        for (std::size_t q = 0; q < kFeatures; ++q) {
            const double angle = std::numbers::pi * static_cast<double>(q + 1) * (static_cast<double>(b) + 0.5) /
                                 static_cast<double>(kFeatureBands);
            cosines_[b][q] =
                static_cast<float>(10.0 * std::sqrt(2.0 / static_cast<double>(kFeatureBands)) * std::cos(angle));
        }
    }
    for (std::size_t n = 0; n < kSmoothFrames; ++n) {
        const double s =
            std::sin(std::numbers::pi * static_cast<double>(n + 1) / static_cast<double>(kSmoothFrames + 1));
        smoothing_[n] = static_cast<float>(s * s * 2.0 / static_cast<double>(kSmoothFrames + 1));
    }
}

bool Classes::push(std::span<const float> power) {
    filters_.apply(power, bands_);
    float sum = 0.0F;
    for (const float band : bands_) {
        sum += band;
    }
    const double level = 10.0 * std::log10(static_cast<double>(sum) + 1e-20);
    peak_ = std::max(level, peak_ - kPeakDecay);
    peak_power_ = static_cast<float>(std::pow(10.0, peak_ / 10.0));
    const double above = (level - (peak_ - kActiveRange)) / kActiveSlope;
    const float activity = level < kSilence ? 0.0F : static_cast<float>(1.0 / (1.0 + std::exp(-above)));
    Features features{};
    for (std::size_t b = 0; b < kFeatureBands; ++b) {
        const float decades = 0.1F * decibels(bands_[b] + kFeatureFloor * peak_power_ + 1e-30F);
        for (std::size_t q = 0; q < kFeatures; ++q) {
            features[q] += cosines_[b][q] * decades;
        }
    }
    return take(features, activity);
}

bool Classes::push_end() { return take({}, 0.0F); }

bool Classes::take(const Features& features, float activity) {
    static const double decay = std::exp(-1.0 / kMeanFrames);
    for (std::size_t q = 0; q < kFeatures; ++q) {
        sum_[q] = sum_[q] * decay + static_cast<double>(activity) * static_cast<double>(features[q]);
    }
    weight_ = weight_ * decay + static_cast<double>(activity);
    waiting_[taken_ % waiting_.size()] = features;
    activities_[taken_ % activities_.size()] = activity;
    ++taken_;
    if (taken_ <= kLookahead) {
        return false;
    }
    const std::size_t now = taken_ - 1 - kLookahead;
    Features shape = waiting_[now % waiting_.size()];
    for (std::size_t q = 0; q < kFeatures; ++q) {
        const double mean = sum_[q] / std::max(weight_, kMinimumWeight);
        shape[q] = (shape[q] - static_cast<float>(mean)) / kFeatureScale[q];
    }
    static const Columns centres;
    sort_into(centres, shape.data(), activities_[now % activities_.size()], recent_[now % kSmoothFrames].data());
    if (now < kSmoothFrames / 2) {
        return false;
    }
    const std::size_t centre = now - kSmoothFrames / 2;
    activity_ = activities_[centre % activities_.size()];
    memberships_.fill(0.0F);
    for (std::size_t n = 0; n < kSmoothFrames; ++n) {
        const Memberships& row = recent_[(now + 1 + n) % kSmoothFrames];  // oldest first; rows not yet taken are zero
        for (std::size_t k = 0; k < kClasses; ++k) {
            memberships_[k] += smoothing_[n] * row[k];
        }
    }
    return true;
}

}  // namespace birthmark::voice_signature
