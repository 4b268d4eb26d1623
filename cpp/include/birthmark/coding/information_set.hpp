#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace birthmark {

/// Format version 1: which positions of a polar code of `code_bits` bits carry the 64 payload bits and the check bits.
///
/// Stored, not computed, so that no rounding can ever change it. How it was found: tests/reference/polar.py.
/// Throws ArgumentError unless `code_bits` is 128, 256, 512 or 1024.
[[nodiscard]] std::span<const std::uint64_t> information_set(std::size_t code_bits);

}  // namespace birthmark
