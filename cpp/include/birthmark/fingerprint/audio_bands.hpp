#pragma once

#include <array>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "birthmark/spectrum/fft.hpp"

namespace birthmark {

/// The time-frequency grid of the audio fingerprint: rows every 16 ms of bands half a semitone apart from 250 Hz up.
/// A change of pitch or speed moves the pattern by whole bands: one semitone is two bands.
struct AudioGrid {
    static constexpr std::size_t kBands = 92;
    static constexpr double kBandsPerOctave = 24.0;
    static constexpr double kLowestHz = 250.0;
    static constexpr double kRowSeconds = 0.016;
    static constexpr double kWindowSeconds = 0.064;
};

using BandRow = std::array<float, AudioGrid::kBands>;

/// Log power in each band of Hann windows of 64 ms, whatever the rate. Row m starts at sample round(m * 0.016 * rate).
class AudioBands {
  public:
    /// Throws ArgumentError for rates below 8 kHz.
    explicit AudioBands(double rate);

    /// Samples of one window.
    std::size_t window() const { return window_.size(); }

    /// First sample of row m.
    std::uint64_t start(std::uint64_t row) const;

    /// Natural logarithm of band power + 1e-9, where a full scale sine has about 32 times its window seconds.
    void row(std::span<const float> samples, BandRow& out);

  private:
    struct Band {
        std::size_t first_bin;
        std::size_t first_weight;
        std::size_t count;
    };

    double rate_;
    std::vector<float> window_;
    Fft fft_;
    std::vector<float> work_;
    std::vector<std::complex<float>> spectrum_;
    std::vector<float> power_;
    std::array<Band, AudioGrid::kBands> bands_{};
    std::vector<float> weights_;
    BandRow sums_{};
};

}  // namespace birthmark
