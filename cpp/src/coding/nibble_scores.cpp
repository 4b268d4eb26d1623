#include "nibble_scores.hpp"

#include <algorithm>
#include <cmath>

#if defined(__SSSE3__)
#include <immintrin.h>
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
#if defined(__x86_64__)
    avx2_ = __builtin_cpu_supports("avx2") != 0;
#endif
}

namespace {

#if defined(__SSSE3__)

/// 16 lookups per instruction, pairs of signed bytes added to 16 bits.
void score_block_ssse3(std::span<const std::array<std::int8_t, 16>> tables, const std::uint8_t* block,
                       std::int16_t* score) {
    const __m128i nibble = _mm_set1_epi8(0x0f);
    const __m128i ones = _mm_set1_epi8(1);
    __m128i sum[4] = {};
    for (std::size_t c = 0; c < tables.size() / 2; ++c) {
        const __m128i low = _mm_loadu_si128(reinterpret_cast<const __m128i*>(tables[2 * c].data()));
        const __m128i high = _mm_loadu_si128(reinterpret_cast<const __m128i*>(tables[2 * c + 1].data()));
        for (std::size_t half = 0; half < 2; ++half) {
            const __m128i bits = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block + c * kBlock + 16 * half));
            const __m128i a = _mm_shuffle_epi8(low, _mm_and_si128(bits, nibble));
            const __m128i b = _mm_shuffle_epi8(high, _mm_and_si128(_mm_srli_epi16(bits, 4), nibble));
            sum[2 * half] = _mm_add_epi16(sum[2 * half], _mm_maddubs_epi16(ones, _mm_unpacklo_epi8(a, b)));
            sum[2 * half + 1] = _mm_add_epi16(sum[2 * half + 1], _mm_maddubs_epi16(ones, _mm_unpackhi_epi8(a, b)));
        }
    }
    for (std::size_t k = 0; k < 4; ++k) _mm_storeu_si128(reinterpret_cast<__m128i*>(score + 8 * k), sum[k]);
}

#endif
#if defined(__SSSE3__) && defined(__linux__) && !defined(BIRTHMARK_NO_MULTIVERSION)
#define BIRTHMARK_SCORE_AVX2

/// The same with 32 lookups per instruction. Unpacking works within halves of 128 bits, so the second and third
/// quarter of the sums change places at the end.
[[gnu::target("avx2")]] void score_block_avx2(std::span<const std::array<std::int8_t, 16>> tables,
                                              const std::uint8_t* block, std::int16_t* score) {
    const __m256i nibble = _mm256_set1_epi8(0x0f);
    const __m256i ones = _mm256_set1_epi8(1);
    __m256i low_sum = _mm256_setzero_si256();
    __m256i high_sum = _mm256_setzero_si256();
    for (std::size_t c = 0; c < tables.size() / 2; ++c) {
        const auto* table = reinterpret_cast<const __m128i*>(tables[2 * c].data());
        const __m256i low = _mm256_broadcastsi128_si256(_mm_loadu_si128(table));
        const __m256i high = _mm256_broadcastsi128_si256(_mm_loadu_si128(table + 1));
        const __m256i bits = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(block + c * kBlock));
        const __m256i a = _mm256_shuffle_epi8(low, _mm256_and_si256(bits, nibble));
        const __m256i b = _mm256_shuffle_epi8(high, _mm256_and_si256(_mm256_srli_epi16(bits, 4), nibble));
        low_sum = _mm256_add_epi16(low_sum, _mm256_maddubs_epi16(ones, _mm256_unpacklo_epi8(a, b)));
        high_sum = _mm256_add_epi16(high_sum, _mm256_maddubs_epi16(ones, _mm256_unpackhi_epi8(a, b)));
    }
    auto* out = reinterpret_cast<__m256i*>(score);
    _mm256_storeu_si256(out, _mm256_permute2x128_si256(low_sum, high_sum, 0x20));
    _mm256_storeu_si256(out + 1, _mm256_permute2x128_si256(low_sum, high_sum, 0x31));
}

#endif

}  // namespace

void NibbleScores::score_block(const std::uint8_t* block, std::span<std::int16_t, kBlock> score) const {
#if defined(BIRTHMARK_SCORE_AVX2)
    if (avx2_) return score_block_avx2(small_, block, score.data());
#endif
#if defined(__SSSE3__)
    score_block_ssse3(small_, block, score.data());
#else
    std::fill(score.begin(), score.end(), std::int16_t{0});
    for (std::size_t c = 0; c < small_.size() / 2; ++c) {
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
