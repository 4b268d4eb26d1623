#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "birthmark/audio_mark/tiling.hpp"
#include "birthmark/spectrum/fft.hpp"

namespace birthmark::audio_mark {

/// How a suspect's clock and pitch differ from the original's: slots last `stretch` times as long, and frequencies are
/// `shift` times as high. Speed s is {1 / s, s}, tempo t is {1 / t, 1}, pitch p is {1, p}.
struct Warp {
    double stretch = 1.0;
    double shift = 1.0;

    friend bool operator==(const Warp&, const Warp&) = default;
};

/// Levels of tiles in dB, one row per time step; the tiles that are made louder (even) and quieter (odd) by a chip +1
/// lie apart, each padded with its edge value, so that filters over pairs vectorise.
class LevelMap {
  public:
    static constexpr std::size_t kHalf = 32;  ///< floats per half row: pairs -1 ... 27, then unused
    static constexpr std::size_t kRow = 2 * kHalf;

    void resize(std::size_t rows) { levels_.resize(rows * kRow); }
    [[nodiscard]] std::size_t rows() const { return levels_.size() / kRow; }
    float* row(std::size_t r) { return levels_.data() + r * kRow; }
    [[nodiscard]] const float* row(std::size_t r) const { return levels_.data() + r * kRow; }

    /// Writes row `r` from the mean powers of the kTiles tiles.
    void set(std::size_t r, std::span<const float, kTiles> powers);

    /// Level of one tile in dB.
    [[nodiscard]] float level(std::size_t r, std::size_t tile) const {
        return row(r)[(tile % 2) * kHalf + tile / 2 + 1];
    }

  private:
    std::vector<float> levels_;
};

/// Power spectra of a 16 kHz signal, frame after frame, and the tile levels that they give under any warp.
///
/// Frames of 512 samples every 8 ms. Frame k is centred on sample 128 k + 256 - kLead of the signal, so that tile n of
/// an unwarped recording, marked from its first sample on, is frames 4 n + 3 to 4 n + 6.
class PowerMap {
  public:
    static constexpr std::size_t kHop = 128;
    static constexpr std::size_t kFramesPerSlot = kSlotSamples / kHop;
    static constexpr std::size_t kLead = 448;
    static constexpr std::size_t kBins = 256;

    PowerMap();

    /// Appends the spectrum of one frame of kFrame samples.
    void add(std::span<const float> frame);

    /// Drops the first `frames` spectra.
    void drop(std::size_t frames);

    [[nodiscard]] std::size_t frames() const { return powers_.size() / kBins; }

    /// Powers of the tiles' bands at frequencies `shift` times theirs: frames() rows of kTiles.
    void bands(double shift, std::vector<float>& out) const;

    /// Tile levels, `phases` per slot: row r covers the slot that starts `r / phases` slots after the first frame.
    static void levels(std::span<const float> bands, double stretch, std::size_t phases, LevelMap& out);

  private:
    Fft fft_;
    std::vector<float> window_;
    std::vector<float> work_;
    std::vector<std::complex<float>> spectrum_;
    std::vector<float> powers_;
};

}  // namespace birthmark::audio_mark
