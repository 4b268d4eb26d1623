#include <doctest/doctest.h>

#include <vector>

#include "birthmark/errors.hpp"
#include "birthmark/media/audio_buffer.hpp"

TEST_CASE("downmix is the mean of the channels") {
    birthmark::AudioBuffer buffer(2, 2);
    buffer.samples()[0] = 1.0F;
    buffer.samples()[1] = 0.5F;
    std::vector<float> mono(2);
    buffer.downmix(mono);
    CHECK(mono == std::vector<float>{0.75F, 0.0F});
    mono.resize(3);
    CHECK_THROWS_AS(buffer.downmix(mono), birthmark::ArgumentError);
    CHECK_THROWS_AS(birthmark::AudioBuffer(1, 0), birthmark::ArgumentError);
}
