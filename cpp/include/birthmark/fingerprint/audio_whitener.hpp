#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "birthmark/fingerprint/audio_bands.hpp"

namespace birthmark {

/// Takes level, channel and noise floor out of a log spectrogram: every value becomes its distance from the mean of its
/// surroundings (33 rows x 25 bands, cut off at the borders) over their standard deviation plus 0.5.
class AudioWhitener {
  public:
    static constexpr std::size_t kRowsAround = 16;
    static constexpr std::size_t kBandsAround = 12;

    /// Takes the next row; calls `on_row(const BandRow&)` with the row of 16 rows ago.
    template <class OnRow>
    void push(const BandRow& row, OnRow&& on_row) {
        add(row);
        if (rows_in_ > kRowsAround) {
            emit();
            on_row(out_);
        }
    }

    /// Delivers the last rows and resets.
    template <class OnRow>
    void flush(OnRow&& on_row) {
        while (rows_out_ < rows_in_) {
            emit();
            on_row(out_);
        }
        *this = AudioWhitener();
    }

  private:
    static constexpr std::size_t kRing = 2 * kRowsAround + 2;

    void add(const BandRow& row);
    void emit();

    std::array<BandRow, kRing> ring_{};
    std::array<double, AudioGrid::kBands> sum_{};
    std::array<double, AudioGrid::kBands> squares_{};
    std::uint64_t rows_in_ = 0;
    std::uint64_t rows_out_ = 0;
    std::uint64_t rows_gone_ = 0;
    BandRow out_{};
};

}  // namespace birthmark
