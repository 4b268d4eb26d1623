#pragma once

#include <cstddef>
#include <cstdint>

namespace birthmark {

/// Cyclic redundancy check of a 64-bit payload, most significant bit first, remainder of width 1 to 31 bits.
///
/// `polynomial` leaves out the leading term. The remainder is inverted at the end, so that the all-zero
/// word is no codeword: an empty soft vector must not look like payload 0.
class Crc {
  public:
    constexpr Crc(std::size_t width, std::uint32_t polynomial) : width_(width), polynomial_(polynomial) {}

    [[nodiscard]] constexpr std::size_t width() const { return width_; }

    [[nodiscard]] constexpr std::uint32_t operator()(std::uint64_t payload) const {
        const std::uint32_t top = std::uint32_t{1} << (width_ - 1);
        const std::uint32_t mask = top | (top - 1);
        std::uint32_t remainder = 0;
        for (int bit = 63; bit >= 0; --bit) {
            const bool in = ((payload >> bit) & 1U) != 0;
            const bool out = (remainder & top) != 0;
            remainder = (remainder << 1) & mask;
            if (in != out) remainder ^= polynomial_;
        }
        return remainder ^ mask;
    }

  private:
    std::size_t width_;
    std::uint32_t polynomial_;
};

}  // namespace birthmark
