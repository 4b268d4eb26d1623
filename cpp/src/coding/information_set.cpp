#include "birthmark/coding/information_set.hpp"

#include <array>
#include <string>

#include "birthmark/errors.hpp"

namespace birthmark {
namespace {

constexpr std::array<std::uint64_t, 2> kSet128{0xffe8e880e0000000, 0xfffffffefffce880};
constexpr std::array<std::uint64_t, 4> kSet256{0x0000000000000000, 0xfe80800080000000, 0xfee8e00080000000,
                                               0xfffffff8ffe8e800};
constexpr std::array<std::uint64_t, 8> kSet512{0x0000000000000000, 0x0000000000000000, 0x0000000000000000,
                                               0xe880000000000000, 0x0000000000000000, 0xfc80800080000000,
                                               0xfee0c00080000000, 0xffffffe8fee8e800};
constexpr std::array<std::uint64_t, 16> kSet1024{
    0x0000000000000000, 0x0000000000000000, 0x0000000000000000, 0x0000000000000000,
    0x0000000000000000, 0x0000000000000000, 0x0000000000000000, 0xc000000000000000,
    0x0000000000000000, 0x0000000000000000, 0x0000000000000000, 0xe880000000000000,
    0x0000000000000000, 0xfc80800080000000, 0xfee0800080000000, 0xffffffe8fee8e000};

}  // namespace

std::span<const std::uint64_t> information_set(std::size_t code_bits) {
    switch (code_bits) {
        case 128:
            return kSet128;
        case 256:
            return kSet256;
        case 512:
            return kSet512;
        case 1024:
            return kSet1024;
        default:
            throw ArgumentError("code_bits is " + std::to_string(code_bits) + "; allowed: 128, 256, 512 or 1024");
    }
}

}  // namespace birthmark
