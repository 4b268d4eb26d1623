#include "birthmark/media/downmix.hpp"

#include <cmath>

namespace birthmark {
namespace {

constexpr double kTurn = 2.4;        // radians from channel to channel: no usual set of channels cancels
constexpr double kCancelled = 0.05;  // share of the uneven mix's energy below which the mean is not worth reading

std::vector<float> uneven_weights(std::size_t channels) {
    std::vector<float> weights(channels);
    double energy = 0.0;
    for (std::size_t c = 0; c < channels; ++c) {
        weights[c] = static_cast<float>(std::cos(kTurn * static_cast<double>(c)));
        energy += static_cast<double>(weights[c]) * weights[c];
    }
    const auto scale = static_cast<float>(1.0 / std::sqrt(energy * static_cast<double>(channels)));
    for (float& weight : weights) weight *= scale;
    return weights;
}

}  // namespace

void Downmix::add(std::span<const float> samples, std::size_t channels) {
    if (channels == 1) {
        mean.insert(mean.end(), samples.begin(), samples.end());
        return;
    }
    const std::vector<float> weights = uneven_weights(channels);
    const std::size_t old = mean.size();
    mean.resize(old + samples.size() / channels);
    uneven.resize(mean.size());
    for (std::size_t i = old; i < mean.size(); ++i, samples = samples.subspan(channels)) {
        float sum = 0.0F;
        float mixed = 0.0F;
        for (std::size_t c = 0; c < channels; ++c) {
            sum += samples[c];
            mixed += weights[c] * samples[c];
        }
        mean[i] = sum / static_cast<float>(channels);
        uneven[i] = mixed;
    }
}

const std::vector<float>& Downmix::audible(std::size_t begin, std::size_t count) const {
    if (uneven.empty()) return mean;
    double of_mean = 0.0;
    double of_uneven = 0.0;
    for (std::size_t i = begin; i < begin + count; ++i) {
        of_mean += static_cast<double>(mean[i]) * mean[i];
        of_uneven += static_cast<double>(uneven[i]) * uneven[i];
    }
    return of_mean < kCancelled * of_uneven ? uneven : mean;
}

void Downmix::drop(std::size_t frames) {
    mean.erase(mean.begin(), mean.begin() + static_cast<std::ptrdiff_t>(frames));
    if (!uneven.empty()) uneven.erase(uneven.begin(), uneven.begin() + static_cast<std::ptrdiff_t>(frames));
}

void Downmix::pad(std::size_t frames) {
    mean.resize(mean.size() + frames, 0.0F);
    if (!uneven.empty()) uneven.resize(uneven.size() + frames, 0.0F);
}

}  // namespace birthmark
