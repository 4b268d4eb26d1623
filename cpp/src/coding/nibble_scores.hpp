#pragma once

// Partial correlations of one soft vector by groups of four code bits, private to the coding folder.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace birthmark::detail {

inline constexpr std::size_t kBlock = 64;  ///< payloads per block: a column of one is a cache line

/// A column is a byte of the codeword: two groups of four bits. Columns are added up in the order of what they can
/// contribute, so that most blocks are seen to hold nothing long before the last.
class NibbleScores {
  public:
    using Score = std::array<std::int16_t, kBlock>;

    explicit NibbleScores(std::span<const float> soft);

    [[nodiscard]] std::size_t columns() const { return offset_.size(); }

    /// Quantised correlations of the codewords of a block in the first `columns`, a multiple of 4; returns the highest.
    int score_block(const std::uint8_t* block, std::size_t columns, Score& score) const;

    /// The most that the columns after the first `columns` can add to a quantised score.
    [[nodiscard]] int rest(std::size_t columns) const { return rest_[columns]; }

    /// After how many columns it costs least, for random codewords, to leave blocks that cannot reach the quantised
    /// score `wanted`; all columns where that never pays.
    [[nodiscard]] std::size_t decisive_columns(int wanted) const;

    /// Correlation of codeword `which` of a block.
    [[nodiscard]] float exact(const std::uint8_t* block, std::size_t which) const;

    /// The lowest quantised score that a codeword of at least this correlation can have.
    [[nodiscard]] std::int16_t lowest_quantised(float correlation) const;

  private:
    std::vector<std::array<float, 16>> table_;        ///< entry x: sum of the group's four soft values, signed by x
    std::vector<std::array<std::int8_t, 16>> small_;  ///< two a column, rounded to multiples of step_, in their order
    std::vector<std::size_t> offset_;                 ///< of each column in a block, in their order
    std::vector<int> rest_;
    bool avx2_ = false;  ///< what the processor has
    float step_ = 1.0F;
    float error_ = 0.0F;  ///< bound of |exact - step_ * quantised| over all words
};

}  // namespace birthmark::detail
