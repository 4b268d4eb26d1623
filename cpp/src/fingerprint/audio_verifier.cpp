#include "birthmark/fingerprint/audio_verifier.hpp"

#include <algorithm>
#include <cmath>

#include "birthmark/fingerprint/audio_refiner.hpp"

namespace birthmark {
namespace {

constexpr double kShiftsAndScales = 9.0 * 25.0;  // what vote() tries for each offset
constexpr double kShortest = 48.0;               // rows
constexpr double kPromising = -3.0;              // log10_p of a window that is worth extending
constexpr double kSameRows = 20.0;

// A z whose tail is no smaller than this; as large as can be told.
double z_of(double log10_tail) {
    double low = 0.0;
    double high = 100.0;
    for (int i = 0; i < 60; ++i) {
        const double middle = 0.5 * (low + high);
        (log10_normal_tail(middle) >= log10_tail ? low : high) = middle;
    }
    return low;
}

std::vector<AudioAlignment> best_of_each_passage(std::vector<AudioAlignment> found) {
    std::stable_sort(found.begin(), found.end(),
                     [](const AudioAlignment& a, const AudioAlignment& b) { return a.log10_p < b.log10_p; });
    std::vector<AudioAlignment> result;
    for (const AudioAlignment& a : found) {
        const bool covered = std::any_of(result.begin(), result.end(), [&](const AudioAlignment& b) {
            return std::min(a.query_end, b.query_end) - std::max(a.query_start, b.query_start) >
                   0.5 * std::min(a.query_end - a.query_start, b.query_end - b.query_start);
        });
        if (!covered) {
            result.push_back(a);
        }
    }
    return result;
}

}  // namespace

AudioVerifier::AudioVerifier(const AudioFingerprint& query, double search_rows) : query_(query) {
    const double windows = AudioWindows::count(query.rows);
    log10_search_ = std::log10(std::max(1.0, search_rows) * windows * kShiftsAndScales);
    promising_z_ = z_of(kPromising - log10_search_);
}

double AudioVerifier::log10_decoys(double z) const { return std::min(0.0, log10_search_ + log10_normal_tail(z)); }

AudioRange AudioVerifier::clip(AudioRange range, const AudioLine& line, const AudioFingerprint& reference) const {
    return {std::max({range.first, 0.0, line.query_row(0.0)}),
            std::min({range.last, static_cast<double>(query_.rows()), line.query_row(reference.rows)})};
}

std::optional<AudioVerifier::Found> AudioVerifier::follow(const AudioFingerprint& reference, AudioLine line,
                                                          AudioRange range, double most_log10_p) const {
    Found found;
    found.line = refine(query_, reference, refine(query_, reference, line, range, true), range, false);
    found.range = clip(range, found.line, reference);
    // What is not promising keeps its log10_p.
    const bool only_promising = most_log10_p < kPromising;
    found.score = score(query_, reference, found.line, found.range, only_promising ? promising_z_ : 0.0);
    if (log10_decoys(found.score.z) < kPromising) {
        found.line = refine_anew(query_, reference, found.line, found.range);
        found.score = score(query_, reference, found.line, found.range, 0.0);
        extend(reference, found);
    } else if (only_promising) {
        return std::nullopt;
    }
    judge(reference, found);
    return found;
}

void AudioVerifier::extend(const AudioFingerprint& reference, Found& found) const {
    for (int round = 0; round < 16; ++round) {
        const AudioNull& null = found.score.null;
        const double height = null.mean + found.score.z * null.deviation;
        const AudioRange range = found.range;
        const AudioRange longer = extent(query_, reference, found.line, range, null.mean, height);
        if (longer.length() < kShortest) {
            return;
        }
        const AudioLine better = refine(query_, reference, found.line, longer, false);
        const AudioScore now = score(query_, reference, better, longer, 0.0);
        if (now.z <= found.score.z && longer.length() > range.length()) {
            return;
        }
        found.line = better;
        found.range = longer;
        found.score = now;
        if (std::abs(longer.first - range.first) <= 2.0 && std::abs(longer.last - range.last) <= 2.0) {
            return;
        }
    }
}

void AudioVerifier::judge(const AudioFingerprint& reference, Found& found) const {
    const AudioLine& line = found.line;
    const AudioRange range = found.range;
    AudioAlignment& a = found.alignment;
    a.partials = {query_.mean_partial(reference, line, range, AudioSurface::Look::kDirect),
                  query_.mean_partial(reference, line, range, AudioSurface::Look::kRoom), found.score.peaks};
    a.query_start = range.first * AudioGrid::kRowSeconds;
    a.query_end = range.last * AudioGrid::kRowSeconds;
    a.reference_start = std::max(0.0, line.reference_row(range.first)) * AudioGrid::kRowSeconds;
    a.reference_end = std::min<double>(reference.rows, line.reference_row(range.last)) * AudioGrid::kRowSeconds;
    a.speed = line.scale;
    a.semitones = line.shift * 12.0 / AudioGrid::kBandsPerOctave;
    a.score = found.score.z;
    a.decoys = found.score.null.decoys;
    a.log10_p = std::max(log10_decoys(found.score.z), log10_retake(a.partials));
}

std::vector<AudioAlignment> AudioVerifier::verify(const AudioFingerprint& reference,
                                                  std::span<const AudioCandidate> candidates,
                                                  double most_log10_p) const {
    std::vector<AudioCandidate> order(candidates.begin(), candidates.end());
    std::stable_sort(order.begin(), order.end(),
                     [](const AudioCandidate& a, const AudioCandidate& b) { return a.votes > b.votes; });
    std::vector<Found> found;
    for (const AudioCandidate& candidate : order) {
        const AudioLine line{candidate.scale, candidate.offset, candidate.shift};
        const AudioRange range =
            clip({static_cast<double>(candidate.first), static_cast<double>(candidate.last)}, line, reference);
        const double middle = range.middle();
        const bool known = std::any_of(found.begin(), found.end(), [&](const Found& f) {
            return f.alignment.log10_p < kPromising && middle > f.range.first && middle < f.range.last &&
                   std::abs(f.line.reference_row(middle) - line.reference_row(middle)) < kSameRows;
        });
        if (known || range.length() < kShortest) {
            continue;
        }
        if (const auto one = follow(reference, line, range, most_log10_p)) {
            found.push_back(*one);
        }
    }
    std::vector<AudioAlignment> listed;
    for (const Found& f : found) {
        if (f.alignment.log10_p <= most_log10_p) {
            listed.push_back(f.alignment);
        }
    }
    return best_of_each_passage(std::move(listed));
}

}  // namespace birthmark
