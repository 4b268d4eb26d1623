#include "birthmark/audio_mark/path.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>

#include "birthmark/multiversion.hpp"

namespace birthmark::audio_mark {
namespace {

// Costs of the dynamic programme in units of the deviation of one window's correlation. kStart and kJump stand for the
// alignments that a new start chooses among, kDrift for the two neighbours.
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
    energy.assign(windows * alignments, 0.0F);
    std::vector<float> products(count);
    for (std::size_t r = 0; r < rows; ++r) {
        const std::size_t window = r / window_rows;
        const float* row = soft.data() + r * kPairs;
        correlate(row, known.chips.data(), count, products.data());
        const float power = std::inner_product(row, row + kPairs, row, 0.0F);
        const std::size_t phase = r % alignments;
        for (std::size_t k = 0; k < count; ++k) {
            const std::size_t slot = known.slots[k] * phases;
            const std::size_t place = window * alignments + phase - slot + (phase < slot ? alignments : 0);
            correlation[place] += products[k];
            energy[place] += power;
        }
    }
}

double Path::log10_count(std::size_t alignments) const {
    const auto windows = static_cast<double>(alignment.size());
    const auto states = static_cast<double>(alignments);
    const double halves = static_cast<double>(runs + drifts) + 1.0;
    const double drift_places = static_cast<double>(drifts) * std::log10(2.0 * windows);
    const bool through = runs == 1 && std::ranges::find(alignment, kOff) == alignment.end();
    const double run_places =
        through ? std::log10(states) : static_cast<double>(runs) * std::log10(states * windows * (windows + 1.0) / 2.0);
    return run_places + drift_places + halves * std::log10(2.0);
}

Path Path::constant(std::size_t windows, int alignment) {
    Path path;
    path.alignment.assign(windows, alignment);
    path.runs = windows > 0 ? 1 : 0;
    return path;
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

Path best_path(const WindowScores& scores, const std::vector<bool>& closed, double idle) {
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
    const auto mean_energy = static_cast<float>(total / static_cast<double>(scores.energy.size()));

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
        const auto cost = static_cast<float>(idle);
        const bool open = closed.empty() || !closed[w];
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
            // What was read in quiet passages counts for less than one deviation, in loud ones never for more.
            const float energy = scores.energy[w * states + o];
            const float unit = 1.0F / std::sqrt(std::max(energy, mean_energy));
            const float gain = unit * (scores.correlation[w * states + o] - cost * std::sqrt(energy));
            next[o] = open ? value + gain : -1e30F;
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

Interval best_interval(const WindowScores& scores, const Path& path) {
    const std::size_t windows = path.alignment.size();
    Interval best;
    double most = 0.0;
    for (std::size_t begin = 0; begin < windows; ++begin) {
        double sum = 0.0;
        double energy = 0.0;
        std::size_t count = 0;
        for (std::size_t w = begin; w < windows && path.alignment[w] != Path::kOff; ++w) {
            const std::size_t place = w * scores.alignments + static_cast<std::size_t>(path.alignment[w]);
            sum += scores.correlation[place];
            energy += scores.energy[place];
            ++count;
            const double z = sum > 0.0 && energy > 0.0 ? sum / std::sqrt(energy) : 0.0;
            if (z > most) {
                most = z;
                best = {begin, w + 1, z / std::sqrt(static_cast<double>(count))};
            }
        }
    }
    return best;
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
