#include "birthmark/fingerprint/audio_refiner.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace birthmark {
namespace {

constexpr double kWidestShift = 5.0;
constexpr double kScaleLow = 0.86;
constexpr double kScaleHigh = 1.16;
constexpr double kSnapRows = 40.0;  // 0.64 s

// Other lines through the middle of a range that a pattern search starts from: changes of scale, and rows by which a
// room may have delayed what was found.
constexpr std::array kOtherScales{0.0, -0.04, -0.02, 0.02, 0.04};
constexpr std::array kOtherRows{0.0, 5.0};

double mean_times_root(const AudioSurface& query, const AudioFingerprint& reference, const AudioLine& line,
                       AudioRange range, AudioSurface::Kind kind) {
    std::uint32_t n = 0;
    const double mean = query.mean_height(reference, line, range, kind, &n);
    return mean * std::sqrt(static_cast<double>(n));
}

}  // namespace

// Pattern search (Hooke and Jeeves, 1961) for the highest sum over root of count.
AudioLine refine(const AudioSurface& query, const AudioFingerprint& reference, AudioLine line, AudioRange range,
                 bool coarse) {
    const auto kind = coarse ? AudioSurface::Kind::kPlain : AudioSurface::Kind::kSharp;
    const double pivot = range.middle();
    const auto value = [&](const AudioLine& l) {
        if (std::abs(l.shift) > kWidestShift || l.scale < kScaleLow || l.scale > kScaleHigh) {
            return -1e9;
        }
        return mean_times_root(query, reference, l, range, kind);
    };
    double best = value(line);
    const auto attempt = [&](double rows, double scale, double shift) {
        const double new_scale = line.scale + scale;
        const AudioLine next{new_scale, line.reference_row(pivot) + rows - new_scale * pivot, line.shift + shift};
        const double got = value(next);
        if (got > best) {
            best = got;
            line = next;
            return true;
        }
        return false;
    };
    for (double step = coarse ? 4.0 : 1.0; step >= (coarse ? 1.0 : 0.25); step /= 2.0) {
        const double scale_step = 2.0 * step / range.length();
        const double shift_step = std::min(1.0, step / 2.0);
        for (int round = 0; round < 4; ++round) {
            bool better = false;
            for (const double sign : {-1.0, 1.0}) {
                better |= attempt(sign * step, 0.0, 0.0);
                better |= attempt(0.0, sign * scale_step, 0.0);
                better |= attempt(0.0, 0.0, sign * shift_step);
            }
            if (!better) {
                break;
            }
        }
    }
    return line;
}

AudioLine refine_anew(const AudioSurface& query, const AudioFingerprint& reference, AudioLine line, AudioRange range) {
    const double pivot = range.middle();
    const double at = line.reference_row(pivot);
    const auto value = [&](const AudioLine& l) {
        return mean_times_root(query, reference, l, range, AudioSurface::Kind::kSharp);
    };
    const double old_scale = line.scale;
    double best = value(line);
    const auto attempt = [&](double scale, double rows) {
        const AudioLine start{scale, at + rows - scale * pivot, line.shift};
        const AudioLine next = refine(query, reference, start, range, false);
        if (const double got = value(next); got > best) {
            best = got;
            line = next;
        }
    };
    for (const double rows : kOtherRows) {
        attempt(1.0, rows);
        for (const double change : kOtherScales) {
            attempt(old_scale + change, rows);
        }
    }
    return line;
}

// The largest sum of heights above the threshold halfway between true and false (Kadane).
AudioRange extent(const AudioSurface& query, const AudioFingerprint& reference, const AudioLine& line, AudioRange seed,
                  double false_mean, double true_mean) {
    const double reach = seed.length();
    const double begin = std::max({0.0, line.query_row(0.0), seed.first - reach});
    const double end = std::min({static_cast<double>(query.rows()), line.query_row(reference.rows), seed.last + reach});
    const double threshold = 0.5 * (true_mean + false_mean);
    double best = -1.0;
    double sum = 0.0;
    double from = begin;
    AudioRange range = seed;
    for (const AudioPeak& peak : peaks_between(reference, line.reference_row(begin), line.reference_row(end))) {
        const double band = peak.band + line.shift;
        if (!AudioSurface::has_band(band)) {
            continue;
        }
        const double at = line.query_row(peak.row);
        if (sum <= 0.0) {
            sum = 0.0;
            from = at;
        }
        sum += query.height(at, band, AudioSurface::Kind::kSharp) - threshold;
        if (sum > best && std::min(at, seed.last) > std::max(from, seed.first)) {
            best = sum;
            range = {from, at};
        }
    }
    if (range.first - begin < kSnapRows) {
        range.first = begin;
    }
    if (end - range.last < kSnapRows) {
        range.last = end;
    }
    return range;
}

}  // namespace birthmark
