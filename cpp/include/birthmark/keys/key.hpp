#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace birthmark {

/// A 256-bit secret. The memory is wiped when the object goes; nothing prints it but bytes() and key files.
///
/// Everything keyed is derived from it by BLAKE2b (RFC 7693) with the secret as the BLAKE2b key: streams, decoys and
/// the public id have different "personalisation" strings, so none of them reveals another or the secret.
class Key {
  public:
    static constexpr std::size_t kSize = 32;
    using Bytes = std::array<std::uint8_t, kSize>;

    /// A new secret from the operating system's random generator.
    static Key generate();

    explicit Key(const Bytes& bytes);
    Key(const Key&) = default;
    Key& operator=(const Key&) = default;
    ~Key();

    /// The secret itself.
    std::span<const std::uint8_t, kSize> bytes() const { return bytes_; }

    /// Public name of the key: 16 hexadecimal digits that do not reveal the secret.
    std::string id() const;

    /// Key number `index` of a family of keys that are never issued: the null hypothesis of a detector. `context`
    /// separates families, so that decoys can be drawn afresh for each file.
    Key decoy(std::uint64_t index, std::string_view context = {}) const;

    /// The secret of the stream (label, index), for KeyedStream.
    Bytes subkey(std::string_view label, std::uint64_t index) const;

    /// Compares in constant time.
    friend bool operator==(const Key& a, const Key& b);

  private:
    Bytes bytes_;
};

}  // namespace birthmark
