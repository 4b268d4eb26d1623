#pragma once

#include <complex>
#include <cstddef>
#include <span>
#include <vector>

#include "birthmark/audio_mark/gain_plan.hpp"
#include "birthmark/spectrum/fft.hpp"
#include "birthmark/spectrum/overlap_add.hpp"
#include "birthmark/spectrum/window.hpp"

namespace birthmark::audio_mark {

/// Makes of one channel's frames what has to be added to it: the spectrum times (gain - 1).
class MarkFilter {
  public:
    static constexpr std::size_t kHop = kFrame / 2;

    MarkFilter() : fft_(kFrame), add_(kFrame, kHop), window_(make_window(Window::hann, kFrame)), frame_(kFrame) {
        spectrum_.resize(fft_.bins());
    }

    /// The next kHop samples of the mark; the frame starts where they do.
    std::span<const float> next(std::span<const float> samples, std::span<const float> factors) {
        for (std::size_t n = 0; n < kFrame; ++n) {
            frame_[n] = samples[n] * window_[n];
        }
        fft_.forward(frame_, spectrum_);
        for (std::size_t k = 0; k < spectrum_.size(); ++k) {
            spectrum_[k] *= factors[k];
        }
        fft_.inverse(spectrum_, frame_);
        return add_.add(frame_);
    }

  private:
    Fft fft_;
    OverlapAdd add_;
    std::vector<float> window_;
    std::vector<float> frame_;
    std::vector<std::complex<float>> spectrum_;
};

/// (gain - 1) per bin; gains are smoothed over three bins, so that no filter rings longer than its frame.
void bin_factors(const SlotGains& gains, std::span<float> factors);

}  // namespace birthmark::audio_mark
