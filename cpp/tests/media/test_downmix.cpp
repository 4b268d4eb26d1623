#include <doctest/doctest.h>

#include <numeric>
#include <vector>

#include "birthmark/media/downmix.hpp"
#include "noise.hpp"

using birthmark::Downmix;
using birthmark::test::noise;

namespace {

std::vector<float> interleaved(const std::vector<float>& voice, const std::vector<float>& gains) {
    std::vector<float> samples;
    for (const float sample : voice) {
        for (const float gain : gains) samples.push_back(gain * sample);
    }
    return samples;
}

double energy(const std::vector<float>& samples) {
    return std::inner_product(samples.begin(), samples.end(), samples.begin(), 0.0);
}

}  // namespace

TEST_CASE("Downmix is the mean of channels, and another mix only where they cancel") {
    const std::vector<float> voice = noise(1000);
    for (const std::vector<float>& gains : {std::vector{1.0F}, {1.0F, 1.0F}, {1.0F, 0.0F}, {0.2F, -0.9F}}) {
        Downmix mix;
        mix.add(interleaved(voice, gains), gains.size());
        CHECK(&mix.audible(0, voice.size()) == &mix.mean);
        const float gain = std::accumulate(gains.begin(), gains.end(), 0.0F) / static_cast<float>(gains.size());
        CHECK(mix.mean[7] == doctest::Approx(gain * voice[7]));
    }
    for (const std::size_t pairs : {1U, 2U, 4U}) {
        std::vector<float> gains(2 * pairs, 1.0F);
        for (std::size_t c = 1; c < gains.size(); c += 2) gains[c] = -1.0F;
        Downmix mix;
        mix.add(interleaved(voice, gains), gains.size());
        const std::vector<float>& heard = mix.audible(0, voice.size());
        CHECK(energy(heard) > 1e-3 * energy(voice));
        const double along = std::inner_product(heard.begin(), heard.end(), voice.begin(), 0.0);
        CHECK(along * along / (energy(heard) * energy(voice)) > 0.9999);
    }
}

TEST_CASE("Downmix decides for each stretch by itself") {
    const std::vector<float> voice = noise(1000);
    Downmix mix;
    mix.add(interleaved(voice, {1.0F, 1.0F}), 2);
    mix.add(interleaved(voice, {1.0F, -1.0F}), 2);
    CHECK(&mix.audible(0, 1000) == &mix.mean);
    CHECK(&mix.audible(1000, 1000) == &mix.uneven);
    mix.drop(1000);
    CHECK(mix.mean.size() == 1000);
    CHECK(&mix.audible(0, 1000) == &mix.uneven);
}
