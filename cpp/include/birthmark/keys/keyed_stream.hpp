#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "birthmark/keys/key.hpp"

namespace birthmark {

/// Pseudo-random numbers that only the holder of the key can repeat: the ChaCha20 key stream (nonce 0, counter from 0)
/// under the subkey (label, index) of a key. Two labels or indices give independent streams. Equal requests give equal
/// answers on every machine; tests/reference/keyed_stream.py is the same in plain Python.
class KeyedStream {
  public:
    KeyedStream(const Key& key, std::string_view label, std::uint64_t index = 0);
    KeyedStream(const KeyedStream&) = default;
    KeyedStream& operator=(const KeyedStream&) = default;
    ~KeyedStream();

    /// The next 8 bytes of the stream as a little-endian number.
    std::uint64_t next_u64();

    /// Uniform in 0 ... n - 1 without bias, by rejection. Throws ArgumentError for n = 0.
    std::uint64_t uniform(std::uint64_t n);

    /// Uniform in [0, 1), a multiple of 2^-53.
    double uniform_real();

    /// Fair signs, one bit of the stream each, lowest bit of each byte first: 1 is +1 and 0 is -1. Several calls give
    /// the same signs as one call for all; every other method starts at the next whole byte.
    void chips(std::span<std::int8_t> signs);
    void chips(std::span<float> signs);

    /// A uniformly random order of 0 ... n - 1 (Fisher and Yates, from the end). Throws ArgumentError for n >= 2^32.
    std::vector<std::uint32_t> permutation(std::size_t n);

  private:
    std::uint8_t next_byte();
    template <class Sign>
    void fill(std::span<Sign> signs);

    Key::Bytes subkey_;
    std::array<std::uint8_t, 512> buffer_;
    std::size_t used_;
    std::uint64_t block_ = 0;
    unsigned bits_ = 1;  // the unused bits of a started byte below a marker bit; 1 means none
};

}  // namespace birthmark
