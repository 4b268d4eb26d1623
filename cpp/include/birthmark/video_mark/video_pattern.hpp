#pragma once

#include <array>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "birthmark/keys/key.hpp"

namespace birthmark {

/// The keyed carrier of the video mark: a real random field, periodic in both directions of the picture and in time.
///
///     pattern(x, y, t) = Re sum over modes n and harmonics j of a[n][j] exp(2 pi i ((n.x x + n.y y) / T + j t / P))
///
/// x and y count in units of the picture's shorter side / 240 from its centre, so the mark scales with the picture;
/// T = 256 units, P = 4 seconds, j = -3 ... 3. The 512 modes of the payload (some 8 to 35 cycles per picture height)
/// have even n, so half a tile already tells them apart; each carries two code bits, one in the real and one in the
/// imaginary parts of its seven amplitudes, under keyed signs. The 24 modes of the sync template lie between them, each
/// at one harmonic with a keyed phase and far above the rest: peaks of the spectrum over space and time wherever the
/// picture was moved, turned, scaled, cropped or retimed (after Pereira and Pun 2000, extended to time).
class VideoPattern {
  public:
    static constexpr std::size_t kTile = 256;
    static constexpr std::size_t kModes = 512;
    static constexpr std::size_t kCodeBits = 512;
    static constexpr int kHarmonics = 3;
    static constexpr std::size_t kSlots = 2 * kHarmonics + 1;
    static constexpr std::size_t kSyncModes = 24;
    static constexpr double kPeriod = 4.0;
    static constexpr double kLines = 240.0;
    static constexpr double kSyncEnergy = 0.18;

    struct Mode {
        std::int8_t x;
        std::int8_t y;
        std::uint16_t code[2];  ///< code bits carried by the real and by the imaginary part
        float gain;             ///< amplitude of each of its harmonics
        std::int8_t sign[2][kSlots];
    };

    struct SyncMode {
        std::int8_t x;
        std::int8_t y;
        std::int8_t harmonic;
        float phase;  ///< radians
    };

    explicit VideoPattern(const Key& key);

    std::span<const Mode> modes() const { return modes_; }
    std::span<const SyncMode> sync() const { return sync_; }

    /// Amplitude of every sync mode.
    static float sync_gain();

    /// Amplitudes a[n][j] of the payload's modes for `chips` (kCodeBits values, +1 or -1), index
    /// n * kSlots + j + kHarmonics. With the sync template the mean square of the pattern over space and time is 1.
    std::vector<std::complex<float>> amplitudes(std::span<const std::int8_t> chips) const;

  private:
    void place_modes();
    void draw_code(const Key& key);
    void draw_sync(const Key& key);

    std::vector<Mode> modes_;
    std::array<SyncMode, kSyncModes> sync_{};
};

}  // namespace birthmark
