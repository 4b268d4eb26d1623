#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <vector>

#include "birthmark/audio_mark/detect_stream.hpp"
#include "birthmark/audio_mark/embed_stream.hpp"
#include "birthmark/audio_mark/evidence.hpp"
#include "birthmark/audio_mark/path.hpp"
#include "birthmark/audio_mark/soft_chips.hpp"
#include "birthmark/errors.hpp"
#include "noise.hpp"

using namespace birthmark;
using namespace birthmark::audio_mark;

namespace {

const Key kKey(std::array<std::uint8_t, 32>{1, 2, 3});

/// Noise whose level jumps every 32 ms, as that of speech does.
std::vector<float> bursts(double seconds, double rate = 16000.0) {
    std::vector<float> samples = test::noise(static_cast<std::size_t>(seconds * rate), 7);
    const std::vector<float> levels = test::noise(1 + static_cast<std::size_t>(seconds / 0.032), 8);
    for (std::size_t i = 0; i < samples.size(); ++i) {
        const auto slot = static_cast<std::size_t>(static_cast<double>(i) / rate / 0.032);
        samples[i] *= 0.5F * std::exp(4.0F * std::clamp(levels[slot], -0.5F, 0.2F));
    }
    return samples;
}

std::vector<float> embed(const std::vector<float>& host, double rate, std::size_t chunk) {
    EmbedStream stream(rate, 1, kKey, 0xC0FFEE);
    std::vector<float> out;
    for (std::size_t begin = 0; begin < host.size(); begin += chunk) {
        stream.push(std::span(host).subspan(begin, std::min(chunk, host.size() - begin)), out);
    }
    stream.flush(out);
    return out;
}

std::vector<Detection> detect(const std::vector<float>& suspect, double rate, std::size_t chunk, std::size_t threads,
                              Search search) {
    DetectOptions options;
    options.search = search;
    options.threads = threads;
    DetectStream stream(rate, 1, std::span(&kKey, 1), options);
    for (std::size_t begin = 0; begin < suspect.size(); begin += chunk) {
        stream.push(std::span(suspect).subspan(begin, std::min(chunk, suspect.size() - begin)));
    }
    return stream.flush();
}

}  // namespace

TEST_CASE("every code bit has its share of every band, and one slot of eight is sync") {
    const Pattern pattern(kKey);
    REQUIRE(pattern.sync_slots().size() == kSyncSlots);
    for (std::size_t group = 0; group < kSyncSlots; ++group) {
        CHECK(pattern.sync_slots()[group] / kSyncEvery == group);
    }
    std::array<int, kCodeBits> telephone{};
    std::array<int, kCodeBits> all{};
    for (std::size_t i = 0; i < kSlots * kPairs; ++i) {
        const int bit = pattern.code_bits()[i];
        if (bit == Pattern::kSync) continue;
        ++all[static_cast<std::size_t>(bit)];
        telephone[static_cast<std::size_t>(bit)] += i % kPairs < 13 ? 1 : 0;
    }
    CHECK(*std::ranges::max_element(all) - *std::ranges::min_element(all) <= 1);
    CHECK(*std::ranges::max_element(telephone) - *std::ranges::min_element(telephone) <= 1);
}

TEST_CASE("folding chips gives the code word back") {
    const Pattern pattern(kKey);
    std::array<std::int8_t, kCodeBits> codeword{};
    PayloadCode(kCodeBits).encode(99, codeword);
    const Block chips = pattern.chips(codeword);
    std::array<float, kCodeBits> soft{};
    CHECK(pattern.fold(chips, soft) == doctest::Approx(kSyncSlots * kPairs));
    for (std::size_t bit = 0; bit < kCodeBits; ++bit) {
        CHECK(soft[bit] * static_cast<float>(codeword[bit]) > 0.0F);
    }
    const Agreement agreement(chips, pattern, codeword);
    CHECK(agreement.z == doctest::Approx(std::sqrt(static_cast<double>(kSlots * kPairs))));
    CHECK(agreement.reliability == 1.0);
}

TEST_CASE("sync chips alone are evidence of the key, not of a payload") {
    const Pattern pattern(kKey);
    std::array<std::int8_t, kCodeBits> sent{};
    PayloadCode(kCodeBits).encode(99, sent);
    std::array<std::int8_t, kCodeBits> other{};
    PayloadCode(kCodeBits).encode(98, other);
    const Block chips = pattern.chips(sent);
    const Agreement right(chips, pattern, sent);
    const Agreement wrong(chips, pattern, other);
    CHECK(right.log10_bits < -50.0);
    CHECK(wrong.log10_bits > -2.0);
    Block mostly_sync = chips;
    for (std::size_t i = 0; i < mostly_sync.size(); ++i) {
        if (pattern.code_bits()[i] != Pattern::kSync) mostly_sync[i] *= 0.1F;
    }
    CHECK(Agreement(mostly_sync, pattern, other).log10_tail < -20.0);
    CHECK(Agreement(mostly_sync, pattern, other).log10_bits == doctest::Approx(wrong.log10_bits).epsilon(1e-3));
}

TEST_CASE("the tail bound falls without end, never passes one and is the normal tail times its constant near one") {
    std::vector<float> block(kSlots * kPairs);
    for (std::size_t i = 0; i < block.size(); ++i) block[i] = static_cast<float>(i % 3) + 1.0F;
    double before = 0.0;
    for (double z = -2.0; z < 200.0; z += 0.125) {
        const double value = log10_tail(block, z);
        CHECK(value <= 0.0);
        CHECK(value <= before + 1e-6);
        before = value;
        if (z > 1.0 && z < 8.0) {
            CHECK(value == doctest::Approx(std::log10(3.1787 * std::erfc(z / std::sqrt(2.0)) / 2.0)).epsilon(1e-6));
        }
    }
    CHECK(log10_tail(block, 0.0) == 0.0);
}

TEST_CASE("the tail bound is above the exact tail, however uneven the weights") {
    // 2 n equal weights and n of three times that size: the sum is known from two binomial distributions.
    constexpr int kFew = 100;
    constexpr int kMany = 2 * kFew;
    std::vector<float> block(kMany, 0.5F);
    block.insert(block.end(), kFew, 1.5F);
    const double norm = std::sqrt(0.25 * kMany + 2.25 * kFew);
    const auto log_share = [](int n, int k) {
        return std::lgamma(n + 1.0) - std::lgamma(k + 1.0) - std::lgamma(n - k + 1.0) - n * std::log(2.0);
    };
    for (const double z : {2.0, 5.0, 7.0, 9.0, 12.0, 14.0}) {
        double exact = 0.0;
        for (int i = 0; i <= kMany; ++i) {
            for (int k = 0; k <= kFew; ++k) {
                const double sum = 0.5 * (2 * i - kMany) + 1.5 * (2 * k - kFew);
                if (sum >= z * norm) exact += std::exp(log_share(kMany, i) + log_share(kFew, k));
            }
        }
        const double bound = log10_tail(block, z);
        CHECK(bound >= std::log10(exact));
        CHECK(bound <= std::log10(exact) + 2.5);
    }
}

TEST_CASE("no z below the least gives a wanted tail, and the least is not far below the first that does") {
    std::vector<float> block = test::noise(kSlots * kPairs, 9);
    for (const double unevenness : {1.0, 3.0, 9.0}) {
        for (float& value : block)
            value = std::copysign(std::pow(std::abs(value), static_cast<float>(unevenness)), value);
        for (const double wanted : {-5.0, -12.0, -20.0, -60.0}) {
            const double least = least_z(block, wanted);
            for (double z = 0.0; z < least; z += 0.01) REQUIRE(log10_tail(block, z) > wanted);
            if (unevenness < 2.0 && wanted >= -20.0) CHECK(log10_tail(block, 1.1 * least) < wanted);
        }
    }
    CHECK(least_z(block, -1.0) == 0.0);
    CHECK(least_z(std::vector<float>(64, 0.0F), -20.0) == 0.0);
}

TEST_CASE("what a host says all the time is no chip") {
    std::vector<float> soft(300 * kPairs);
    for (std::size_t i = 0; i < soft.size(); ++i) soft[i] = 0.25F * static_cast<float>(i % kPairs);
    remove_bias(soft, 2);
    CHECK(std::ranges::all_of(soft, [](float x) { return std::abs(x) < 1e-5F; }));
}

TEST_CASE("a tile that is louder shows in its level, and soft chips do not depend on gain") {
    PowerMap quiet;
    PowerMap loud;
    const std::vector<float> samples = bursts(2.0);
    std::vector<float> frame(kFrame);
    for (std::size_t begin = 0; begin + kFrame <= samples.size(); begin += PowerMap::kHop) {
        std::copy_n(samples.begin() + static_cast<std::ptrdiff_t>(begin), kFrame, frame.begin());
        quiet.add(frame);
        for (float& value : frame) value *= 2.0F;
        loud.add(frame);
    }
    std::vector<float> bands;
    LevelMap one;
    LevelMap two;
    quiet.bands(1.0, bands);
    PowerMap::levels(bands, 1.0, 1, one);
    loud.bands(1.0, bands);
    PowerMap::levels(bands, 1.0, 1, two);
    REQUIRE(one.rows() == two.rows());
    CHECK(one.rows() == quiet.frames() / PowerMap::kFramesPerSlot);
    for (std::size_t r = 0; r < one.rows(); ++r) {
        for (std::size_t tile = 0; tile < kTiles; ++tile) {
            CHECK(two.level(r, tile) - one.level(r, tile) == doctest::Approx(6.0206).epsilon(0.01));
        }
    }
    for (const Reading reading : kReadings) {
        std::vector<float> soft_one;
        std::vector<float> soft_two;
        soft_chips(one, 1, reading, soft_one);
        soft_chips(two, 1, reading, soft_two);
        CHECK(test::snr_db(soft_one, soft_two) > 40.0);
    }
}

TEST_CASE("the path of the highest score follows a jump of the alignment and its share shrinks with it") {
    WindowScores scores;
    scores.windows = 8;
    scores.alignments = kSlots;
    scores.correlation.assign(scores.windows * scores.alignments, 0.0F);
    scores.energy.assign(scores.windows * scores.alignments, 1.0F);
    for (std::size_t w = 0; w < scores.windows; ++w) {
        scores.correlation[w * scores.alignments + (w < 4 ? 5 : 40)] = 400.0F;
    }
    const Path path = best_path(scores, {});
    REQUIRE(path.alignment.size() == scores.windows);
    for (std::size_t w = 0; w < scores.windows; ++w) {
        CHECK(path.alignment[w] == (w < 4 ? 5 : 40));
    }
    CHECK(path.runs == 2);
    const Path still = Path::constant(8, 5);
    CHECK(still.runs == 1);
    CHECK(still.log10_count(kSlots) > 0.0);
    CHECK(path.log10_count(kSlots) > still.log10_count(kSlots));
    const Path none = path.only(2, 3);
    CHECK(std::ranges::count(none.alignment, Path::kOff) == 7);
}

TEST_CASE("any division into chunks gives the same samples and the same marks") {
    const std::vector<float> host = bursts(7.0);
    const std::vector<float> marked = embed(host, 16000.0, host.size());
    REQUIRE(marked.size() == host.size());
    CHECK(embed(host, 16000.0, 997) == marked);
    const auto whole = detect(marked, 16000.0, marked.size(), 1, Search::plain);
    const auto parts = detect(marked, 16000.0, 997, 1, Search::plain);
    REQUIRE(whole.size() == 1);
    REQUIRE(parts.size() == 1);
    CHECK(whole.front().payload == 0xC0FFEE);
    CHECK(parts.front().log10_p == whole.front().log10_p);
    CHECK(parts.front().soft_bits == whole.front().soft_bits);
    CHECK(detect(host, 16000.0, host.size(), 1, Search::plain).empty());
}

TEST_CASE("threads: any number of threads gives the same marks") {
    const std::vector<float> host = bursts(5.0);
    const std::vector<float> marked = embed(host, 16000.0, host.size());
    const auto one = detect(marked, 16000.0, marked.size(), 1, Search::full);
    const auto four = detect(marked, 16000.0, marked.size(), 4, Search::full);
    REQUIRE(one.size() == four.size());
    for (std::size_t i = 0; i < one.size(); ++i) {
        CHECK(one[i].payload == four[i].payload);
        CHECK(one[i].log10_p == four[i].log10_p);
    }
}

TEST_CASE("arguments out of range are refused") {
    CHECK_THROWS_AS(EmbedStream(7999.0, 1, kKey, 1), ArgumentError);
    CHECK_THROWS_AS(EmbedStream(16000.0, 0, kKey, 1), ArgumentError);
    CHECK_THROWS_AS(EmbedStream(16000.0, 1, kKey, 1, 9.0), ArgumentError);
    CHECK_THROWS_AS(DetectStream(16000.0, 1, {}, DetectOptions()), ArgumentError);
    EmbedStream stream(16000.0, 2, kKey, 1);
    std::vector<float> out;
    CHECK_THROWS_AS(stream.push(std::vector<float>(3), out), ArgumentError);
    CHECK_THROWS_AS(stream.push(std::vector<float>(2, std::numeric_limits<float>::quiet_NaN()), out), ArgumentError);
}
