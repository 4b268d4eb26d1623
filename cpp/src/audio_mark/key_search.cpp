#include "key_search.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <numeric>
#include <optional>

#include "warps.hpp"

namespace birthmark::audio_mark {
namespace {

constexpr std::size_t kChunkWindows = 12;    // long runs are also decoded in pieces: two payloads may follow each other
constexpr std::size_t kSplitWindows = 4;     // a pause of the mark longer than this makes two detections
constexpr std::size_t kThroughAttempts = 6;  // alignments of the whole span that are decoded besides the best path
constexpr double kLog10Mistaken = -4.0;      // most that any other payload may be expected to fit as well
constexpr double kLog10Payloads = 64.0 * std::numbers::ln2 * std::numbers::log10e;

/// The payload of the best candidate, if it passes the check and no other candidate, checked or not, fits better: where
/// the true word is not in the list, one of the wrong ones often passes the check by chance.
std::optional<std::uint64_t> most_likely(std::span<const Candidate> candidates) {
    if (candidates.empty() || !candidates.front().valid) return std::nullopt;
    const float best = candidates.front().correlation;
    const bool beaten = std::ranges::any_of(candidates, [&](const Candidate& c) { return c.correlation > best; });
    return beaten ? std::nullopt : std::optional(candidates.front().payload);
}

/// The alignments whose correlation summed over all windows is largest, best first.
std::vector<std::size_t> likely_alignments(const WindowScores& scores, std::size_t count) {
    std::vector<float> sums(scores.alignments, 0.0F);
    for (std::size_t i = 0; i < scores.correlation.size(); ++i) sums[i % scores.alignments] += scores.correlation[i];
    std::vector<std::size_t> order(scores.alignments);
    std::iota(order.begin(), order.end(), 0U);
    count = scores.windows == 0 ? 0 : std::min(count, order.size());
    std::ranges::partial_sort(order, order.begin() + static_cast<std::ptrdiff_t>(count),
                              [&](std::size_t a, std::size_t b) { return sums[a] > sums[b]; });
    order.resize(count);
    return order;
}

/// Correlation of each slot's soft chips with known chips along a path that is on in `window`, as if it went on beyond.
double slot_correlation(std::span<const float> soft, const Block& chips, std::size_t alignment, std::size_t row) {
    const std::size_t slot = (row + kSlots * kFinePhases - alignment) / kFinePhases % kSlots;
    const float* a = soft.data() + row * kPairs;
    return std::inner_product(a, a + kPairs, chips.begin() + static_cast<std::ptrdiff_t>(slot * kPairs), 0.0);
}

/// The place between `low` and `high` (slots from the alignment's grid) before which the mark is absent and from which
/// on it is present (`forward`), or the reverse: the maximum of the cumulative sum of correlation minus half its level.
double change_row(std::span<const float> soft, const Block& chips, std::size_t alignment, std::size_t low,
                  std::size_t high, double level, bool forward) {
    const std::size_t rows = soft.size() / kPairs;
    high = std::min(high, rows);
    std::size_t first = low + (alignment + kFinePhases - low % kFinePhases) % kFinePhases;
    double sum = 0.0;
    double best = 0.0;
    std::size_t at = forward ? high : first;
    std::vector<std::size_t> grid;
    for (std::size_t row = first; row < high; row += kFinePhases) grid.push_back(row);
    if (forward) std::ranges::reverse(grid);
    for (const std::size_t row : grid) {
        sum += slot_correlation(soft, chips, alignment, row) - level / 2.0;
        if (sum > best) {
            best = sum;
            at = forward ? row : row + kFinePhases;
        }
    }
    return static_cast<double>(std::min(at, rows));
}

}  // namespace

KeySearch::KeySearch(const Pattern& pattern, const PayloadCode& code, const DetectOptions& options, std::size_t key,
                     double log10_hypotheses)
    : pattern_(&pattern),
      code_(&code),
      options_(&options),
      key_(key),
      log10_hypotheses_(log10_hypotheses),
      sync_(KnownSlots::sync(pattern)) {}

double KeySearch::explained_s() const {
    double sum = 0.0;
    for (const Detection& d : found_) sum += d.end_s - d.start_s;
    return sum;
}

std::vector<bool> KeySearch::closed(std::size_t windows, double stretch) const {
    std::vector<bool> mask(found_.empty() ? 0 : windows, false);
    for (std::size_t w = 0; w < mask.size(); ++w) {
        const double middle = (static_cast<double>(w) + 0.5) * kWindowSeconds * stretch;
        mask[w] =
            std::ranges::any_of(found_, [&](const Detection& d) { return d.start_s <= middle && middle <= d.end_s; });
    }
    return mask;
}

double KeySearch::coarse_score(std::span<const float> soft, double stretch) const {
    WindowScores scores;
    scores.measure(soft, kCoarsePhases, sync_);
    return best_path(scores, closed(scores.windows, stretch)).score;
}

KeySearch::View KeySearch::refine(const PowerMap& map, const Warp& warp, Reading reading) const {
    std::vector<Warp> warps = neighbours(warp);
    warps.insert(warps.begin(), warp);
    View best;
    SoftMaker maker;
    WindowScores scores;
    for (const Warp& candidate : warps) {
        maker.shift(map, candidate.shift);
        const std::vector<float>& soft = maker.soft(candidate.stretch, kFinePhases, reading);
        scores.measure(soft, kFinePhases, sync_);
        Path path = best_path(scores, closed(scores.windows, candidate.stretch));
        if (best.soft.empty() || path.score > best.path.score) {
            best = {candidate, soft, scores, std::move(path)};
        }
    }
    return best;
}

double KeySearch::log10_payloads(bool issued) const {
    return issued ? std::log10(static_cast<double>(options_->issued->size())) : kLog10Payloads;
}

/// That the key's mark is there may rest on the sync chips for the most part; which payload it carries must not.
bool KeySearch::names_payload(const Agreement& agreement, bool issued) const {
    return agreement.log10_bits + log10_payloads(issued) <= kLog10Mistaken;
}

double KeySearch::log10_searched(const Path& path, bool issued) const {
    const double both = options_->issued != nullptr ? std::log10(2.0) : 0.0;
    return log10_payloads(issued) + both + path.log10_count(kSlots * kFinePhases) + log10_warps_ + log10_hypotheses_;
}

double KeySearch::log10_p(double log10_tail, const Path& path, bool issued) const {
    return std::min(0.0, log10_tail + log10_searched(path, issued));
}

KeySearch::Codeword KeySearch::codeword(std::uint64_t payload) const {
    Codeword word{};
    code_->encode(payload, word);
    return word;
}

/// What each path makes of the soft chips, in words that are sure enough. Issued payloads are searched for all paths in
/// one pass, and only for such as can be.
std::vector<KeySearch::Decoded> KeySearch::decode(std::span<const float> soft, std::span<const Path> paths) const {
    std::vector<Decoded> found;
    std::vector<Block> blocks;
    std::vector<float> bits(paths.size() * kCodeBits);
    std::vector<float> at_least;
    const auto bits_of = [&](std::size_t i) { return std::span(bits).subspan(i * kCodeBits, kCodeBits); };
    const auto consider = [&](std::size_t i, std::uint64_t payload, bool issued) {
        const Agreement agreement(blocks[i], *pattern_, codeword(payload));
        const double p = log10_p(agreement.log10_tail, paths[i], issued);
        if (p <= options_->max_log10_p && names_payload(agreement, issued)) found.push_back({payload, issued, p});
    };
    for (std::size_t i = 0; i < paths.size(); ++i) {
        const Block& block = blocks.emplace_back(fold(soft, kFinePhases, paths[i]));
        const double sync = pattern_->fold(block, bits_of(i));
        if (options_->issued == nullptr) continue;
        const double norm = std::sqrt(std::inner_product(block.begin(), block.end(), block.begin(), 0.0));
        const double z = least_z(block, options_->max_log10_p - log10_searched(paths[i], true));
        at_least.push_back(static_cast<float>(z * norm - sync));
    }
    if (options_->issued != nullptr) {
        const auto matches = options_->issued->best_of_each(bits, 1, at_least);
        for (std::size_t i = 0; i < paths.size(); ++i) {
            for (const auto& match : matches[i]) consider(i, match.id, true);
        }
    }
    PayloadDecoder decoder(*code_, options_->list_size);
    for (std::size_t i = 0; i < paths.size(); ++i) {
        if (const auto payload = most_likely(decoder.decode(bits_of(i)))) consider(i, *payload, false);
    }
    return found;
}

std::vector<Path> KeySearch::attempts(const View& view) const {
    const Path& path = view.path;
    const std::size_t windows = path.alignment.size();
    std::vector<Path> list;
    const auto offer = [&](Path one) {
        const auto same = [&](const Path& other) { return other.alignment == one.alignment; };
        if (one.runs > 0 && std::ranges::none_of(list, same)) list.push_back(std::move(one));
    };
    const auto add = [&](std::size_t begin, std::size_t end) {
        Path part = path.only(begin, end);
        part.count(kSlots * kFinePhases);
        offer(std::move(part));
    };
    offer(path);
    const Interval strongest = best_interval(view.scores, path);
    add(strongest.begin, strongest.end);
    std::size_t begin = 0;
    for (std::size_t w = 1; w <= windows; ++w) {
        const int step = w < windows ? std::abs(path.alignment[w] - path.alignment[w - 1]) : 2;
        if (step > 1) {
            if (path.alignment[begin] != Path::kOff) add(begin, w);
            begin = w;
        }
    }
    for (std::size_t w = 0; windows > kChunkWindows && w < windows; w += kChunkWindows / 2) {
        add(w, std::min(w + kChunkWindows, windows));
    }
    for (const std::size_t alignment : likely_alignments(view.scores, kThroughAttempts)) {
        offer(Path::constant(windows, static_cast<int>(alignment)));
    }
    return list;
}

bool KeySearch::pursue(const PowerMap& map, const Warp& warp, Reading reading, double log10_warps) {
    const std::pair hypothesis{warp, reading};
    if (std::ranges::find(fruitless_, hypothesis) != fruitless_.end()) return false;
    log10_warps_ = log10_warps;
    const View view = refine(map, warp, reading);
    std::vector<Decoded> decoded = decode(view.soft, attempts(view));
    std::ranges::sort(decoded, {}, &Decoded::log10_p);
    bool any = false;
    std::vector<std::uint64_t> claimed;
    for (const Decoded& one : decoded) {
        if (std::ranges::find(claimed, one.payload) == claimed.end()) {
            claimed.push_back(one.payload);
            any |= claim(view, one);
        }
    }
    if (any) {
        fruitless_.clear();
    } else {
        fruitless_.push_back(hypothesis);
    }
    return any;
}

bool KeySearch::claim(const View& view, const Decoded& decoded) {
    const Block chips = pattern_->chips(codeword(decoded.payload));
    WindowScores scores;
    scores.measure(view.soft, kFinePhases, KnownSlots::all(chips));
    const std::vector<bool> mask = closed(scores.windows, view.warp.stretch);
    // What stands out most says how strong the mark is, and half of that separates windows with it from those without.
    const double level = best_interval(scores, best_path(scores, mask)).level;
    const Path path = best_path(scores, mask, std::max(kFaintest, level / 2.0));

    bool any = false;
    const std::size_t windows = path.alignment.size();
    for (std::size_t begin = 0; begin < windows;) {
        if (path.alignment[begin] == Path::kOff) {
            ++begin;
            continue;
        }
        std::size_t end = begin + 1;
        for (std::size_t w = end; w < windows && w < end + kSplitWindows; ++w) {
            if (path.alignment[w] != Path::kOff) end = w + 1;
        }
        any |= report(view, decoded, chips, path.only(begin, end));
        begin = end;
    }
    return any;
}

bool KeySearch::report(const View& view, const Decoded& decoded, const Block& chips, const Path& part) {
    Path path = part;
    path.count(kSlots * kFinePhases);
    const Block block = fold(view.soft, kFinePhases, path);
    const Agreement agreement(block, *pattern_, codeword(decoded.payload));
    Detection d;
    d.log10_p = log10_p(agreement.log10_tail, path, decoded.issued);
    if (d.log10_p > options_->max_log10_p || !names_payload(agreement, decoded.issued)) return false;

    const auto on = [](int alignment) { return alignment != Path::kOff; };
    const auto begin = static_cast<std::size_t>(std::ranges::find_if(path.alignment, on) - path.alignment.begin());
    const auto back = std::find_if(path.alignment.rbegin(), path.alignment.rend(), on);
    const auto end = static_cast<std::size_t>(path.alignment.rend() - back);
    const std::size_t window_rows = kWindowSlots * kFinePhases;
    double level = 0.0;
    std::size_t slots = 0;
    for (std::size_t w = begin; w < end; ++w) {
        if (!on(path.alignment[w])) continue;
        const auto alignment = static_cast<std::size_t>(path.alignment[w]);
        const std::size_t stop = std::min((w + 1) * window_rows, view.soft.size() / kPairs);
        for (std::size_t row = w * window_rows + alignment % kFinePhases; row < stop; row += kFinePhases) {
            level += slot_correlation(view.soft, chips, alignment, row);
            ++slots;
        }
    }
    level /= static_cast<double>(std::max<std::size_t>(slots, 1));
    const auto first = static_cast<std::size_t>(path.alignment[begin]);
    const auto last = static_cast<std::size_t>(path.alignment[end - 1]);
    const double from = change_row(view.soft, chips, first, begin > 0 ? (begin - 1) * window_rows : 0,
                                   (begin + 1) * window_rows, level, true);
    const double to =
        change_row(view.soft, chips, last, (end - 1) * window_rows, (end + 1) * window_rows, level, false);
    const double row_s = kSlotSeconds / kFinePhases * view.warp.stretch;
    d.payload = decoded.payload;
    d.key = key_;
    d.start_s = from * row_s;
    d.end_s = std::max(to, from + kFinePhases) * row_s;
    d.speed = 1.0 / view.warp.stretch;
    d.pitch = view.warp.shift;
    d.z = agreement.z;
    d.reliability = agreement.reliability;
    d.issued = decoded.issued;
    d.soft_bits.resize(kCodeBits);
    pattern_->fold(block, d.soft_bits);
    found_.push_back(std::move(d));
    return true;
}

}  // namespace birthmark::audio_mark
