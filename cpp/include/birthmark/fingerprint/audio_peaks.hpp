#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "birthmark/fingerprint/audio_fingerprint.hpp"

namespace birthmark {

/// Finds the peaks of whitened rows: larger than everything within 4 rows and 2 bands, above 0.3, and among the 40
/// largest within half a second on either side.
class AudioPeakPicker {
  public:
    static constexpr std::size_t kRowsAround = 4;
    static constexpr std::size_t kBandsAround = 2;
    static constexpr float kFloor = 0.3F;
    static constexpr std::uint32_t kRivalRows = 31;
    static constexpr std::size_t kRivals = 40;

    void push(const BandRow& row, std::vector<AudioPeak>& out);

    /// Delivers the last peaks and resets.
    void flush(std::vector<AudioPeak>& out);

  private:
    struct Raw {
        std::uint32_t row;
        std::uint8_t band;
        float height;
    };

    static constexpr std::size_t kRing = 2 * kRowsAround + 1;

    void advance(const BandRow& row);
    void find(std::uint32_t row);
    void judge(std::uint32_t known_rows, std::vector<AudioPeak>& out);

    std::array<BandRow, kRing> rows_{};
    std::array<BandRow, kRing> across_{};  // maximum over neighbouring bands
    std::uint32_t rows_in_ = 0;
    std::deque<Raw> raw_;
    std::size_t judged_ = 0;  // raw_[0 ... judged_) are kept only as rivals
};

}  // namespace birthmark
