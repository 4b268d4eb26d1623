#include "birthmark/keys/keyed_stream.hpp"

#include <sodium.h>

#include <limits>
#include <numeric>
#include <string>
#include <utility>

#include "birthmark/errors.hpp"

namespace birthmark {

KeyedStream::KeyedStream(const Key& key, std::string_view label, std::uint64_t index)
    : subkey_(key.subkey(label, index)), buffer_{}, used_(buffer_.size()) {}

KeyedStream::~KeyedStream() {
    sodium_memzero(subkey_.data(), subkey_.size());
    sodium_memzero(buffer_.data(), buffer_.size());
}

std::uint8_t KeyedStream::next_byte() {
    if (used_ == buffer_.size()) {
        constexpr std::array<std::uint8_t, crypto_stream_chacha20_NONCEBYTES> nonce{};
        buffer_.fill(0);
        crypto_stream_chacha20_xor_ic(buffer_.data(), buffer_.data(), buffer_.size(), nonce.data(), block_,
                                      subkey_.data());
        block_ += buffer_.size() / 64;
        used_ = 0;
    }
    return buffer_[used_++];
}

std::uint64_t KeyedStream::next_u64() {
    bits_ = 1;
    std::uint64_t value = 0;
    for (unsigned i = 0; i < 8; ++i) {
        value |= static_cast<std::uint64_t>(next_byte()) << (8 * i);
    }
    return value;
}

std::uint64_t KeyedStream::uniform(std::uint64_t n) {
    if (n == 0) {
        throw ArgumentError("n is 0; allowed: 1 or more");
    }
    // 2^64 mod n values at the top would favour the small results.
    const std::uint64_t surplus = (std::numeric_limits<std::uint64_t>::max() % n + 1) % n;
    while (true) {
        const std::uint64_t value = next_u64();
        if (value <= std::numeric_limits<std::uint64_t>::max() - surplus) {
            return value % n;
        }
    }
}

double KeyedStream::uniform_real() { return static_cast<double>(next_u64() >> 11U) * 0x1.0p-53; }

template <class Sign>
void KeyedStream::fill(std::span<Sign> signs) {
    for (Sign& sign : signs) {
        if (bits_ == 1) {
            bits_ = 0x100U | next_byte();
        }
        sign = static_cast<Sign>(static_cast<int>(bits_ & 1U) * 2 - 1);
        bits_ >>= 1U;
    }
}

void KeyedStream::chips(std::span<std::int8_t> signs) { fill(signs); }

void KeyedStream::chips(std::span<float> signs) { fill(signs); }

std::vector<std::uint32_t> KeyedStream::permutation(std::size_t n) {
    if (n > std::numeric_limits<std::uint32_t>::max()) {
        throw ArgumentError("n is " + std::to_string(n) + "; allowed: less than 2^32");
    }
    std::vector<std::uint32_t> order(n);
    std::iota(order.begin(), order.end(), 0U);
    for (std::size_t i = n; i > 1; --i) {
        std::swap(order[i - 1], order[uniform(i)]);
    }
    return order;
}

}  // namespace birthmark
