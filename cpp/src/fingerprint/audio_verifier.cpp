#include "birthmark/fingerprint/audio_verifier.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <string>

#include "birthmark/errors.hpp"

namespace birthmark {
namespace {

constexpr double kSurfaceSteps = 32.0;
constexpr double kShiftsAndScales = 9.0 * 25.0;  // what vote() tries for each offset
constexpr std::uint32_t kFewestPeaks = 12;
constexpr double kNearRows = 12.0;  // lags this near to the alignment are no decoys
constexpr double kDecoyStep = 6.0;  // rows between decoys, about the correlation length of the surface
constexpr std::size_t kMostDecoys = 256;
constexpr double kPromising = -3.0;  // log10_p of a window that is worth extending
constexpr double kSnapRows = 40.0;   // 0.64 s
constexpr double kSameRows = 20.0;
constexpr double kWidestShift = 5.0;
constexpr std::ptrdiff_t kSharpRows = 2;
constexpr std::ptrdiff_t kSharpBands = 2;
constexpr double kScaleLow = 0.86;
constexpr double kScaleHigh = 1.16;

// The second null: another take of the same words by the same voice, as prompts and rehearsed readings hold them.
// Measured on phrases that six voices repeat, 1 to 5 s long; short phrases vary more.
double log10_retake(double height, std::uint32_t count) {
    const double deviation = 0.0135 + 4.3 / std::max(1.0, static_cast<double>(count));
    return std::min(0.0, log10_normal_tail((height - 0.25) / deviation));
}

double overlap(double a0, double a1, double b0, double b1) { return std::min(a1, b1) - std::max(a0, b0); }

}  // namespace

double log10_normal_tail(double z) {
    if (z < 20.0) {
        return std::log10(0.5 * std::erfc(z / std::numbers::sqrt2));
    }
    // Mills' ratio, relative error below 1e-5 here.
    const double series = 1.0 - 1.0 / (z * z) + 3.0 / (z * z * z * z);
    return (-0.5 * z * z + std::log(series / (z * std::sqrt(2.0 * std::numbers::pi)))) / std::numbers::ln10;
}

// reference row = scale * query row + offset, query band = reference band + shift
struct AudioVerifier::Line {
    double scale;
    double offset;
    double shift;

    double query_row(double reference_row) const { return (reference_row - offset) / scale; }
    double reference_row(double query_row) const { return scale * query_row + offset; }
};

// Query rows.
struct AudioVerifier::Range {
    double first;
    double last;

    double length() const { return last - first; }
    double middle() const { return 0.5 * (first + last); }
};

struct AudioVerifier::Null {
    double mean = 0.0;
    double deviation = 1.0;
    std::uint32_t decoys = 0;
};

namespace {

std::span<const AudioPeak> peaks_between(const AudioFingerprint& reference, double first, double last) {
    const auto before = [](const AudioPeak& peak, double row) { return static_cast<double>(peak.row) < row; };
    const auto from = std::lower_bound(reference.peaks.begin(), reference.peaks.end(), first, before);
    const auto to = std::lower_bound(from, reference.peaks.end(), last, before);
    return {from, to};
}

}  // namespace

AudioVerifier::AudioVerifier(const AudioFingerprint& query, double search_rows) : query_(query) {
    if (query.surface.size() != query.rows * AudioGrid::kBands) {
        throw ArgumentError("query has a surface of " + std::to_string(query.surface.size()) + " cells; allowed: " +
                            std::to_string(query.rows * AudioGrid::kBands) + ", one for each row and band");
    }
    sharpen();
    const double windows = AudioWindows::count(query.rows);
    log10_search_ = std::log10(std::max(1.0, search_rows) * windows * kShiftsAndScales);
}

// A copy has its peaks where the original has them; another take of the same words only has them nearby. So every cell
// is taken against those two rows and two bands away.
void AudioVerifier::sharpen() {
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

double AudioVerifier::height(double row, double band, const std::vector<std::int8_t>& surface) const {
    constexpr auto bands = static_cast<std::ptrdiff_t>(AudioGrid::kBands);
    const double r = std::clamp(row, 0.0, static_cast<double>(query_.rows) - 1.0001);
    const double b = std::clamp(band, 0.0, static_cast<double>(bands) - 1.0001);
    const auto r0 = static_cast<std::ptrdiff_t>(r);
    const auto b0 = static_cast<std::ptrdiff_t>(b);
    const double x = r - static_cast<double>(r0);
    const double y = b - static_cast<double>(b0);
    const std::int8_t* cell = surface.data() + r0 * bands + b0;
    const double low = (1.0 - y) * cell[0] + y * cell[1];
    const double high = (1.0 - y) * cell[bands] + y * cell[bands + 1];
    return ((1.0 - x) * low + x * high) / kSurfaceSteps;
}

double AudioVerifier::mean_height(const AudioFingerprint& reference, const Line& line, Range range,
                                  const std::vector<std::int8_t>& surface, std::uint32_t* count) const {
    double sum = 0.0;
    std::uint32_t n = 0;
    for (const AudioPeak& peak :
         peaks_between(reference, line.reference_row(range.first), line.reference_row(range.last))) {
        const double band = peak.band + line.shift;
        if (band >= 0.0 && band <= static_cast<double>(AudioGrid::kBands - 1)) {
            sum += height(line.query_row(peak.row), band, surface);
            ++n;
        }
    }
    *count = n;
    return n == 0 ? 0.0 : sum / n;
}

// Pattern search (Hooke and Jeeves, 1961) for the highest sum over root of count.
AudioVerifier::Line AudioVerifier::refine(const AudioFingerprint& reference, Line line, Range range,
                                          bool coarse) const {
    const double pivot = range.middle();
    const auto value = [&](const Line& l) {
        if (std::abs(l.shift) > kWidestShift || l.scale < kScaleLow || l.scale > kScaleHigh) {
            return -1e9;
        }
        std::uint32_t n = 0;
        const double mean = mean_height(reference, l, range, coarse ? query_.surface : sharp_, &n);
        return mean * std::sqrt(static_cast<double>(n));
    };
    double best = value(line);
    const auto attempt = [&](double rows, double scale, double shift) {
        const double new_scale = line.scale + scale;
        const Line next{new_scale, line.reference_row(pivot) + rows - new_scale * pivot, line.shift + shift};
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

AudioVerifier::Null AudioVerifier::null_of(const AudioFingerprint& reference, const Line& line, Range range) const {
    const auto peaks = peaks_between(reference, line.reference_row(range.first), line.reference_row(range.last));
    const double length = range.length();
    const double step = std::max(kDecoyStep, 2.0 * length / static_cast<double>(kMostDecoys));
    Null null;
    double sum = 0.0;
    double squares = 0.0;
    const auto decoy = [&](double lag, bool backwards) {
        double total = 0.0;
        double n = 0.0;
        for (const AudioPeak& peak : peaks) {
            const double band = peak.band + line.shift;
            if (band < 0.0 || band > static_cast<double>(AudioGrid::kBands - 1)) {
                continue;
            }
            double at = line.query_row(peak.row) - range.first;
            at = (backwards ? length - at : at) + lag;
            at -= at >= length ? length : 0.0;
            total += height(range.first + at, band, sharp_);
            n += 1.0;
        }
        if (n > 0.0) {
            sum += total / n;
            squares += total / n * (total / n);
            ++null.decoys;
        }
    };
    for (double lag = kNearRows; lag < length - kNearRows; lag += step) {
        decoy(lag, false);
    }
    for (double lag = 0.0; lag < length; lag += step) {
        decoy(lag, true);
    }
    if (null.decoys > 1) {
        null.mean = sum / null.decoys;
        const double variance = (squares - sum * null.mean) / (null.decoys - 1.0);
        null.deviation = std::sqrt(std::max(variance, 1e-6));
    }
    return null;
}

double AudioVerifier::score(const AudioFingerprint& reference, const Line& line, Range range, Null* null,
                            std::uint32_t* count) const {
    const double mean = mean_height(reference, line, range, sharp_, count);
    *null = null_of(reference, line, range);
    return *count < kFewestPeaks || null->decoys < 20 ? 0.0 : (mean - null->mean) / null->deviation;
}

// The stretch of the line around `seed`, at most doubled on either side, where peaks stand out: the largest sum of
// heights above the threshold halfway between true and false (Kadane).
AudioVerifier::Range AudioVerifier::extent(const AudioFingerprint& reference, const Line& line, Range seed,
                                           const Null& null, double mean) const {
    const double reach = seed.length();
    const double begin = std::max({0.0, line.query_row(0.0), seed.first - reach});
    const double end = std::min({static_cast<double>(query_.rows), line.query_row(reference.rows), seed.last + reach});
    const double threshold = 0.5 * (mean + null.mean);
    double best = -1.0;
    double sum = 0.0;
    double from = begin;
    Range range = seed;
    double last_at = begin;
    for (const AudioPeak& peak : peaks_between(reference, line.reference_row(begin), line.reference_row(end))) {
        const double band = peak.band + line.shift;
        if (band < 0.0 || band > static_cast<double>(AudioGrid::kBands - 1)) {
            continue;
        }
        const double at = line.query_row(peak.row);
        if (sum <= 0.0) {
            sum = 0.0;
            from = at;
        }
        sum += height(at, band, sharp_) - threshold;
        last_at = at;
        if (sum > best && overlap(from, last_at, seed.first, seed.last) > 0.0) {
            best = sum;
            range = {from, last_at};
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

std::vector<AudioAlignment> AudioVerifier::verify(const AudioFingerprint& reference,
                                                  std::span<const AudioCandidate> candidates) const {
    std::vector<AudioCandidate> order(candidates.begin(), candidates.end());
    std::stable_sort(order.begin(), order.end(),
                     [](const AudioCandidate& a, const AudioCandidate& b) { return a.votes > b.votes; });
    struct Found {
        AudioAlignment alignment;
        Line line;
        Range range;
    };
    std::vector<Found> found;
    for (const AudioCandidate& candidate : order) {
        Line line{candidate.scale, candidate.offset, candidate.shift};
        const auto clip = [&](Range r, const Line& l) {
            return Range{std::max({r.first, 0.0, l.query_row(0.0)}),
                         std::min({r.last, static_cast<double>(query_.rows), l.query_row(reference.rows)})};
        };
        Range range = clip({static_cast<double>(candidate.first), static_cast<double>(candidate.last)}, line);
        const double middle = range.middle();
        const bool known = std::any_of(found.begin(), found.end(), [&](const Found& f) {
            return f.alignment.log10_p < kPromising && middle > f.range.first && middle < f.range.last &&
                   std::abs(f.line.reference_row(middle) - line.reference_row(middle)) < kSameRows;
        });
        if (known || range.length() < 4.0 * kNearRows) {
            continue;
        }
        line = refine(reference, refine(reference, line, range, true), range, false);
        range = clip(range, line);
        Null null;
        std::uint32_t count = 0;
        double z = score(reference, line, range, &null, &count);
        double log10_p = std::min(0.0, log10_search_ + log10_normal_tail(z));
        if (log10_p < kPromising) {
            for (int round = 0; round < 16; ++round) {
                const Range longer = extent(reference, line, range, null, null.mean + z * null.deviation);
                if (longer.length() < 4.0 * kNearRows) {
                    break;
                }
                const Line better = refine(reference, line, longer, false);
                Null new_null;
                std::uint32_t new_count = 0;
                const double new_z = score(reference, better, longer, &new_null, &new_count);
                const bool grown =
                    std::abs(longer.first - range.first) > 2.0 || std::abs(longer.last - range.last) > 2.0;
                if (new_z <= z && longer.length() > range.length()) {
                    break;
                }
                line = better;
                range = longer;
                null = new_null;
                count = new_count;
                z = new_z;
                if (!grown) {
                    break;
                }
            }
            log10_p = std::min(0.0, log10_search_ + log10_normal_tail(z));
        }
        const double height = mean_height(reference, line, range, sharp_, &count);
        AudioAlignment alignment;
        alignment.query_start = range.first * AudioGrid::kRowSeconds;
        alignment.query_end = range.last * AudioGrid::kRowSeconds;
        alignment.reference_start = std::max(0.0, line.reference_row(range.first)) * AudioGrid::kRowSeconds;
        alignment.reference_end =
            std::min<double>(reference.rows, line.reference_row(range.last)) * AudioGrid::kRowSeconds;
        alignment.speed = line.scale;
        alignment.semitones = line.shift * 12.0 / AudioGrid::kBandsPerOctave;
        alignment.score = z;
        alignment.height = height;
        alignment.log10_p = std::max(log10_p, log10_retake(height, count));
        alignment.peaks = count;
        alignment.decoys = null.decoys;
        found.push_back({alignment, line, range});
    }
    std::stable_sort(found.begin(), found.end(),
                     [](const Found& a, const Found& b) { return a.alignment.log10_p < b.alignment.log10_p; });
    std::vector<AudioAlignment> result;
    for (const Found& f : found) {
        const AudioAlignment& a = f.alignment;
        const bool covered = std::any_of(result.begin(), result.end(), [&](const AudioAlignment& b) {
            return overlap(a.query_start, a.query_end, b.query_start, b.query_end) >
                   0.5 * std::min(a.query_end - a.query_start, b.query_end - b.query_start);
        });
        if (!covered) {
            result.push_back(a);
        }
    }
    return result;
}

}  // namespace birthmark
