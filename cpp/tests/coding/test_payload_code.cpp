#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "birthmark/coding/payload_code.hpp"
#include "birthmark/errors.hpp"

using birthmark::PayloadCode;
using birthmark::PayloadDecoder;

namespace {

std::vector<float> channel(const PayloadCode& code, std::uint64_t payload, float sigma, std::mt19937_64& random) {
    std::vector<std::int8_t> chips(code.size());
    code.encode(payload, chips);
    std::normal_distribution<float> normal;
    std::vector<float> soft(chips.begin(), chips.end());
    for (float& value : soft) value += sigma * normal(random);
    return soft;
}

}  // namespace

TEST_CASE("every length and list size returns the payload from clean and from moderately noisy soft bits") {
    std::mt19937_64 random(7);
    for (const std::size_t bits : {128U, 256U, 512U, 1024U}) {
        const PayloadCode code(bits);
        const float sigma = 0.4F * std::sqrt(static_cast<float>(bits) / 128.0F);
        for (const std::size_t list : {1U, 2U, 4U, 8U, 16U, 32U, 64U}) {
            PayloadDecoder decoder(code, list);
            for (int trial = 0; trial < 3; ++trial) {
                const std::uint64_t payload = random();
                const auto clean = channel(code, payload, 0.0F, random);
                const auto found = decoder.decode(clean);
                REQUIRE(!found.empty());
                CHECK(found[0].valid);
                CHECK(found[0].payload == payload);
                CHECK(found[0].correlation == static_cast<float>(bits));
                if (list < 8) continue;
                CHECK(decoder.decode(channel(code, payload, sigma, random))[0].payload == payload);
            }
        }
    }
}

TEST_CASE("the reported correlation is that of the candidate's codeword, and candidates are in order") {
    std::mt19937_64 random(8);
    const PayloadCode code(256);
    PayloadDecoder decoder(code, 32);
    const auto soft = channel(code, 42, 1.6F, random);
    const auto found = decoder.decode(soft);
    CHECK(found.size() == 32);
    std::vector<std::int8_t> chips(code.size());
    for (std::size_t k = 0; k < found.size(); ++k) {
        if (k > 0 && found[k].valid == found[k - 1].valid) CHECK(found[k].correlation <= found[k - 1].correlation);
        if (k > 0) CHECK(found[k].valid <= found[k - 1].valid);
        if (!found[k].valid) continue;
        code.encode(found[k].payload, chips);
        double sum = 0.0;
        for (std::size_t i = 0; i < soft.size(); ++i) sum += static_cast<double>(soft[i]) * chips[i];
        CHECK(found[k].correlation == doctest::Approx(sum).epsilon(1e-5));
    }
}

TEST_CASE("any positive scale gives the same candidates") {
    std::mt19937_64 random(9);
    const PayloadCode code(512);
    PayloadDecoder decoder(code, 8);
    const auto soft = channel(code, 0x0123456789abcdef, 2.2F, random);
    const auto first = decoder.decode(soft);
    const std::vector<birthmark::Candidate> expected(first.begin(), first.end());
    for (const float scale : {0x1p-120F, 0.25F, 1024.0F, 0x1p+100F}) {
        std::vector<float> scaled = soft;
        for (float& value : scaled) value *= scale;
        const auto found = decoder.decode(scaled);
        REQUIRE(found.size() == expected.size());
        for (std::size_t k = 0; k < found.size(); ++k) {
            CHECK(found[k].payload == expected[k].payload);
            CHECK(found[k].valid == expected[k].valid);
            CHECK(found[k].correlation == expected[k].correlation * scale);
        }
    }
}

TEST_CASE("soft bits without information give no candidate, erasures are allowed") {
    const PayloadCode code(512);
    PayloadDecoder decoder(code, 8);
    std::vector<float> soft(512);
    CHECK(decoder.decode(soft).empty());
    std::vector<std::int8_t> chips(512);
    code.encode(99, chips);
    for (std::size_t i = 0; i < soft.size(); ++i) soft[i] = i % 3 == 0 ? static_cast<float>(chips[i]) : 0.0F;
    CHECK(decoder.decode(soft)[0].payload == 99);
    // The check bits are inverted, so equal values everywhere are not the codeword of payload 0.
    code.encode(0, chips);
    CHECK(std::count(chips.begin(), chips.end(), std::int8_t{1}) < 512);
}

TEST_CASE("wrong arguments are named") {
    CHECK_THROWS_AS(PayloadCode(100), birthmark::ArgumentError);
    const PayloadCode code(128);
    CHECK_THROWS_AS(PayloadDecoder(code, 0), birthmark::ArgumentError);
    CHECK_THROWS_AS(PayloadDecoder(code, 12), birthmark::ArgumentError);
    CHECK_THROWS_AS(PayloadDecoder(code, 128), birthmark::ArgumentError);
    PayloadDecoder decoder(code, 4);
    std::vector<float> soft(127);
    CHECK_THROWS_AS(decoder.decode(soft), birthmark::ArgumentError);
    soft.assign(128, 1.0F);
    soft[3] = std::numeric_limits<float>::quiet_NaN();
    CHECK_THROWS_AS(decoder.decode(soft), birthmark::ArgumentError);
    std::vector<std::int8_t> chips(64);
    CHECK_THROWS_AS(code.encode(1, chips), birthmark::ArgumentError);
}
