#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "birthmark/audio_mark/pattern.hpp"

namespace birthmark::audio_mark {

/// Half a block: the stretch over which the alignment is taken as constant.
inline constexpr std::size_t kWindowSlots = kSlots / 2;
inline constexpr double kWindowSeconds = kWindowSlots * kSlotSeconds;

/// Which slots of a block have known chips, and which: the sync slots alone, or every slot once a payload is known.
struct KnownSlots {
    std::vector<std::size_t> slots;
    std::vector<float> chips;  ///< kPairs per slot

    /// The sync slots of a key.
    static KnownSlots sync(const Pattern& pattern);

    /// All slots of a block with these chips.
    static KnownSlots all(const Block& chips);
};

/// Correlation of soft chips with known chips, per window and alignment.
///
/// There are kSlots * phases alignments: under alignment o, row r of the soft chips is slot (r - o) / phases of a block
/// (modulo kSlots) where r - o is a multiple of phases, and is not read where it is not.
struct WindowScores {
    std::size_t windows = 0;
    std::size_t alignments = 0;
    std::vector<float> correlation;  ///< windows x alignments
    std::vector<float> energy;       ///< windows x alignments: squared soft chips that were read

    /// `soft`: kPairs values per row, `phases` rows per slot.
    void measure(std::span<const float> soft, std::size_t phases, const KnownSlots& known);
};

/// Where the mark may be: an alignment for each window, or kOff.
struct Path {
    static constexpr int kOff = -1;

    std::vector<int> alignment;
    double score = 0.0;      ///< sum over windows of correlation in units of its deviation, less all penalties
    std::size_t runs = 0;    ///< stretches of windows without a jump of the alignment
    std::size_t drifts = 0;  ///< steps of the alignment by one within runs

    /// log10 of one over this path's share of the hypotheses: what a search over all paths multiplies a p-value by.
    /// The shares add up to at most one (Kraft): half goes to single runs through all windows, half to all other paths,
    /// and every further run and drift halves what is left and divides it by the number of places that it may have.
    [[nodiscard]] double log10_count(std::size_t alignments) const;

    /// The path that stays at one alignment in all windows.
    static Path constant(std::size_t windows, int alignment);

    /// The same path restricted to the windows [begin, end).
    [[nodiscard]] Path only(std::size_t begin, std::size_t end) const;

    /// Recounts runs and drifts.
    void count(std::size_t alignments);
};

/// What a window's correlation has to exceed, in its deviations, to speak for a mark, while nothing else is known.
inline constexpr double kFaintest = 0.3;

/// The path of the highest score, by dynamic programming over windows and alignments (Viterbi). Windows marked in
/// `closed` (may be empty) stay off; each window that is on costs `idle` deviations.
Path best_path(const WindowScores& scores, const std::vector<bool>& closed, double idle = kFaintest);

/// A range of windows.
struct Interval {
    std::size_t begin = 0;
    std::size_t end = 0;
    double level = 0.0;  ///< mean correlation per window, in deviations
};

/// The range of windows along a path with the most significant correlation (scan statistic).
Interval best_interval(const WindowScores& scores, const Path& path);

/// Adds the soft chips along a path up into one block.
Block fold(std::span<const float> soft, std::size_t phases, const Path& path);

}  // namespace birthmark::audio_mark
