#include "birthmark/audio_mark/path.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>

#include "birthmark/multiversion.hpp"

namespace birthmark::audio_mark {
namespace {

// Costs of the dynamic programme in units of the deviation of one window's correlation. kIdle makes windows without
// a mark lose; kStart and kJump stand for the alignments that a new start chooses among, kDrift for the two neighbours.
constexpr float kIdle = 0.3F;
constexpr float kStart = 4.0F;
constexpr float kJump = 5.0F;
constexpr float kDrift = 1.5F;

/// out[k] = <chips of known slot k, soft>.
BIRTHMARK_MULTIVERSION void correlate(const float* soft, const float* chips, std::size_t known, float* out) {
    for (std::size_t k = 0; k < known; ++k) {
        const float* c = chips + k * kPairs;
        float sum = 0.0F;
#pragma omp simd reduction(+ : sum)
        for (std::size_t p = 0; p < kPairs; ++p) {
            sum += c[p] * soft[p];
        }
        out[k] = sum;
    }
}

/// Where a state of the dynamic programme came from.
enum class From : std::uint8_t { same, before, after, jump, start };

}  // namespace

KnownSlots KnownSlots::sync(const Pattern& pattern) {
    KnownSlots known;
    for (const std::size_t slot : pattern.sync_slots()) {
        known.slots.push_back(slot);
        const auto from = pattern.signs().begin() + static_cast<std::ptrdiff_t>(slot * kPairs);
        known.chips.insert(known.chips.end(), from, from + kPairs);
    }
    return known;
}

KnownSlots KnownSlots::all(const Block& chips) {
    KnownSlots known;
    known.slots.resize(kSlots);
    std::iota(known.slots.begin(), known.slots.end(), 0U);
    known.chips.assign(chips.begin(), chips.end());
    return known;
}

void WindowScores::measure(std::span<const float> soft, std::size_t phases, const KnownSlots& known) {
    const std::size_t rows = soft.size() / kPairs;
    const std::size_t window_rows = kWindowSlots * phases;
    const std::size_t count = known.slots.size();
    windows = (rows + window_rows - 1) / window_rows;
    alignments = kSlots * phases;
    correlation.assign(windows * alignments, 0.0F);
    energy.assign(windows, 0.0F);
    std::vector<float> products(count);
    const float share = static_cast<float>(count) / static_cast<float>(alignments);
    for (std::size_t r = 0; r < rows; ++r) {
        const std::size_t window = r / window_rows;
        const float* row = soft.data() + r * kPairs;
        correlate(row, known.chips.data(), count, products.data());
        float* scores = correlation.data() + window * alignments;
        for (std::size_t k = 0; k < count; ++k) {
            scores[(r + alignments - known.slots[k] * phases) % alignments] += products[k];
        }
        energy[window] += share * std::inner_product(row, row + kPairs, row, 0.0F);
    }
}

double Path::log10_count(std::size_t alignments) const {
    const auto windows = static_cast<double>(alignment.size());
    const double start = std::log10(static_cast<double>(alignments) * windows * (windows + 1.0) / 2.0);
    const double events = static_cast<double>(runs + drifts);
    return static_cast<double>(runs) * start + static_cast<double>(drifts) * std::log10(2.0 * windows) +
           events * std::log10(2.0);
}

void Path::count(std::size_t alignments) {
    runs = drifts = 0;
    int last = kOff;
    const int most = static_cast<int>(alignments) - 1;
    for (const int now : alignment) {
        if (now != kOff) {
            const int step = std::abs(now - last);
            const bool near = last != kOff && (step <= 1 || step == most);
            runs += near ? 0U : 1U;
            drifts += near && step != 0 ? 1U : 0U;
        }
        last = now;
    }
}

Path Path::only(std::size_t begin, std::size_t end) const {
    Path part = *this;
    for (std::size_t w = 0; w < part.alignment.size(); ++w) {
        if (w < begin || w >= end) {
            part.alignment[w] = kOff;
        }
    }
    return part;
}

Path best_path(const WindowScores& scores, const std::vector<bool>& closed) {
    const std::size_t windows = scores.windows;
    const std::size_t states = scores.alignments;
    Path path;
    path.alignment.assign(windows, Path::kOff);
    double total = 0.0;
    for (const float e : scores.energy) {
        total += e;
    }
    if (windows == 0 || total <= 0.0) {
        return path;
    }
    const auto unit = static_cast<float>(1.0 / std::sqrt(total / static_cast<double>(windows)));

    std::vector<float> on(states, -1e30F);
    std::vector<float> next(states);
    std::vector<From> from(windows * states);
    std::vector<std::size_t> best_before(windows);  // the best state of the window before
    std::vector<bool> was_on(windows + 1, false);   // off after window w - 1 came from a state that was on
    std::vector<std::size_t> ended(windows + 1);
    float off = 0.0F;
    for (std::size_t w = 0; w < windows; ++w) {
        const auto best = static_cast<std::size_t>(std::ranges::max_element(on) - on.begin());
        best_before[w] = best;
        const bool open = closed.empty() || !closed[w];
        const float idle = kIdle * unit * std::sqrt(scores.energy[w]);
        for (std::size_t o = 0; o < states; ++o) {
            float value = on[o];
            From origin = From::same;
            const auto offer = [&](float other, From source) {
                if (other > value) {
                    value = other;
                    origin = source;
                }
            };
            offer(on[o == 0 ? states - 1 : o - 1] - kDrift, From::before);
            offer(on[o + 1 == states ? 0 : o + 1] - kDrift, From::after);
            offer(on[best] - kJump, From::jump);
            offer(off - kStart, From::start);
            from[w * states + o] = origin;
            next[o] = open ? value + unit * scores.correlation[w * states + o] - idle : -1e30F;
        }
        on.swap(next);
        const auto leaving = static_cast<std::size_t>(std::ranges::max_element(on) - on.begin());
        ended[w + 1] = leaving;
        was_on[w + 1] = on[leaving] > off;
        off = std::max(off, on[leaving]);
    }
    path.score = off;
    std::size_t w = windows;
    while (w > 0) {
        if (!was_on[w]) {
            --w;
            continue;
        }
        std::size_t o = ended[w];
        for (bool inside = true; inside;) {
            --w;
            path.alignment[w] = static_cast<int>(o);
            switch (from[w * states + o]) {
                case From::same:
                    break;
                case From::before:
                    o = o == 0 ? states - 1 : o - 1;
                    break;
                case From::after:
                    o = o + 1 == states ? 0 : o + 1;
                    break;
                case From::jump:
                    o = best_before[w];
                    break;
                case From::start:
                    inside = false;
                    break;
            }
        }
    }
    path.count(states);
    return path;
}

Block fold(std::span<const float> soft, std::size_t phases, const Path& path) {
    Block block{};
    const std::size_t rows = soft.size() / kPairs;
    const std::size_t window_rows = kWindowSlots * phases;
    const std::size_t alignments = kSlots * phases;
    for (std::size_t r = 0; r < rows; ++r) {
        const int alignment = path.alignment[r / window_rows];
        if (alignment == Path::kOff) {
            continue;
        }
        const std::size_t place = (r + alignments - static_cast<std::size_t>(alignment)) % alignments;
        if (place % phases != 0) {
            continue;
        }
        float* slot = block.data() + place / phases * kPairs;
        for (std::size_t p = 0; p < kPairs; ++p) {
            slot[p] += soft[r * kPairs + p];
        }
    }
    return block;
}

}  // namespace birthmark::audio_mark
