#include "nibble_scores.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#if defined(__SSE4_1__)
#include <immintrin.h>
#endif

namespace birthmark::detail {
namespace {

using Table = std::array<std::int8_t, 16>;

constexpr float kLargest = 31.0F;     // of a table's entries: the sum of four fits into 8 bits
constexpr std::size_t kTogether = 4;  // columns

/// Largest entry; tables are symmetric.
int largest(const Table& table) { return *std::ranges::max_element(table); }

#if defined(__SSE4_1__)

int highest_of(__m128i scores) {
    // The least of the unsigned differences from the largest possible.
    const __m128i below = _mm_sub_epi16(_mm_set1_epi16(0x7fff), scores);
    return 0x7fff - _mm_extract_epi16(_mm_minpos_epu16(below), 0);
}

/// 16 lookups per instruction; pairs of columns are added in 8 bits, pairs of those in 16.
int score_sse(const Table* table, const std::size_t* offset, std::size_t columns, const std::uint8_t* block,
              std::int16_t* score) {
    const __m128i nibble = _mm_set1_epi8(0x0f);
    const __m128i ones = _mm_set1_epi8(1);
    __m128i most = _mm_set1_epi16(-0x7fff);
    for (std::size_t first = 0; first < kBlock; first += 16) {
        auto* out = reinterpret_cast<__m128i*>(score + first);
        __m128i low_sum = _mm_setzero_si128();
        __m128i high_sum = _mm_setzero_si128();
        const auto column = [&](std::size_t c) {
            const __m128i bits = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block + offset[c] + first));
            const __m128i low = _mm_loadu_si128(reinterpret_cast<const __m128i*>(table[2 * c].data()));
            const __m128i high = _mm_loadu_si128(reinterpret_cast<const __m128i*>(table[2 * c + 1].data()));
            return _mm_add_epi8(_mm_shuffle_epi8(low, _mm_and_si128(bits, nibble)),
                                _mm_shuffle_epi8(high, _mm_and_si128(_mm_srli_epi16(bits, 4), nibble)));
        };
        for (std::size_t c = 0; c < columns; c += kTogether) {
            const __m128i a = _mm_add_epi8(column(c), column(c + 1));
            const __m128i b = _mm_add_epi8(column(c + 2), column(c + 3));
            low_sum = _mm_add_epi16(low_sum, _mm_maddubs_epi16(ones, _mm_unpacklo_epi8(a, b)));
            high_sum = _mm_add_epi16(high_sum, _mm_maddubs_epi16(ones, _mm_unpackhi_epi8(a, b)));
        }
        _mm_storeu_si128(out, low_sum);
        _mm_storeu_si128(out + 1, high_sum);
        most = _mm_max_epi16(most, _mm_max_epi16(low_sum, high_sum));
    }
    return highest_of(most);
}

#endif
#if defined(__SSE4_1__) && defined(__linux__) && !defined(BIRTHMARK_NO_MULTIVERSION)
#define BIRTHMARK_SCORE_AVX2

/// The same with 32 lookups per instruction. Unpacking works within halves of 128 bits, so the second and third quarter
/// of each 32 sums change places.
[[gnu::target("avx2")]] int score_avx2(const Table* table, const std::size_t* offset, std::size_t columns,
                                       const std::uint8_t* block, std::int16_t* score) {
    const __m256i nibble = _mm256_set1_epi8(0x0f);
    const __m256i ones = _mm256_set1_epi8(1);
    __m256i sum[4] = {};
    for (std::size_t c = 0; c < columns; c += kTogether) {
        __m256i part[kTogether][2];
        for (std::size_t k = 0; k < kTogether; ++k) {
            const auto* tables = reinterpret_cast<const __m128i*>(table[2 * (c + k)].data());
            const __m256i low = _mm256_broadcastsi128_si256(_mm_loadu_si128(tables));
            const __m256i high = _mm256_broadcastsi128_si256(_mm_loadu_si128(tables + 1));
            const auto* column = reinterpret_cast<const __m256i*>(block + offset[c + k]);
            for (std::size_t half = 0; half < 2; ++half) {
                const __m256i bits = _mm256_loadu_si256(column + half);
                part[k][half] =
                    _mm256_add_epi8(_mm256_shuffle_epi8(low, _mm256_and_si256(bits, nibble)),
                                    _mm256_shuffle_epi8(high, _mm256_and_si256(_mm256_srli_epi16(bits, 4), nibble)));
            }
        }
        for (std::size_t half = 0; half < 2; ++half) {
            const __m256i a = _mm256_add_epi8(part[0][half], part[1][half]);
            const __m256i b = _mm256_add_epi8(part[2][half], part[3][half]);
            __m256i* to = sum + 2 * half;
            to[0] = _mm256_add_epi16(to[0], _mm256_maddubs_epi16(ones, _mm256_unpacklo_epi8(a, b)));
            to[1] = _mm256_add_epi16(to[1], _mm256_maddubs_epi16(ones, _mm256_unpackhi_epi8(a, b)));
        }
    }
    auto* out = reinterpret_cast<__m256i*>(score);
    __m256i most = _mm256_set1_epi16(-0x7fff);
    for (std::size_t half = 0; half < 2; ++half) {
        const __m256i a = _mm256_permute2x128_si256(sum[2 * half], sum[2 * half + 1], 0x20);
        const __m256i b = _mm256_permute2x128_si256(sum[2 * half], sum[2 * half + 1], 0x31);
        _mm256_storeu_si256(out + 2 * half, a);
        _mm256_storeu_si256(out + 2 * half + 1, b);
        most = _mm256_max_epi16(most, _mm256_max_epi16(a, b));
    }
    return highest_of(_mm_max_epi16(_mm256_castsi256_si128(most), _mm256_extracti128_si256(most, 1)));
}

#endif

}  // namespace

NibbleScores::NibbleScores(std::span<const float> soft)
    : table_(soft.size() / 4), small_(soft.size() / 4), offset_(soft.size() / 8), rest_(soft.size() / 8 + 1) {
    float most = 0.0F;
    float magnitude = 0.0F;
    for (std::size_t g = 0; g < table_.size(); ++g) {
        float sum = 0.0F;
        for (std::size_t i = 0; i < 4; ++i) sum += std::abs(soft[4 * g + i]);
        most = std::max(most, sum);
        magnitude += sum;
        for (std::size_t x = 0; x < 16; ++x) {
            float value = 0.0F;
            for (std::size_t i = 0; i < 4; ++i) value += ((x >> i) & 1U) != 0 ? -soft[4 * g + i] : soft[4 * g + i];
            table_[g][x] = value;
        }
    }
    if (most > 0.0F) step_ = most / kLargest;
    std::vector<Table> rounded(table_.size());
    for (std::size_t g = 0; g < table_.size(); ++g) {
        float worst = 0.0F;
        for (std::size_t x = 0; x < 16; ++x) {
            const float value = std::clamp(std::nearbyint(table_[g][x] / step_), -kLargest, kLargest);
            rounded[g][x] = static_cast<std::int8_t>(value);
            worst = std::max(worst, std::abs(table_[g][x] - value * step_));
        }
        error_ += worst;
    }
    error_ += 1e-5F * magnitude;  // float summation
    const auto reach = [&](std::size_t c) { return largest(rounded[2 * c]) + largest(rounded[2 * c + 1]); };
    std::vector<std::size_t> order(columns());
    std::iota(order.begin(), order.end(), 0U);
    std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return reach(a) > reach(b); });
    for (std::size_t k = columns(); k-- > 0;) {
        offset_[k] = order[k] * kBlock;
        small_[2 * k] = rounded[2 * order[k]];
        small_[2 * k + 1] = rounded[2 * order[k] + 1];
        rest_[k] = rest_[k + 1] + reach(order[k]);
    }
#if defined(__x86_64__)
    avx2_ = __builtin_cpu_supports("avx2") != 0;
#endif
}

int NibbleScores::score_block(const std::uint8_t* block, std::size_t columns, Score& score) const {
#if defined(BIRTHMARK_SCORE_AVX2)
    if (avx2_) return score_avx2(small_.data(), offset_.data(), columns, block, score.data());
#endif
#if defined(__SSE4_1__)
    return score_sse(small_.data(), offset_.data(), columns, block, score.data());
#else
    score.fill(0);
    for (std::size_t c = 0; c < columns; ++c) {
        for (std::size_t j = 0; j < kBlock; ++j) {
            const std::uint8_t bits = block[offset_[c] + j];
            const int value = small_[2 * c][bits & 0x0fU] + small_[2 * c + 1][bits >> 4];
            score[j] = static_cast<std::int16_t>(score[j] + value);
        }
    }
    return *std::ranges::max_element(score);
#endif
}

std::size_t NibbleScores::decisive_columns(int wanted) const {
    double variance = 0.0;
    std::size_t decisive = columns();
    double least = static_cast<double>(columns());
    for (std::size_t c = 0; c < columns(); ++c) {
        const double missing = wanted - rest_[c];
        if (c % kTogether == 0 && missing > 0.0) {
            // What is scored of a block, on average: these columns, and all where one of its payloads may still reach.
            const double one_reaches = std::erfc(missing / std::sqrt(2.0 * variance)) / 2.0;
            const double cost = static_cast<double>(c) + one_reaches * kBlock * static_cast<double>(columns());
            if (cost < least) {
                least = cost;
                decisive = c;
            }
        }
        for (const Table& table : {small_[2 * c], small_[2 * c + 1]}) {
            variance += std::inner_product(table.begin(), table.end(), table.begin(), 0.0) / 16.0;
        }
    }
    return decisive;
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
