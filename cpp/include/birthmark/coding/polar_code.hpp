#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace birthmark {

/// A polar code (Arikan 2009): length N = 2^n, information bits at the positions of a fixed set, the other positions
/// frozen. A frozen bit is zero, or the parity of some information bits shortly before it, as in the
/// polarization-adjusted convolutional codes of Arikan (2019): that thins out the codewords of low weight at no cost in
/// rate.
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
        std::uint16_t parities;  ///< frozen, repeat: its non-zero frozen bits are parities()[parities ...]
        std::uint16_t parity_count;
    };

    /// A frozen bit that need not be zero.
    struct Parity {
        std::uint32_t mask;   ///< bit j: the information bit j before the latest takes part
        std::uint32_t shift;  ///< place of the frozen bit in its node
    };

    /// `information_set`: bit i of word i / 64 set where position i carries information; N = 64 * size() bits.
    /// `taps`: bit d set where a frozen bit takes in the information bit d positions before it; 0: all are zero.
    /// Throws ArgumentError unless N is a power of two from 64 to 4096 and taps uses bits 1 to 31 only.
    explicit PolarCode(std::span<const std::uint64_t> information_set, std::uint32_t taps = 0);

    [[nodiscard]] std::size_t length() const { return 64 * set_.size(); }
    [[nodiscard]] std::size_t stages() const { return stages_; }
    [[nodiscard]] std::size_t dimension() const { return positions_.size(); }

    /// Positions of the information bits, ascending; information bit k travels at positions()[k].
    [[nodiscard]] std::span<const std::uint16_t> positions() const { return positions_; }
    [[nodiscard]] std::span<const Step> schedule() const { return schedule_; }
    [[nodiscard]] std::span<const Parity> parities() const { return parities_; }

    /// `information`: dimension() bits packed from bit 0 of word 0; `codeword`: N / 64 words, bit i at position i.
    void encode(std::span<const std::uint64_t> information, std::span<std::uint64_t> codeword) const;

  private:
    void plan(std::size_t stage, std::size_t position);
    void add(Step::Kind kind, std::size_t stage, std::size_t position);
    [[nodiscard]] bool informs(std::size_t position) const { return (set_[position / 64] >> (position % 64)) & 1U; }
    [[nodiscard]] std::size_t count(std::size_t first, std::size_t size) const;
    [[nodiscard]] std::uint32_t parity_mask(std::size_t position) const;
    [[nodiscard]] bool has_parity(std::size_t first, std::size_t size) const;

    std::vector<std::uint64_t> set_;
    std::uint32_t taps_;
    std::vector<std::uint16_t> positions_;
    std::vector<Step> schedule_;
    std::vector<Parity> parities_;
    std::size_t stages_ = 0;
};

}  // namespace birthmark
