#pragma once

// The inner loop of the list decoder, private to the coding folder. All arrays are laid out with the path as the
// inner index, so that every loop runs over neighbouring lanes; L is a compile-time constant.

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "birthmark/coding/polar_code.hpp"
#include "path_selection.hpp"

#define BIRTHMARK_INLINE [[gnu::always_inline]] inline

namespace birthmark::detail {

inline constexpr std::size_t kMaxStages = 12;
inline constexpr float kUnused = 1e30F;  ///< penalty of lanes that carry no path yet

/// Buffers of one decode; everything is owned by PolarDecoder.
struct ListBuffers {
    std::span<const float> channel;                     ///< N soft values, positive for bit 0
    std::array<float*, kMaxStages + 1> soft{};          ///< stage s: 2^s positions x L lanes
    std::array<std::uint32_t*, kMaxStages + 1> lane{};  ///< stage s: in which lane of soft[s] path p finds its values
    std::uint32_t* decided = nullptr;                   ///< N / 32 words x L lanes: codewords of finished subtrees
    std::uint32_t* information = nullptr;               ///< ceil(K / 32) words x L lanes
    float* penalty = nullptr;                           ///< L
    float* correlation = nullptr;                       ///< L, filled at the end
    std::size_t information_words = 0;                  ///< counting the latest bits
};

template <std::size_t L>
class ListKernel {
  public:
    BIRTHMARK_INLINE ListKernel(const PolarCode& code, const ListBuffers& buffers) : code_(code), b_(buffers) {}

    BIRTHMARK_INLINE void run() {
        const std::size_t words = code_.length() / 32;
        std::fill_n(b_.decided, words * L, 0U);
        std::fill_n(b_.information, b_.information_words * L, 0U);
        std::fill_n(b_.penalty, L, kUnused);
        b_.penalty[0] = 0.0F;
        for (const auto& step : code_.schedule()) {
            using Kind = PolarCode::Step::Kind;
            switch (step.kind) {
                case Kind::left:
                    left(step.stage);
                    break;
                case Kind::right:
                    right(step.stage, step.position);
                    break;
                case Kind::frozen:
                    frozen(step);
                    break;
                case Kind::repeat:
                    repeat(step);
                    break;
                case Kind::combine:
                    combine(step.stage, step.position);
                    break;
            }
        }
        correlate();
    }

  private:
    static constexpr std::uint32_t kSign = 0x80000000U;

    BIRTHMARK_INLINE static float box(float a, float b) {
        const auto ia = std::bit_cast<std::uint32_t>(a);
        const auto ib = std::bit_cast<std::uint32_t>(b);
        const float x = std::bit_cast<float>(ia & ~kSign);
        const float y = std::bit_cast<float>(ib & ~kSign);
        return std::bit_cast<float>(std::bit_cast<std::uint32_t>(x < y ? x : y) | ((ia ^ ib) & kSign));
    }

    BIRTHMARK_INLINE static float flip(float a, std::uint32_t sign) {
        return std::bit_cast<float>(std::bit_cast<std::uint32_t>(a) ^ sign);
    }

    BIRTHMARK_INLINE void written(std::size_t stage) {
        for (std::size_t p = 0; p < L; ++p) b_.lane[stage][p] = static_cast<std::uint32_t>(p);
        moved_[stage] = false;
    }

    /// Min-sum check node: the soft values of a ^ b. A parent is always fresh here, its lanes in order.
    BIRTHMARK_INLINE void left(std::size_t stage) {
        const std::size_t half = std::size_t{1} << stage;
        float* __restrict out = b_.soft[stage];
        if (stage + 1 == code_.stages()) {
            for (std::size_t i = 0; i < half; ++i) {
                const float value = box(b_.channel[i], b_.channel[i + half]);
                for (std::size_t p = 0; p < L; ++p) out[i * L + p] = value;
            }
        } else {
            const float* __restrict a = b_.soft[stage + 1];
            const float* __restrict b = a + half * L;
            for (std::size_t i = 0; i < half * L; ++i) out[i] = box(a[i], b[i]);
        }
        written(stage);
    }

    /// Variable node: b + a or b - a, by the bit decided for a ^ b.
    BIRTHMARK_INLINE void right(std::size_t stage, std::size_t position) {
        const std::size_t half = std::size_t{1} << stage;
        const std::size_t first = position - half;
        float* __restrict out = b_.soft[stage];
        const bool top = stage + 1 == code_.stages();
        const float* a = top ? nullptr : b_.soft[stage + 1];
        const std::uint32_t* lane = b_.lane[stage + 1];
        const bool moved = !top && moved_[stage + 1];
        for (std::size_t i = 0; i < half; ++i) {
            const std::uint32_t* word = b_.decided + (first + i) / 32 * L;
            const std::size_t shift = 31 - (first + i) % 32;
            float* __restrict to = out + i * L;
            if (top) {
                for (std::size_t p = 0; p < L; ++p) {
                    to[p] = b_.channel[i + half] + flip(b_.channel[i], (word[p] << shift) & kSign);
                }
            } else if (moved) {
                const float* x = a + i * L;
                const float* y = a + (i + half) * L;
                for (std::size_t p = 0; p < L; ++p) {
                    to[p] = y[lane[p]] + flip(x[lane[p]], (word[p] << shift) & kSign);
                }
            } else {
                const float* x = a + i * L;
                const float* y = a + (i + half) * L;
                for (std::size_t p = 0; p < L; ++p) to[p] = y[p] + flip(x[p], (word[p] << shift) & kSign);
            }
        }
        written(stage);
    }

    /// The codewords of a node's frozen bits, by path: bit i of pattern_[p] at position i of the node.
    BIRTHMARK_INLINE void frozen_pattern(const PolarCode::Step& step) {
        constexpr std::array<std::uint32_t, 5> kLeft{0x55555555U, 0x33333333U, 0x0f0f0f0fU, 0x00ff00ffU, 0x0000ffffU};
        const std::uint32_t* latest = b_.information + (b_.information_words - 1) * L;
        pattern_.fill(0);
        for (const auto& parity : code_.parities().subspan(step.parities, step.parity_count)) {
            for (std::size_t p = 0; p < L; ++p) {
                std::uint32_t odd = latest[p] & parity.mask;
                for (const int shift : {16, 8, 4, 2, 1}) odd ^= odd >> shift;
                pattern_[p] |= (odd & 1U) << parity.shift;
            }
        }
        for (std::size_t s = 0; s < step.stage; ++s) {
            for (auto& pattern : pattern_) pattern ^= (pattern >> (1U << s)) & kLeft[s];
        }
    }

    /// Soft value of position i of a node on path p, its sign turned where the frozen pattern has a one.
    template <bool kPattern>
    BIRTHMARK_INLINE float turned(const float* soft, std::size_t i, std::size_t p) const {
        const float value = soft[i * L + p];
        return kPattern ? flip(value, (pattern_[p] << (31 - i)) & kSign) : value;
    }

    /// Frozen bits only: each soft value against the known word costs its magnitude.
    BIRTHMARK_INLINE void frozen(const PolarCode::Step& step) {
        if (step.parity_count == 0) return charge<false>(step);
        frozen_pattern(step);
        charge<true>(step);
        write(step, pattern_);
    }

    template <bool kPattern>
    BIRTHMARK_INLINE void charge(const PolarCode::Step& step) {
        const float* soft = b_.soft[step.stage];
        for (std::size_t i = 0; i < std::size_t{1} << step.stage; ++i) {
            for (std::size_t p = 0; p < L; ++p) b_.penalty[p] += std::max(0.0F, -turned<kPattern>(soft, i, p));
        }
    }

    /// One information bit, repeated over the node: both values are tried, the best L of 2 L paths live on.
    BIRTHMARK_INLINE void repeat(const PolarCode::Step& step) {
        if (step.parity_count != 0) {
            frozen_pattern(step);
            compare<true>(step);
        } else {
            pattern_.fill(0);
            compare<false>(step);
        }
        fork(step.position + (std::size_t{1} << step.stage));
        append();
        for (std::size_t p = 0; p < L; ++p) pattern_[p] ^= choice_.chosen[p];
        write(step, pattern_);
    }

    template <bool kPattern>
    BIRTHMARK_INLINE void compare(const PolarCode::Step& step) {
        const float* soft = b_.soft[step.stage];
        for (std::size_t p = 0; p < L; ++p) choice_.cost[p] = choice_.cost[L + p] = b_.penalty[p];
        for (std::size_t i = 0; i < std::size_t{1} << step.stage; ++i) {
            for (std::size_t p = 0; p < L; ++p) {
                const float value = turned<kPattern>(soft, i, p);
                choice_.cost[p] += std::max(0.0F, -value);
                choice_.cost[L + p] += std::max(0.0F, value);
            }
        }
    }

    /// Keeps the best paths; `end`: code positions decided so far.
    BIRTHMARK_INLINE void fork(std::size_t end) {
        choice_.select();
        std::copy(choice_.kept.begin(), choice_.kept.end(), b_.penalty);
        for (std::size_t k = 0; k < choice_.moves; ++k) {
            const std::size_t from = choice_.from[k];
            const std::size_t to = choice_.to[k];
            pattern_[to] = pattern_[from];
            for (std::size_t w = 0; w < (end + 31) / 32; ++w) b_.decided[w * L + to] = b_.decided[w * L + from];
            for (std::size_t w = 0; w < b_.information_words; ++w) {
                b_.information[w * L + to] = b_.information[w * L + from];
            }
            for (std::size_t s = 0; s < code_.stages(); ++s) b_.lane[s][to] = b_.lane[s][from];
        }
        if (choice_.moves != 0) moved_.fill(true);
    }

    /// Appends the chosen information bit to each path.
    BIRTHMARK_INLINE void append() {
        std::uint32_t* word = b_.information + bit_ / 32 * L;
        std::uint32_t* latest = b_.information + (b_.information_words - 1) * L;
        for (std::size_t p = 0; p < L; ++p) {
            word[p] |= choice_.chosen[p] & (1U << (bit_ % 32));
            latest[p] = latest[p] << 1 | (choice_.chosen[p] & 1U);
        }
        ++bit_;
    }

    /// Writes a node's codewords, one per path; nodes of more than 32 positions repeat a word of zeros or ones.
    BIRTHMARK_INLINE void write(const PolarCode::Step& step, const std::array<std::uint32_t, L>& value) {
        const std::size_t size = std::size_t{1} << step.stage;
        std::uint32_t* word = b_.decided + step.position / 32U * L;
        if (size < 32) {
            const std::uint32_t mask = (1U << size) - 1U;
            for (std::size_t p = 0; p < L; ++p) word[p] |= (value[p] & mask) << (step.position % 32U);
        } else {
            for (std::size_t w = 0; w < size / 32; ++w) std::copy(value.begin(), value.end(), word + w * L);
        }
    }

    BIRTHMARK_INLINE void combine(std::size_t stage, std::size_t position) {
        const std::size_t half = std::size_t{1} << stage;
        std::uint32_t* a = b_.decided + position / 32 * L;
        if (half < 32) {
            const std::uint32_t mask = ((1U << half) - 1U) << (position % 32);
            for (std::size_t p = 0; p < L; ++p) a[p] ^= (a[p] >> half) & mask;
        } else {
            const std::uint32_t* b = a + half / 32 * L;
            for (std::size_t i = 0; i < half / 32 * L; ++i) a[i] ^= b[i];
        }
    }

    /// Correlation of the channel values with each path's codeword as chips (+1 for bit 0).
    BIRTHMARK_INLINE void correlate() {
        alignas(64) std::array<float, L> sum{};
        for (std::size_t i = 0; i < code_.length(); ++i) {
            const std::uint32_t* word = b_.decided + i / 32 * L;
            const std::size_t shift = 31 - i % 32;
            for (std::size_t p = 0; p < L; ++p) sum[p] += flip(b_.channel[i], (word[p] << shift) & kSign);
        }
        std::copy(sum.begin(), sum.end(), b_.correlation);
    }

    const PolarCode& code_;
    const ListBuffers& b_;
    PathSelection<L> choice_;
    alignas(64) std::array<std::uint32_t, L> pattern_{};  ///< see frozen_pattern
    std::array<bool, kMaxStages + 1> moved_{};
    std::size_t bit_ = 0;
};

}  // namespace birthmark::detail
