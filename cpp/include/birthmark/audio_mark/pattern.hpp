#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "birthmark/audio_mark/tiling.hpp"
#include "birthmark/coding/payload_code.hpp"
#include "birthmark/keys/key.hpp"

namespace birthmark::audio_mark {

/// One value per slot and pair of a block, slot after slot.
using Block = std::array<float, kSlots * kPairs>;

/// What a key makes of the block: a sign for every slot and pair, which slots are known chips (sync), and which code
/// bit the others carry. In each pair the data slots take code bits from one keyed permutation after the other, so any
/// band that survives carries every code bit about equally often. Immutable; may be shared by threads.
class Pattern {
  public:
    static constexpr std::int16_t kSync = -1;

    explicit Pattern(const Key& key);

    /// Keyed sign (+1 or -1) per slot and pair.
    const Block& signs() const { return signs_; }

    /// Code bit per slot and pair, kSync in sync slots.
    const std::array<std::int16_t, kSlots * kPairs>& code_bits() const { return code_bits_; }

    /// The kSyncSlots sync slots in ascending order.
    std::span<const std::size_t> sync_slots() const { return sync_slots_; }

    /// The chips of a block that carries `codeword`, kCodeBits signs.
    Block chips(std::span<const std::int8_t> codeword) const;

    /// Sums received soft chips into kCodeBits soft code bits; returns the correlation of the sync chips.
    float fold(const Block& received, std::span<float> soft_bits) const;

  private:
    Block signs_{};
    std::array<std::int16_t, kSlots * kPairs> code_bits_{};
    std::array<std::size_t, kSyncSlots> sync_slots_{};
};

}  // namespace birthmark::audio_mark
