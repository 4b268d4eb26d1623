#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "birthmark/fingerprint/audio_fingerprint.hpp"

namespace birthmark {

/// How a query and a recording may lie: reference row = scale * query row + offset, query band = reference band +
/// shift.
struct AudioLine {
    double scale;
    double offset;
    double shift;

    double query_row(double reference_row) const { return (reference_row - offset) / scale; }
    double reference_row(double query_row) const { return scale * query_row + offset; }
};

/// Rows of a query.
struct AudioRange {
    double first;
    double last;

    double length() const { return last - first; }
    double middle() const { return 0.5 * (first + last); }
};

/// The whitened spectrogram of a query, as it is and sharpened, read between its cells.
class AudioSurface {
  public:
    enum class Kind { kPlain, kSharp };

    /// For partials: at a row alone, or gathered over the 64 ms from there on, as a room delays and spreads them.
    enum class Look { kDirect, kRoom };

    /// The query must have a surface and outlive this object. Throws ArgumentError otherwise.
    explicit AudioSurface(const AudioFingerprint& query);

    std::uint32_t rows() const { return query_.rows; }

    /// Whether a peak at this band of the query would be on the surface.
    static bool has_band(double band) { return band >= 0.0 && band <= static_cast<double>(AudioGrid::kBands - 1); }

    double height(double row, double band, Kind kind) const;

    /// How clearly a partial runs through here, -1 to 2: the contrast across bands, bounded, and 1 where the surface
    /// is a ridge. Part of the contrast 32 ms before is taken off, since partials ring on in a room.
    double partial(double row, double band, Look look) const;

    /// Mean height at the peaks of the recording that fall into `range`, and their number; 0 where there are none.
    double mean_height(const AudioFingerprint& reference, const AudioLine& line, AudioRange range, Kind kind,
                       std::uint32_t* count) const;

    /// Mean of partial() at the same peaks; 0 where there are none.
    double mean_partial(const AudioFingerprint& reference, const AudioLine& line, AudioRange range, Look look) const;

  private:
    static constexpr double kSteps = 32.0;

    void sharpen();

    const AudioFingerprint& query_;
    std::vector<std::int8_t> sharp_;
};

inline double AudioSurface::height(double row, double band, Kind kind) const {
    constexpr auto bands = static_cast<std::ptrdiff_t>(AudioGrid::kBands);
    const double r = std::clamp(row, 0.0, static_cast<double>(query_.rows) - 1.0001);
    const double b = std::clamp(band, 0.0, static_cast<double>(bands) - 1.0001);
    const auto r0 = static_cast<std::ptrdiff_t>(r);
    const auto b0 = static_cast<std::ptrdiff_t>(b);
    const double x = r - static_cast<double>(r0);
    const double y = b - static_cast<double>(b0);
    const std::int8_t* cell = (kind == Kind::kSharp ? sharp_ : query_.surface).data() + r0 * bands + b0;
    const double low = (1.0 - y) * cell[0] + y * cell[1];
    const double high = (1.0 - y) * cell[bands] + y * cell[bands + 1];
    return ((1.0 - x) * low + x * high) / kSteps;
}

/// Peaks of a recording in rows from `first` up to `last`.
std::span<const AudioPeak> peaks_between(const AudioFingerprint& reference, double first, double last);

}  // namespace birthmark
