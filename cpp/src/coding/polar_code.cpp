#include "birthmark/coding/polar_code.hpp"

#include <algorithm>
#include <bit>
#include <string>

#include "birthmark/errors.hpp"

namespace birthmark {

PolarCode::PolarCode(std::span<const std::uint64_t> information_set, std::uint32_t taps)
    : set_(information_set.begin(), information_set.end()), taps_(taps) {
    const std::size_t size = 64 * set_.size();
    if (!std::has_single_bit(size) || size < 64 || size > 4096) {
        throw ArgumentError("information_set has " + std::to_string(size) +
                            " bits; allowed: a power of two from 64 to 4096");
    }
    if ((taps & 1U) != 0) throw ArgumentError("taps is odd; allowed: bits 1 to 31");
    stages_ = static_cast<std::size_t>(std::countr_zero(size));
    for (std::size_t i = 0; i < size; ++i) {
        if (informs(i)) positions_.push_back(static_cast<std::uint16_t>(i));
    }
    plan(stages_, 0);
}

std::size_t PolarCode::count(std::size_t first, std::size_t size) const {
    std::size_t total = 0;
    for (std::size_t i = first; i < first + size; ++i) total += informs(i) ? 1U : 0U;
    return total;
}

/// Which of the latest information bits before a frozen position make up its value.
std::uint32_t PolarCode::parity_mask(std::size_t position) const {
    std::uint32_t mask = 0;
    std::uint32_t next = 1;
    for (std::size_t d = 1; d < 32 && d <= position; ++d) {
        if (!informs(position - d)) continue;
        if (((taps_ >> d) & 1U) != 0) mask |= next;
        next <<= 1;
    }
    return mask;
}

bool PolarCode::has_parity(std::size_t first, std::size_t size) const {
    for (std::size_t i = first; i < first + size; ++i) {
        if (!informs(i) && parity_mask(i) != 0) return true;
    }
    return false;
}

void PolarCode::add(Step::Kind kind, std::size_t stage, std::size_t position) {
    Step step{kind, static_cast<std::uint8_t>(stage), static_cast<std::uint16_t>(position),
              static_cast<std::uint16_t>(parities_.size()), 0};
    if (kind == Step::Kind::frozen || kind == Step::Kind::repeat) {
        // NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): plan() never splits a single bit
        for (std::size_t i = 0; i < std::size_t{1} << stage; ++i) {
            const std::uint32_t mask = informs(position + i) ? 0 : parity_mask(position + i);
            if (mask == 0) continue;
            parities_.push_back({mask, static_cast<std::uint32_t>(i)});
            ++step.parity_count;
        }
    }
    schedule_.push_back(step);
}

void PolarCode::plan(std::size_t stage, std::size_t position) {
    using Kind = Step::Kind;
    const std::size_t size = std::size_t{1} << stage;
    const std::size_t half = size / 2;
    const bool whole = stage <= 5 || !has_parity(position, size);  // a pattern of parities fits into 32 bits
    const std::size_t informed = count(position, size);
    if (whole && informed == 0) return add(Kind::frozen, stage, position);
    if (whole && informed == 1 && informs(position + size - 1)) return add(Kind::repeat, stage, position);
    // Frozen bits before the first information bit cost every path the same and decide nothing.
    if (count(0, position + half) != 0) {
        add(Kind::left, stage - 1, position);
        plan(stage - 1, position);
    }
    add(Kind::right, stage - 1, position + half);
    plan(stage - 1, position + half);
    add(Kind::combine, stage - 1, position);
}

void PolarCode::encode(std::span<const std::uint64_t> information, std::span<std::uint64_t> codeword) const {
    std::fill(codeword.begin(), codeword.end(), 0);
    for (std::size_t k = 0; k < positions_.size(); ++k) {
        if (((information[k / 64] >> (k % 64)) & 1U) == 0) continue;
        const std::size_t from = positions_[k];
        codeword[from / 64] ^= std::uint64_t{1} << (from % 64);
        for (std::uint32_t taps = taps_; taps != 0; taps &= taps - 1) {
            const std::size_t to = from + static_cast<std::size_t>(std::countr_zero(taps));
            if (to < length() && !informs(to)) codeword[to / 64] ^= std::uint64_t{1} << (to % 64);
        }
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
