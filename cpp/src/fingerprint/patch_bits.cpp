#include "birthmark/fingerprint/patch_bits.hpp"

#include <algorithm>
#include <tuple>
#include <vector>

#include "birthmark/fingerprint/patch_sampler.hpp"

namespace birthmark {
namespace {

PatchOrder make_order() {
    std::vector<std::array<int, 2>> all;
    for (int u = 0; u < PatchSampler::kSide; ++u) {
        for (int v = 0; v < PatchSampler::kSide; ++v) {
            if (u + v > 0) {
                all.push_back({u, v});
            }
        }
    }
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
        return std::tuple(a[0] * a[0] + a[1] * a[1], a[0] + a[1], a[0]) <
               std::tuple(b[0] * b[0] + b[1] * b[1], b[0] + b[1], b[0]);
    });
    PatchOrder order{};
    order.back() = {8, 8};  // the 96th in order would come without its mirror image
    for (std::size_t k = 0; k + 1 < PatchBits::kBits; ++k) {
        order[k] = {static_cast<std::uint8_t>(all[k][0]), static_cast<std::uint8_t>(all[k][1])};
    }
    return order;
}

// Where each bit goes when x and y change places, and which bits a flip of either axis inverts.
struct FormTables {
    std::array<std::array<PatchBits, 256>, PatchBits::kBits / 8> transposed;
    PatchBits odd_u;
    PatchBits odd_v;
};

FormTables make_tables() {
    const PatchOrder& order = patch_order();
    FormTables tables{};
    for (std::size_t k = 0; k < PatchBits::kBits; ++k) {
        const auto [u, v] = order[k];
        tables.odd_u.set(k, u % 2 == 1);
        tables.odd_v.set(k, v % 2 == 1);
        const auto target = static_cast<std::size_t>(
            std::find(order.begin(), order.end(), std::array<std::uint8_t, 2>{v, u}) - order.begin());
        for (std::size_t value = 0; value < 256; ++value) {
            if (((value >> (k % 8)) & 1U) != 0) {
                tables.transposed[k / 8][value].set(target, true);
            }
        }
    }
    return tables;
}

void invert(PatchBits& bits, const PatchBits& mask) {
    for (std::size_t i = 0; i < bits.words.size(); ++i) {
        bits.words[i] ^= mask.words[i];
    }
}

}  // namespace

const PatchOrder& patch_order() {
    static const PatchOrder order = make_order();
    return order;
}

PatchBits transformed(const PatchBits& bits, int form) {
    static const FormTables tables = make_tables();
    PatchBits result = bits;
    if ((form & 4) != 0) {
        result = PatchBits{};
        for (std::size_t byte = 0; byte < tables.transposed.size(); ++byte) {
            const std::uint32_t value = (bits.words[byte / 4] >> (8 * (byte % 4))) & 0xFFU;
            invert(result, tables.transposed[byte][value]);
        }
    }
    if ((form & 1) != 0) {
        invert(result, tables.odd_v);
    }
    if ((form & 2) != 0) {
        invert(result, tables.odd_u);
    }
    return result;
}

}  // namespace birthmark
