#include "nibble_scores.hpp"

#include <algorithm>
#include <cmath>

#if defined(__SSSE3__)
#include <tmmintrin.h>
#endif

namespace birthmark::detail {

NibbleScores::NibbleScores(std::span<const float> soft) : table_(soft.size() / 4), small_(soft.size() / 4) {
    float largest = 0.0F;
    float magnitude = 0.0F;
    for (std::size_t g = 0; g < table_.size(); ++g) {
        float sum = 0.0F;
        for (std::size_t i = 0; i < 4; ++i) sum += std::abs(soft[4 * g + i]);
        largest = std::max(largest, sum);
        magnitude += sum;
        for (std::size_t x = 0; x < 16; ++x) {
            float value = 0.0F;
            for (std::size_t i = 0; i < 4; ++i) value += ((x >> i) & 1U) != 0 ? -soft[4 * g + i] : soft[4 * g + i];
            table_[g][x] = value;
        }
    }
    if (largest > 0.0F) step_ = largest / 127.0F;
    for (std::size_t g = 0; g < table_.size(); ++g) {
        float worst = 0.0F;
        for (std::size_t x = 0; x < 16; ++x) {
            const float rounded = std::clamp(std::nearbyint(table_[g][x] / step_), -127.0F, 127.0F);
            small_[g][x] = static_cast<std::int8_t>(rounded);
            worst = std::max(worst, std::abs(table_[g][x] - rounded * step_));
        }
        error_ += worst;
    }
    error_ += 1e-5F * magnitude;  // float summation
}

void NibbleScores::score_block(const std::uint8_t* block, std::span<std::int16_t, kBlock> score) const {
    const std::size_t columns = small_.size() / 2;
#if defined(__SSSE3__)
    const __m128i nibble = _mm_set1_epi8(0x0f);
    const __m128i ones = _mm_set1_epi8(1);
    __m128i sum[4] = {};
    for (std::size_t c = 0; c < columns; ++c) {
        const __m128i low = _mm_loadu_si128(reinterpret_cast<const __m128i*>(small_[2 * c].data()));
        const __m128i high = _mm_loadu_si128(reinterpret_cast<const __m128i*>(small_[2 * c + 1].data()));
        for (std::size_t half = 0; half < 2; ++half) {
            const __m128i bits = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block + c * kBlock + 16 * half));
            const __m128i a = _mm_shuffle_epi8(low, _mm_and_si128(bits, nibble));
            const __m128i b = _mm_shuffle_epi8(high, _mm_and_si128(_mm_srli_epi16(bits, 4), nibble));
            // Pairs of signed bytes, added to 16 bits.
            sum[2 * half] = _mm_add_epi16(sum[2 * half], _mm_maddubs_epi16(ones, _mm_unpacklo_epi8(a, b)));
            sum[2 * half + 1] = _mm_add_epi16(sum[2 * half + 1], _mm_maddubs_epi16(ones, _mm_unpackhi_epi8(a, b)));
        }
    }
    for (std::size_t k = 0; k < 4; ++k) {
        _mm_storeu_si128(reinterpret_cast<__m128i*>(score.data() + 8 * k), sum[k]);
    }
#else
    std::fill(score.begin(), score.end(), std::int16_t{0});
    for (std::size_t c = 0; c < columns; ++c) {
        for (std::size_t j = 0; j < kBlock; ++j) {
            const std::uint8_t bits = block[c * kBlock + j];
            const int value = small_[2 * c][bits & 0x0fU] + small_[2 * c + 1][bits >> 4];
            score[j] = static_cast<std::int16_t>(score[j] + value);
        }
    }
#endif
}

float NibbleScores::exact(const std::uint8_t* block, std::size_t which) const {
    float sum = 0.0F;
    for (std::size_t c = 0; c < table_.size() / 2; ++c) {
        const std::uint8_t bits = block[c * kBlock + which];
        sum += table_[2 * c][bits & 0x0fU] + table_[2 * c + 1][bits >> 4];
    }
    return sum;
}

std::int16_t NibbleScores::lowest_quantised(float correlation) const {
    return static_cast<std::int16_t>(std::clamp(std::floor((correlation - error_) / step_), -32768.0F, 32767.0F));
}

}  // namespace birthmark::detail
