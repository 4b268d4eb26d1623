#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "birthmark/audio_mark/embed_stream.hpp"
#include "birthmark/audio_mark/gain_plan.hpp"

namespace birthmark::audio_mark {

/// Gathers the quality figures of an EmbedReport.
class EmbedQuality {
  public:
    EmbedQuality();

    /// Host and mark at 16 kHz, mean of the channels, kSlotSamples of each.
    void add_samples(std::span<const float> host, std::span<const float> mark);

    /// Levels of one slot of the host and the gains that it gets.
    void add_slot(const LevelMap& levels, std::size_t row, const SlotGains& gains);

    /// Fills in the quality fields.
    void write(EmbedReport& report) const;

  private:
    static constexpr std::size_t kBins = 240;  // of a quarter dB, from -10 to 50 dB

    std::array<float, kTiles> k_weight_{};
    std::array<std::size_t, kTiles> reach_{};  // tiles to either side within the critical band
    double host_energy_ = 0.0;
    double mark_energy_ = 0.0;
    double segmental_ = 0.0;
    std::size_t segments_ = 0;
    double loud_before_ = 0.0;
    double loud_after_ = 0.0;
    std::array<std::size_t, kBins> margins_{};
};

}  // namespace birthmark::audio_mark
