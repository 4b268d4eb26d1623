#pragma once

#include <complex>
#include <cstddef>
#include <span>
#include <vector>

#include "birthmark/spectrum/fft.hpp"
#include "birthmark/spectrum/window.hpp"

namespace birthmark {

/// Short-time Fourier transform, frame by frame: window and transform, and the way back.
///
/// The synthesis window is the analysis window divided by its overlap-added square (Griffin and Lim, 1984), so frames
/// that were not changed overlap-add (OverlapAdd) to the input exactly, for every window and hop whose overlapped
/// square has no zero. Cut the input with a Slicer; one object per thread.
class Stft {
  public:
    /// Frames of `size` samples every `hop` samples, 1 <= hop <= size. Throws ArgumentError otherwise, and where the
    /// window and hop leave samples that no frame carries.
    Stft(std::size_t size, std::size_t hop, Window shape = Window::sine);

    std::size_t size() const { return fft_.size(); }
    std::size_t hop() const { return hop_; }
    std::size_t bins() const { return fft_.bins(); }
    std::span<const float> window() const { return analysis_; }

    /// Spectrum of the windowed frame; `frame` has size() and `spectrum` bins() elements.
    void forward(std::span<const float> frame, std::span<std::complex<float>> spectrum);

    /// Windowed frame ready for overlap-add.
    void inverse(std::span<const std::complex<float>> spectrum, std::span<float> frame);

  private:
    std::size_t hop_;
    Fft fft_;
    std::vector<float> analysis_;
    std::vector<float> synthesis_;
    std::vector<float> work_;
};

}  // namespace birthmark
