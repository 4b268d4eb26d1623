#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace birthmark::voice_signature {

/// Mel scale of O'Shaughnessy (1987): 2595 log10(1 + hz / 700), and back.
double hz_to_mel(double hz);
double mel_to_hz(double mel);

/// Triangular filters over a power spectrum, equally spaced on the mel scale.
class BandFilters {
  public:
    /// `count` filters whose outer edges are `low` and `high` Hz, all frequencies multiplied by `warp`, for spectra of
    /// `bins` values `bin_hz` apart. Parts above the last bin are missing.
    BandFilters(std::size_t count, double low, double high, double warp, std::size_t bins, double bin_hz);

    std::size_t count() const { return first_.size(); }

    /// out[b] = sum over bins of weight * power; `power` has the bins of the constructor.
    void apply(std::span<const float> power, std::span<float> out) const;

  private:
    std::vector<std::size_t> first_;   // first bin of each filter
    std::vector<std::size_t> offset_;  // start of its weights; count() + 1 values
    std::vector<float> weights_;
};

/// Gains in dB per band, interpolated linearly on the mel scale to bins: 0 dB below half the lowest centre and from
/// 500 Hz above the highest.
class BandGains {
  public:
    BandGains(std::size_t count, double low, double high, std::size_t bins, double bin_hz);

    /// gain[k] = linear gain of bin k.
    void apply(std::span<const float> decibels, std::span<float> gain) const;

  private:
    struct Node {
        std::size_t band;
        float lower;  // weight of `band`
        float upper;  // weight of `band` + 1
    };
    std::vector<Node> nodes_;
};

}  // namespace birthmark::voice_signature
