#pragma once

// Partial correlations of one soft vector by groups of four code bits, private to the coding folder.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace birthmark::detail {

inline constexpr std::size_t kBlock = 32;  ///< payloads per block

class NibbleScores {
  public:
    explicit NibbleScores(std::span<const float> soft);

    /// Quantised correlations of the 32 codewords of a block.
    void score_block(const std::uint8_t* block, std::span<std::int16_t, kBlock> score) const;

    /// Correlation of codeword `which` of a block.
    [[nodiscard]] float exact(const std::uint8_t* block, std::size_t which) const;

    /// The lowest quantised score that a codeword of at least this correlation can have.
    [[nodiscard]] std::int16_t lowest_quantised(float correlation) const;

  private:
    std::vector<std::array<float, 16>> table_;        ///< entry x: sum of the group's four soft values, signed by x
    std::vector<std::array<std::int8_t, 16>> small_;  ///< the same, rounded to multiples of step_
    bool avx2_ = false;                               ///< what the processor has
    float step_ = 1.0F;
    float error_ = 0.0F;  ///< bound of |exact - step_ * quantised| over all words
};

}  // namespace birthmark::detail
