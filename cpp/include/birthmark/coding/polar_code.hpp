#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace birthmark {

/// A polar code (Arikan 2009): length N = 2^n, information bits at the positions of a fixed set, zeros elsewhere.
///
/// The codeword is x = u F^(kron n), F = [1 0; 1 1], in natural order (no bit reversal). Immutable after construction.
class PolarCode {
  public:
    /// One step of the successive-cancellation schedule, made once per code.
    struct Step {
        enum class Kind : std::uint8_t {
            left,     ///< soft values of the left child of a node
            right,    ///< soft values of the right child, given the left child's decisions
            frozen,   ///< a subtree of frozen bits only
            repeat,   ///< a subtree whose last bit is its only information bit (2^0: a single information bit)
            combine,  ///< merge the decisions of two siblings into their parent's
        };
        Kind kind;
        std::uint8_t stage;      ///< the node has 2^stage code positions
        std::uint16_t position;  ///< its first code position
    };

    /// `information_set`: bit i of word i / 64 set where position i carries information; N = 64 * size() bits.
    /// Throws ArgumentError unless N is a power of two from 64 to 4096.
    explicit PolarCode(std::span<const std::uint64_t> information_set);

    [[nodiscard]] std::size_t length() const { return 64 * set_.size(); }
    [[nodiscard]] std::size_t stages() const { return stages_; }
    [[nodiscard]] std::size_t dimension() const { return positions_.size(); }

    /// Positions of the information bits, ascending; information bit k travels at positions()[k].
    [[nodiscard]] std::span<const std::uint16_t> positions() const { return positions_; }
    [[nodiscard]] std::span<const Step> schedule() const { return schedule_; }

    /// `information`: dimension() bits packed from bit 0 of word 0; `codeword`: N / 64 words, bit i at position i.
    void encode(std::span<const std::uint64_t> information, std::span<std::uint64_t> codeword) const;

  private:
    void plan(std::size_t stage, std::size_t position);
    [[nodiscard]] std::size_t count(std::size_t first, std::size_t size) const;

    std::vector<std::uint64_t> set_;
    std::vector<std::uint16_t> positions_;
    std::vector<Step> schedule_;
    std::size_t stages_ = 0;
};

}  // namespace birthmark
