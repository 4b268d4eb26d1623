#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <random>
#include <vector>

#include "birthmark/coding/information_set.hpp"
#include "birthmark/coding/polar_code.hpp"
#include "birthmark/coding/polar_decoder.hpp"
#include "birthmark/errors.hpp"

using birthmark::PolarCode;
using birthmark::PolarDecoder;

TEST_CASE("codes with and without parities decode what they encode") {
    std::mt19937_64 random(3);
    for (const std::uint32_t taps : {0U, 0x6cU, 0xfffffffeU}) {
        const PolarCode code(birthmark::information_set(256), taps);
        CHECK(code.dimension() == 70);
        CHECK((code.parities().empty()) == (taps == 0));
        PolarDecoder decoder(code, 4);
        for (int trial = 0; trial < 20; ++trial) {
            const std::array<std::uint64_t, 2> information{random(), random() & 0x3f};
            std::array<std::uint64_t, 4> word{};
            code.encode(information, word);
            std::vector<float> soft(256);
            for (std::size_t i = 0; i < soft.size(); ++i) soft[i] = (word[i / 64] >> (i % 64) & 1U) != 0 ? -1.0F : 1.0F;
            decoder.decode(soft);
            std::size_t best = 0;
            for (std::size_t p = 0; p < decoder.paths(); ++p) {
                if (decoder.correlation(p) > decoder.correlation(best)) best = p;
            }
            CHECK(decoder.correlation(best) == 256.0F);
            CHECK(decoder.information(best, 0) == (information[0] & 0xffffffffU));
            CHECK(decoder.information(best, 1) == information[0] >> 32);
            CHECK(decoder.information(best, 2) == information[1]);
        }
    }
}

TEST_CASE("a code that cannot be is refused") {
    const std::vector<std::uint64_t> three(3, 1);
    CHECK_THROWS_AS(PolarCode{three}, birthmark::ArgumentError);
    CHECK_THROWS_AS(PolarCode(birthmark::information_set(128), 1U), birthmark::ArgumentError);
    CHECK_THROWS_AS(static_cast<void>(birthmark::information_set(64)), birthmark::ArgumentError);
}
