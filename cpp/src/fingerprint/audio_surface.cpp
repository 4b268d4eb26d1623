#include "birthmark/fingerprint/audio_surface.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <string>

#include "birthmark/errors.hpp"

namespace birthmark {
namespace {

constexpr std::ptrdiff_t kSharpRows = 2;
constexpr std::ptrdiff_t kSharpBands = 2;
constexpr double kRingingRows = 2.0;
constexpr double kRinging = 0.6;
constexpr int kRoomRows = 4;
constexpr double kClearContrast = 0.8;
constexpr std::array kBeside{-2.0, -1.0, 1.0, 2.0};  // bands

struct Mean {
    double value = 0.0;
    std::uint32_t count = 0;
};

/// Mean of what `measure` says of the rows and bands of a query where the peaks of the recording should be.
template <class Measure>
Mean mean_at_peaks(const AudioFingerprint& reference, const AudioLine& line, AudioRange range, const Measure& measure) {
    double sum = 0.0;
    std::uint32_t n = 0;
    for (const AudioPeak& peak :
         peaks_between(reference, line.reference_row(range.first), line.reference_row(range.last))) {
        const double band = peak.band + line.shift;
        if (AudioSurface::has_band(band)) {
            sum += measure(line.query_row(peak.row), band);
            ++n;
        }
    }
    return {n == 0 ? 0.0 : sum / n, n};
}

}  // namespace

AudioSurface::AudioSurface(const AudioFingerprint& query) : query_(query) {
    if (query.surface.size() != query.rows * AudioGrid::kBands) {
        throw ArgumentError("query has a surface of " + std::to_string(query.surface.size()) + " cells; allowed: " +
                            std::to_string(query.rows * AudioGrid::kBands) + ", one for each row and band");
    }
    sharpen();
}

// A copy has its peaks where the original has them; another take of the same words only has them nearby. So every cell
// is taken against those two rows and two bands away.
void AudioSurface::sharpen() {
    constexpr auto bands = static_cast<std::ptrdiff_t>(AudioGrid::kBands);
    const auto rows = static_cast<std::ptrdiff_t>(query_.rows);
    sharp_.resize(query_.surface.size());
    for (std::ptrdiff_t r = 0; r < rows; ++r) {
        const std::int8_t* here = query_.surface.data() + r * bands;
        const std::int8_t* before = query_.surface.data() + std::max<std::ptrdiff_t>(r - kSharpRows, 0) * bands;
        const std::int8_t* after = query_.surface.data() + std::min(r + kSharpRows, rows - 1) * bands;
        for (std::ptrdiff_t b = 0; b < bands; ++b) {
            const int around = before[b] + after[b] + here[std::max<std::ptrdiff_t>(b - kSharpBands, 0)] +
                               here[std::min(b + kSharpBands, bands - 1)];
            sharp_[static_cast<std::size_t>(r * bands + b)] =
                static_cast<std::int8_t>(std::clamp(here[b] - around / 4, -127, 127));
        }
    }
}

double AudioSurface::partial(double row, double band, Look look) const {
    // The band, then those beside it, averaged over rows.
    const auto gather = [&](double first, int rows) {
        std::array<double, 1 + kBeside.size()> cells{};
        for (int r = 0; r < rows; ++r) {
            cells[0] += height(first + r, band, Kind::kPlain) / rows;
            for (std::size_t i = 0; i < kBeside.size(); ++i) {
                cells[1 + i] += height(first + r, band + kBeside[i], Kind::kPlain) / rows;
            }
        }
        return cells;
    };
    const auto contrast = [](const auto& cells) {
        const double beside = std::accumulate(cells.begin() + 1, cells.end(), 0.0);
        return cells[0] - beside / static_cast<double>(kBeside.size());
    };
    const auto here = gather(row, look == Look::kRoom ? kRoomRows : 1);
    const double ringing = kRinging * contrast(gather(row - kRingingRows, 1));
    const bool ridge = here[0] >= *std::max_element(here.begin() + 1, here.end());
    return std::clamp((contrast(here) - ringing) / kClearContrast, -1.0, 1.0) + (ridge ? 1.0 : 0.0);
}

double AudioSurface::mean_partial(const AudioFingerprint& reference, const AudioLine& line, AudioRange range,
                                  Look look) const {
    return mean_at_peaks(reference, line, range, [&](double row, double band) { return partial(row, band, look); })
        .value;
}

double AudioSurface::mean_height(const AudioFingerprint& reference, const AudioLine& line, AudioRange range, Kind kind,
                                 std::uint32_t* count) const {
    const auto mean =
        mean_at_peaks(reference, line, range, [&](double row, double band) { return height(row, band, kind); });
    *count = mean.count;
    return mean.value;
}

std::span<const AudioPeak> peaks_between(const AudioFingerprint& reference, double first, double last) {
    const auto before = [](const AudioPeak& peak, double row) { return static_cast<double>(peak.row) < row; };
    const auto from = std::lower_bound(reference.peaks.begin(), reference.peaks.end(), first, before);
    const auto to = std::lower_bound(from, reference.peaks.end(), last, before);
    return {from, to};
}

}  // namespace birthmark
