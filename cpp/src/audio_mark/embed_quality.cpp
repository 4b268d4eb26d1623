#include "embed_quality.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>
#include <numeric>

#include "birthmark/spectrum/fast_math.hpp"

namespace birthmark::audio_mark {
namespace {

constexpr double kTileHz = kTileBins * kRate / kFrame;
constexpr double kMaskingOffsetDb = 5.5;  // noise masked by noise in its critical band (Johnston, 1988)
constexpr float kAudibleDb = -60.0F;      // tiles below this level, full scale being some 42 dB, are left out
constexpr double kLowestMargin = -10.0;
constexpr double kMarginStep = 0.25;

constexpr float kNeper = std::numbers::ln10_v<float> / 20.0F;  // per dB of amplitude

/// Power response of the K-weighting of BS.1770: a shelf of +4 dB above 1.7 kHz and a high-pass at 38 Hz.
double k_weighting(double hz) {
    const std::complex<double> s(0.0, hz);
    const double f = 1681.97;
    const double q = 0.7071752;
    const double v = std::pow(10.0, 3.999844 / 20.0);
    const double vb = std::pow(v, 0.4996668);
    const std::complex<double> shelf = (v * s * s + vb / q * f * s + f * f) / (s * s + f / q * s + f * f);
    const double g = 38.13547;
    const std::complex<double> high = s * s / (s * s + g / 0.5003270 * s + g * g);
    return std::norm(shelf * high);
}

}  // namespace

EmbedQuality::EmbedQuality() {
    for (std::size_t tile = 0; tile < kTiles; ++tile) {
        const double hz = tile_centre_hz(tile);
        k_weight_[tile] = static_cast<float>(k_weighting(hz));
        reach_[tile] = static_cast<std::size_t>(critical_band_hz(hz) / kTileHz / 2.0);
    }
}

void EmbedQuality::add_samples(std::span<const float> host, std::span<const float> mark) {
    const double h = std::inner_product(host.begin(), host.end(), host.begin(), 0.0);
    const double m = std::inner_product(mark.begin(), mark.end(), mark.begin(), 0.0);
    host_energy_ += h;
    mark_energy_ += m;
    if (h > 0.0 && m > 0.0) {
        segmental_ += std::clamp(10.0 * std::log10(h / m), -10.0, 35.0);
        ++segments_;
    }
}

void EmbedQuality::add_slot(const LevelMap& levels, std::size_t row, const SlotGains& gains) {
    std::array<double, kTiles> power{};
    std::array<double, kTiles> mark{};
    for (std::size_t tile = 0; tile < kTiles; ++tile) {
        const float level = levels.level(row, tile);
        if (level < kAudibleDb) continue;
        const double gain = exponential(gains[tile] * kNeper);
        power[tile] = exponential(level * 2.0F * kNeper);
        mark[tile] = power[tile] * (gain - 1.0) * (gain - 1.0);
        loud_before_ += power[tile] * k_weight_[tile];
        loud_after_ +=
            power[tile] * k_weight_[tile] * exponential(2.0F * GainPlan::kEnergyResponse * gains[tile] * kNeper);
    }
    for (std::size_t tile = 0; tile < kTiles; ++tile) {
        if (mark[tile] <= 0.0) continue;
        double masker = 0.0;
        double masked = 0.0;
        for (std::size_t t = tile - std::min(tile, reach_[tile]); t <= std::min(tile + reach_[tile], kTiles - 1); ++t) {
            masker += power[t];
            masked += mark[t];
        }
        const double margin = 10.0 * std::log10(masker / masked) - kMaskingOffsetDb;
        const double bin = std::clamp((margin - kLowestMargin) / kMarginStep, 0.0, static_cast<double>(kBins - 1));
        ++margins_[static_cast<std::size_t>(bin)];
    }
}

void EmbedQuality::write(EmbedReport& report) const {
    if (mark_energy_ > 0.0) report.snr_db = 10.0 * std::log10(host_energy_ / mark_energy_);
    if (segments_ > 0) report.segmental_snr_db = segmental_ / static_cast<double>(segments_);
    if (loud_before_ > 0.0) report.loudness_change_lu = 10.0 * std::log10(loud_after_ / loud_before_);
    const std::size_t total = std::accumulate(margins_.begin(), margins_.end(), std::size_t{0});
    std::size_t below = 0;
    for (std::size_t bin = 0; bin < kBins && total > 0; ++bin) {
        below += margins_[bin];
        if (below * 20 >= total) {
            report.masking_margin_db = kLowestMargin + kMarginStep * static_cast<double>(bin);
            break;
        }
    }
}

}  // namespace birthmark::audio_mark
