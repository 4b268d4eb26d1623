#include "birthmark/voice_signature/bands.hpp"

#include <algorithm>
#include <cmath>

namespace birthmark::voice_signature {

namespace {

/// `count` + 2 edges; edge b + 1 is the centre of band b.
std::vector<double> edges(std::size_t count, double low, double high) {
    std::vector<double> hz(count + 2);
    const double first = hz_to_mel(low);
    const double step = (hz_to_mel(high) - first) / static_cast<double>(count + 1);
    for (std::size_t b = 0; b < hz.size(); ++b) {
        hz[b] = mel_to_hz(first + step * static_cast<double>(b));
    }
    return hz;
}

}  // namespace

double hz_to_mel(double hz) { return 2595.0 * std::log10(1.0 + hz / 700.0); }

double mel_to_hz(double mel) { return 700.0 * (std::pow(10.0, mel / 2595.0) - 1.0); }

BandFilters::BandFilters(std::size_t count, double low, double high, double warp, std::size_t bins, double bin_hz) {
    const auto hz = edges(count, low, high);
    offset_.push_back(0);
    for (std::size_t b = 0; b < count; ++b) {
        const double left = hz[b] * warp;
        const double centre = hz[b + 1] * warp;
        const double right = hz[b + 2] * warp;
        const auto first = std::min(bins, static_cast<std::size_t>(std::ceil(left / bin_hz)));
        first_.push_back(first);
        for (std::size_t k = first; k < bins && static_cast<double>(k) * bin_hz < right; ++k) {
            const double f = static_cast<double>(k) * bin_hz;
            weights_.push_back(static_cast<float>(
                std::max(0.0, std::min((f - left) / (centre - left), (right - f) / (right - centre)))));
        }
        offset_.push_back(weights_.size());
    }
}

void BandFilters::apply(std::span<const float> power, std::span<float> out) const {
    for (std::size_t b = 0; b < first_.size(); ++b) {
        const float* const weights = weights_.data() + offset_[b];
        const float* const values = power.data() + first_[b];
        const std::size_t length = offset_[b + 1] - offset_[b];
        float sum = 0.0F;
#pragma omp simd reduction(+ : sum)
        for (std::size_t k = 0; k < length; ++k) {
            sum += weights[k] * values[k];
        }
        out[b] = sum;
    }
}

BandGains::BandGains(std::size_t count, double low, double high, std::size_t bins, double bin_hz) : nodes_(bins) {
    const auto hz = edges(count, low, high);
    const double first = hz_to_mel(hz[1]);
    const double step = hz_to_mel(hz[2]) - first;
    for (std::size_t k = 0; k < bins; ++k) {
        const double f = static_cast<double>(k) * bin_hz;
        const double position = (hz_to_mel(f) - first) / step;
        const double last = static_cast<double>(count - 1);
        if (position <= 0.0) {
            nodes_[k] = {0, static_cast<float>(std::clamp(2.0 * f / hz[1] - 1.0, 0.0, 1.0)), 0.0F};
        } else if (position >= last) {
            nodes_[k] = {count - 2, 0.0F, static_cast<float>(std::clamp(1.0 - (f - hz[count]) / 500.0, 0.0, 1.0))};
        } else {
            const double band = std::floor(position);
            nodes_[k] = {static_cast<std::size_t>(band), static_cast<float>(1.0 - (position - band)),
                         static_cast<float>(position - band)};
        }
    }
}

void BandGains::apply(std::span<const float> decibels, std::span<float> gain) const {
    constexpr float kOctave = 0.166096404744F;  // log2(10) / 20
    for (std::size_t k = 0; k < nodes_.size(); ++k) {
        const Node& node = nodes_[k];
        gain[k] = std::exp2(kOctave * (node.lower * decibels[node.band] + node.upper * decibels[node.band + 1]));
    }
}

}  // namespace birthmark::voice_signature
