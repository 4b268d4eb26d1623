#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "birthmark/coding/issued_ids.hpp"
#include "birthmark/coding/payload_code.hpp"
#include "birthmark/errors.hpp"

using birthmark::IssuedIds;
using birthmark::PayloadCode;

namespace {

std::vector<std::uint64_t> random_ids(std::size_t size, std::mt19937_64& random) {
    std::vector<std::uint64_t> ids(size);
    for (auto& id : ids) id = random();
    return ids;
}

/// Every ID's correlation in double precision, best first.
std::vector<std::pair<double, std::uint64_t>> slow_scores(std::size_t bits, const std::vector<std::uint64_t>& ids,
                                                          std::span<const float> soft) {
    const PayloadCode code(bits);
    std::vector<std::int8_t> chips(bits);
    std::vector<std::pair<double, std::uint64_t>> scores;
    for (const auto id : ids) {
        code.encode(id, chips);
        double sum = 0.0;
        for (std::size_t i = 0; i < bits; ++i) sum += static_cast<double>(soft[i]) * chips[i];
        scores.emplace_back(sum, id);
    }
    std::stable_sort(scores.begin(), scores.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
    return scores;
}

}  // namespace

TEST_CASE("the best of the issued payloads are those of a full search") {
    std::mt19937_64 random(1);
    std::normal_distribution<float> normal;
    for (const std::size_t bits : {128U, 256U, 512U, 1024U}) {
        for (const std::size_t size : {1U, 31U, 32U, 33U, 1000U}) {
            const auto ids = random_ids(size, random);
            const IssuedIds issued(bits, ids);
            std::vector<float> soft(3 * bits);
            for (float& value : soft) value = normal(random);
            soft[5] = 80.0F;  // one wild value makes the quantised scores coarse
            const auto found = issued.best_of_each(soft, 7);
            REQUIRE(found.size() == 3);
            for (std::size_t h = 0; h < 3; ++h) {
                const auto part = std::span<const float>(soft).subspan(h * bits, bits);
                const auto expected = slow_scores(bits, ids, part);
                REQUIRE(found[h].size() == std::min<std::size_t>(7, size));
                const auto alone = issued.best(part, 7);
                for (std::size_t k = 0; k < found[h].size(); ++k) {
                    CHECK(found[h][k].id == expected[k].second);
                    CHECK(found[h][k].correlation == doctest::Approx(expected[k].first).epsilon(1e-4));
                    CHECK(alone[k].id == found[h][k].id);
                }
            }
        }
    }
}

TEST_CASE("a search for what stands far out leaves out the rest and misses nothing") {
    std::mt19937_64 random(3);
    std::normal_distribution<float> normal;
    for (const std::size_t bits : {128U, 256U, 1024U}) {
        const auto ids = random_ids(5000, random);
        const IssuedIds issued(bits, ids);
        const PayloadCode code(bits);
        std::vector<std::int8_t> chips(bits);
        std::vector<float> soft(2 * bits);
        for (std::size_t trial = 0; trial < 50; ++trial) {
            code.encode(ids[97 * trial], chips);
            const float strength = 0.02F * static_cast<float>(trial);
            for (float& value : soft) value = normal(random);
            for (std::size_t i = 0; i < bits; ++i) soft[bits + i] += strength * static_cast<float>(chips[i]);
            const float norm = std::sqrt(static_cast<float>(bits));
            const std::vector<float> at_least{7.0F * norm, (4.0F + 0.1F * static_cast<float>(trial)) * norm};
            const auto found = issued.best_of_each(soft, 2, at_least);
            for (std::size_t h = 0; h < 2; ++h) {
                auto expected = issued.best(std::span<const float>(soft).subspan(h * bits, bits), 2);
                std::erase_if(expected, [&](const IssuedIds::Match& one) { return one.correlation < at_least[h]; });
                REQUIRE(found[h].size() == expected.size());
                for (std::size_t k = 0; k < expected.size(); ++k) CHECK(found[h][k].id == expected[k].id);
            }
        }
    }
}

TEST_CASE("an issued payload is identified where the soft bits are far too weak for blind decoding") {
    std::mt19937_64 random(2);
    std::normal_distribution<float> normal;
    const auto ids = random_ids(20000, random);
    const IssuedIds issued(512, ids);
    const PayloadCode code(512);
    std::vector<std::int8_t> chips(512);
    code.encode(ids[12345], chips);
    std::vector<float> soft(512);
    for (std::size_t i = 0; i < 512; ++i) soft[i] = static_cast<float>(chips[i]) + 3.2F * normal(random);
    CHECK(issued.best(soft, 1)[0].id == ids[12345]);
}

TEST_CASE("nothing issued, nothing asked, nothing heard") {
    CHECK(IssuedIds(128, {}).best(std::vector<float>(128, 1.0F), 3).empty());
    const std::vector<std::uint64_t> ids{5, 6, 5};
    const IssuedIds issued(128, ids);
    CHECK(issued.best(std::vector<float>(128, 1.0F), 0).empty());
    const auto silent = issued.best(std::vector<float>(128, 0.0F), 5);
    REQUIRE(silent.size() == 3);
    CHECK(silent[0].id == 5);
    CHECK(silent[1].id == 6);
    CHECK(silent[2].id == 5);
    CHECK(silent[0].correlation == 0.0F);
    CHECK(issued.best_of_each({}, 2).empty());
}

TEST_CASE("wrong arguments are named") {
    const std::vector<std::uint64_t> ids{1};
    CHECK_THROWS_AS(IssuedIds(64, ids), birthmark::ArgumentError);
    const IssuedIds issued(128, ids);
    CHECK_THROWS_AS(static_cast<void>(issued.best(std::vector<float>(256, 1.0F), 1)), birthmark::ArgumentError);
    CHECK_THROWS_AS(static_cast<void>(issued.best_of_each(std::vector<float>(100, 1.0F), 1)), birthmark::ArgumentError);
    const std::vector<float> two(2, 0.0F);
    CHECK_THROWS_AS(static_cast<void>(issued.best_of_each(std::vector<float>(128, 1.0F), 1, two)),
                    birthmark::ArgumentError);
    std::vector<float> soft(128, 1.0F);
    soft[0] = std::numeric_limits<float>::infinity();
    CHECK_THROWS_AS(static_cast<void>(issued.best(soft, 1)), birthmark::ArgumentError);
}
