#include "birthmark/coding/polar_code.hpp"

#include <algorithm>
#include <bit>
#include <string>

#include "birthmark/errors.hpp"

namespace birthmark {

PolarCode::PolarCode(std::span<const std::uint64_t> information_set)
    : set_(information_set.begin(), information_set.end()) {
    const std::size_t size = 64 * set_.size();
    if (!std::has_single_bit(size) || size < 64 || size > 4096) {
        throw ArgumentError("information_set has " + std::to_string(size) +
                            " bits; allowed: a power of two from 64 to 4096");
    }
    stages_ = static_cast<std::size_t>(std::countr_zero(size));
    for (std::size_t i = 0; i < size; ++i) {
        if ((set_[i / 64] >> (i % 64)) & 1U) positions_.push_back(static_cast<std::uint16_t>(i));
    }
    plan(stages_, 0);
}

std::size_t PolarCode::count(std::size_t first, std::size_t size) const {
    std::size_t total = 0;
    for (std::size_t i = first; i < first + size; ++i) total += (set_[i / 64] >> (i % 64)) & 1U;
    return total;
}

void PolarCode::plan(std::size_t stage, std::size_t position) {
    using Kind = Step::Kind;
    const auto add = [this](Kind kind, std::size_t at_stage, std::size_t at) {
        schedule_.push_back({kind, static_cast<std::uint8_t>(at_stage), static_cast<std::uint16_t>(at)});
    };
    const std::size_t size = std::size_t{1} << stage;
    const std::size_t informed = count(position, size);
    if (informed == 0) return add(Kind::frozen, stage, position);
    if (informed == 1 && count(position + size - 1, 1) == 1) return add(Kind::repeat, stage, position);
    const std::size_t half = size / 2;
    if (count(position, half) != 0) {
        add(Kind::left, stage - 1, position);
        plan(stage - 1, position);
    } else if (count(0, position) != 0) {
        add(Kind::left, stage - 1, position);
        add(Kind::frozen, stage - 1, position);
    }  // else: frozen bits before the first information bit cost every path the same and decide nothing
    add(Kind::right, stage - 1, position + half);
    plan(stage - 1, position + half);
    add(Kind::combine, stage - 1, position);
}

void PolarCode::encode(std::span<const std::uint64_t> information, std::span<std::uint64_t> codeword) const {
    std::fill(codeword.begin(), codeword.end(), 0);
    for (std::size_t k = 0; k < positions_.size(); ++k) {
        const std::uint64_t bit = (information[k / 64] >> (k % 64)) & 1U;
        codeword[positions_[k] / 64U] |= bit << (positions_[k] % 64U);
    }
    constexpr std::uint64_t kLeft[6] = {0x5555555555555555, 0x3333333333333333, 0x0f0f0f0f0f0f0f0f,
                                        0x00ff00ff00ff00ff, 0x0000ffff0000ffff, 0x00000000ffffffff};
    for (std::size_t stage = 0; stage < 6; ++stage) {
        for (auto& word : codeword) word ^= (word >> (1U << stage)) & kLeft[stage];
    }
    for (std::size_t half = 1; half < codeword.size(); half *= 2) {
        for (std::size_t i = 0; i < codeword.size(); ++i) {
            if ((i & half) == 0) codeword[i] ^= codeword[i + half];
        }
    }
}

}  // namespace birthmark
