#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace birthmark {

/// The signs of 96 low DCT coefficients of a square patch, the mean left out, as one binary descriptor.
///
/// Bit k belongs to coefficient (u, v) = patch_order()[k], u counting along y: the 95 lowest by u^2 + v^2, then u + v,
/// then u; the last is (8, 8). A sign does not change with gain or offset, and the set is closed under the eight
/// symmetries of the square, so a mirrored or quarter-turned patch has the same bits, permuted and partly inverted.
struct PatchBits {
    static constexpr std::size_t kBits = 96;

    std::array<std::uint32_t, 3> words{};

    bool bit(std::size_t k) const { return ((words[k / 32] >> (k % 32)) & 1U) != 0; }
    void set(std::size_t k, bool value) {
        const std::uint32_t mask = 1U << (k % 32);
        words[k / 32] = value ? (words[k / 32] | mask) : (words[k / 32] & ~mask);
    }

    /// Number of bits that differ, 0 to 96.
    int distance(const PatchBits& other) const {
        return std::popcount(words[0] ^ other.words[0]) + std::popcount(words[1] ^ other.words[1]) +
               std::popcount(words[2] ^ other.words[2]);
    }

    bool operator==(const PatchBits&) const = default;
};

/// The eight symmetries of a picture as a number 0 to 7: if bit 2 is set, x and y change places; then, if bit 0 is set,
/// left and right; then, if bit 1 is set, top and bottom. 0 identity, 1 mirror, 3 half turn, 5 quarter turn clockwise.
inline constexpr int kDihedralForms = 8;

/// The form that undoes `form`.
constexpr int inverse_form(int form) {
    // With the axes swapped, undoing a flip of x is a flip of y.
    return (form & 4) == 0 ? form : (4 | ((form & 1) << 1) | ((form & 2) >> 1));
}

/// (u, v) of every bit, see PatchBits.
using PatchOrder = std::array<std::array<std::uint8_t, 2>, PatchBits::kBits>;
const PatchOrder& patch_order();

/// The bits that the patch would have after the picture went through `form`.
PatchBits transformed(const PatchBits& bits, int form);

}  // namespace birthmark
