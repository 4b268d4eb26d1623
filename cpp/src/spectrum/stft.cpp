#include "birthmark/spectrum/stft.hpp"

#include <algorithm>
#include <string>

#include "birthmark/errors.hpp"

namespace birthmark {
namespace {

std::vector<float> synthesis_window(std::span<const float> analysis, std::size_t hop) {
    std::vector<float> synthesis(analysis.size());
    for (std::size_t phase = 0; phase < hop; ++phase) {
        double power = 0.0;
        for (std::size_t n = phase; n < analysis.size(); n += hop) {
            power += static_cast<double>(analysis[n]) * analysis[n];
        }
        if (power < 1e-6) {
            throw ArgumentError("hop is " + std::to_string(hop) + "; allowed: one whose overlapped window has no zero");
        }
        for (std::size_t n = phase; n < analysis.size(); n += hop) {
            synthesis[n] = static_cast<float>(analysis[n] / power);
        }
    }
    return synthesis;
}

}  // namespace

Stft::Stft(std::size_t size, std::size_t hop, Window shape)
    : hop_(hop), fft_(size), analysis_(make_window(shape, size)), work_(size) {
    if (hop < 1 || hop > size) {
        throw ArgumentError("hop is " + std::to_string(hop) + "; allowed: 1 to size, " + std::to_string(size));
    }
    synthesis_ = synthesis_window(analysis_, hop);
}

void Stft::forward(std::span<const float> frame, std::span<std::complex<float>> spectrum) {
    if (frame.size() != size()) {
        throw ArgumentError("frame has " + std::to_string(frame.size()) +
                            " samples; allowed: " + std::to_string(size()));
    }
    for (std::size_t n = 0; n < work_.size(); ++n) {
        work_[n] = frame[n] * analysis_[n];
    }
    fft_.forward(work_, spectrum);
}

void Stft::inverse(std::span<const std::complex<float>> spectrum, std::span<float> frame) {
    fft_.inverse(spectrum, frame);
    for (std::size_t n = 0; n < frame.size(); ++n) {
        frame[n] *= synthesis_[n];
    }
}

}  // namespace birthmark
