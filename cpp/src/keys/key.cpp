#include "birthmark/keys/key.hpp"

#include <sodium.h>

#include <stdexcept>

namespace birthmark {
namespace {

// RFC 7693 parameters: 16 bytes each; the salt is the index in little-endian order.
constexpr std::string_view kStreamPersonal = "birthmark.stream";
constexpr std::string_view kDecoyPersonal = "birthmark.decoy.";
constexpr std::string_view kIdPersonal = "birthmark.key.id";

void start_sodium() {
    if (sodium_init() < 0) {
        throw std::runtime_error("libsodium cannot start: no source of random numbers");
    }
}

void derive(std::span<std::uint8_t> out, const Key::Bytes& key, std::string_view personal, std::string_view message,
            std::uint64_t index) {
    std::array<std::uint8_t, crypto_generichash_blake2b_SALTBYTES> salt{};
    for (std::size_t i = 0; i < 8; ++i) {
        salt[i] = static_cast<std::uint8_t>(index >> (8 * i));
    }
    crypto_generichash_blake2b_salt_personal(
        out.data(), out.size(), reinterpret_cast<const std::uint8_t*>(message.data()), message.size(), key.data(),
        key.size(), salt.data(), reinterpret_cast<const std::uint8_t*>(personal.data()));
}

}  // namespace

Key Key::generate() {
    start_sodium();
    Bytes bytes;
    randombytes_buf(bytes.data(), bytes.size());
    const Key key(bytes);
    sodium_memzero(bytes.data(), bytes.size());
    return key;
}

Key::Key(const Bytes& bytes) : bytes_(bytes) { start_sodium(); }

Key::~Key() { sodium_memzero(bytes_.data(), bytes_.size()); }

std::string Key::id() const {
    std::array<std::uint8_t, crypto_generichash_blake2b_BYTES_MIN> hash{};
    derive(hash, bytes_, kIdPersonal, {}, 0);
    std::array<char, 17> hex{};
    sodium_bin2hex(hex.data(), hex.size(), hash.data(), 8);
    return hex.data();
}

Key Key::decoy(std::uint64_t index, std::string_view context) const {
    Bytes bytes;
    derive(bytes, bytes_, kDecoyPersonal, context, index);
    const Key key(bytes);
    sodium_memzero(bytes.data(), bytes.size());
    return key;
}

Key::Bytes Key::subkey(std::string_view label, std::uint64_t index) const {
    Bytes bytes;
    derive(bytes, bytes_, kStreamPersonal, label, index);
    return bytes;
}

bool operator==(const Key& a, const Key& b) {
    return sodium_memcmp(a.bytes_.data(), b.bytes_.data(), a.bytes_.size()) == 0;
}

}  // namespace birthmark
