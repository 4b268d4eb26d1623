#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace birthmark {

/// A set of issued payloads that soft bits are matched against directly, where they are too weak to be decoded blindly.
///
/// The codewords are kept, N / 8 bytes per payload, in blocks of 64 with the same byte of the 64 side by side. A scan
/// scores a block with 16-entry tables of quantised partial correlations, one per four code bits (one shuffle
/// instruction looks up 16 payloads), the bits that say most first: where the others cannot lift any payload of the
/// block to what is asked for, it is left. Payloads whose quantised score, allowing for the largest possible rounding
/// error, could belong to the best are scored again in float: the answer is exactly that of a full search.
/// Immutable; may be shared by threads.
class IssuedIds {
  public:
    struct Match {
        std::uint64_t id = 0;
        float correlation = 0.0F;  ///< sum of soft[i] * chip[i] over the payload's codeword
    };

    /// Throws ArgumentError unless `code_bits` is 128, 256, 512 or 1024.
    IssuedIds(std::size_t code_bits, std::span<const std::uint64_t> ids);

    [[nodiscard]] std::size_t size() const { return ids_.size(); }
    [[nodiscard]] std::size_t code_bits() const { return code_bits_; }

    /// The `count` payloads (fewer if there are fewer) of highest correlation, best first; equals keep their order of
    /// issue. `soft`: code_bits finite values; throws ArgumentError otherwise.
    [[nodiscard]] std::vector<Match> best(std::span<const float> soft, std::size_t count) const;

    /// The same for several soft vectors, one after the other in `soft`, in one pass over the codewords: element h
    /// belongs to soft[h * code_bits ...]. Only correlations from at_least[h] on are wanted, all where it is empty; a
    /// search for what stands far out is several times as fast.
    [[nodiscard]] std::vector<std::vector<Match>> best_of_each(std::span<const float> soft, std::size_t count,
                                                               std::span<const float> at_least = {}) const;

  private:
    void fill();

    std::size_t code_bits_;
    std::vector<std::uint64_t> ids_;
    std::vector<std::uint8_t> blocks_;  ///< block, byte of the codeword, payload within the block
};

}  // namespace birthmark
