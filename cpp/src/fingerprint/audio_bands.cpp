#include "birthmark/fingerprint/audio_bands.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "birthmark/errors.hpp"
#include "birthmark/multiversion.hpp"
#include "birthmark/spectrum/fast_math.hpp"
#include "birthmark/spectrum/window.hpp"

namespace birthmark {
namespace {

constexpr float kPowerFloor = 1e-9F;

std::size_t window_samples(double rate) {
    if (!(rate >= 8000.0)) {
        throw ArgumentError("rate is " + std::to_string(rate) + "; allowed: 8000 Hz and more");
    }
    return static_cast<std::size_t>(std::lround(AudioGrid::kWindowSeconds * rate));
}

BIRTHMARK_MULTIVERSION
void powers(const std::complex<float>* spectrum, float* power, std::size_t count) {
    for (std::size_t k = 0; k < count; ++k) {
        power[k] = spectrum[k].real() * spectrum[k].real() + spectrum[k].imag() * spectrum[k].imag();
    }
}

// Natural logarithms; error below 3e-5.
BIRTHMARK_MULTIVERSION
void logarithms(const BandRow& from, BandRow& to) {
    constexpr float kPerDecibel = std::numbers::ln10_v<float> / 10.0F;
    for (std::size_t b = 0; b < AudioGrid::kBands; ++b) {
        to[b] = kPerDecibel * decibels(from[b]);
    }
}

}  // namespace

AudioBands::AudioBands(double rate)
    : rate_(rate), window_(make_window(Window::hann, window_samples(rate))), fft_(Fft::good_size(window_.size())) {
    work_.assign(fft_.size(), 0.0F);
    spectrum_.resize(fft_.bins());
    power_.resize(fft_.bins());
    const double bin_hz = rate / static_cast<double>(fft_.size());
    const double widest_hz = 1.0 / AudioGrid::kWindowSeconds;
    for (std::size_t b = 0; b < AudioGrid::kBands; ++b) {
        const double centre = AudioGrid::kLowestHz * std::exp2(static_cast<double>(b) / AudioGrid::kBandsPerOctave);
        const double half = std::max(centre * (std::exp2(1.0 / AudioGrid::kBandsPerOctave) - 1.0), widest_hz);
        const auto first = static_cast<std::size_t>(std::floor((centre - half) / bin_hz)) + 1;
        const auto last = std::min(static_cast<std::size_t>(std::ceil((centre + half) / bin_hz)) - 1, fft_.bins() - 1);
        bands_[b] = {first, weights_.size(), last - first + 1};
        double sum = 0.0;
        for (std::size_t k = first; k <= last; ++k) {
            sum += 1.0 - std::abs(static_cast<double>(k) * bin_hz - centre) / half;
        }
        for (std::size_t k = first; k <= last; ++k) {
            const double weight = 1.0 - std::abs(static_cast<double>(k) * bin_hz - centre) / half;
            weights_.push_back(static_cast<float>(weight / sum / static_cast<double>(window_.size())));
        }
    }
}

std::uint64_t AudioBands::start(std::uint64_t row) const {
    return static_cast<std::uint64_t>(std::llround(static_cast<double>(row) * AudioGrid::kRowSeconds * rate_));
}

void AudioBands::row(std::span<const float> samples, BandRow& out) {
    for (std::size_t i = 0; i < window_.size(); ++i) {
        work_[i] = samples[i] * window_[i];
    }
    fft_.forward(work_, spectrum_);
    powers(spectrum_.data(), power_.data(), power_.size());
    for (std::size_t b = 0; b < AudioGrid::kBands; ++b) {
        const Band& band = bands_[b];
        float sum = kPowerFloor;
        for (std::size_t i = 0; i < band.count; ++i) {
            sum += weights_[band.first_weight + i] * power_[band.first_bin + i];
        }
        sums_[b] = sum;
    }
    logarithms(sums_, out);
}

}  // namespace birthmark
