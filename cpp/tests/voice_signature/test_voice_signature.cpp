#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <random>
#include <vector>

#include "birthmark/errors.hpp"
#include "birthmark/voice_signature/bands.hpp"
#include "birthmark/voice_signature/detector.hpp"
#include "birthmark/voice_signature/embedder.hpp"
#include "birthmark/voice_signature/pattern.hpp"

using namespace birthmark;
using namespace birthmark::voice_signature;

namespace {

const Key kKey(Key::Bytes{7});

/// Noise whose level and colour change some ten times a second.
std::vector<float> babble(std::size_t count) {
    std::mt19937 generator(3);
    std::normal_distribution<float> normal;
    std::vector<float> samples(count);
    float state = 0.0F;
    float colour = 0.5F;
    float level = 0.1F;
    for (std::size_t n = 0; n < count; ++n) {
        if (n % 1600 == 0) {
            colour = std::tanh(normal(generator));
            level = 0.02F * std::exp(normal(generator));
        }
        state = colour * 0.9F * state + level * normal(generator);
        samples[n] = state;
    }
    return samples;
}

std::vector<float> marked(const std::vector<float>& samples, std::size_t chunk, std::size_t channels = 1) {
    SignatureEmbedder embedder(kKey, 16000.0, channels);
    std::vector<float> out;
    for (std::size_t n = 0; n < samples.size(); n += chunk) {
        embedder.push(std::span(samples).subspan(n, std::min(chunk, samples.size() - n)), out);
    }
    embedder.flush(out);
    return out;
}

}  // namespace

TEST_CASE("the mel scale goes both ways") {
    CHECK(hz_to_mel(1000.0) == doctest::Approx(999.99).epsilon(1e-4));
    CHECK(mel_to_hz(hz_to_mel(3210.0)) == doctest::Approx(3210.0));
}

TEST_CASE("signs depend on the key alone and are balanced") {
    const auto signs = signature_chips(kKey);
    CHECK(signs == signature_chips(kKey));
    CHECK(signs != signature_chips(Key(Key::Bytes{8})));
    int sum = 0;
    for (const auto sign : signs) {
        CHECK((sign == 1 || sign == -1));
        sum += sign;
    }
    CHECK(std::abs(sum) < 5 * std::sqrt(static_cast<double>(signs.size())));
}

TEST_CASE("every division of the input gives the same output of the same length") {
    const auto samples = babble(40007);
    const auto whole = marked(samples, samples.size());
    CHECK(whole.size() == samples.size());
    CHECK(whole != samples);
    for (const std::size_t chunk : {1, 997, 4096}) {
        CHECK(marked(samples, chunk) == whole);
    }
}

TEST_CASE("equal channels are marked as one") {
    const auto samples = babble(20000);
    std::vector<float> stereo;
    for (const float value : samples) {
        stereo.insert(stereo.end(), {value, value});
    }
    const auto mono = marked(samples, 1000);
    const auto both = marked(stereo, 1000, 2);
    REQUIRE(both.size() == 2 * mono.size());
    for (std::size_t n = 0; n < mono.size(); ++n) {
        CHECK(both[2 * n] == both[2 * n + 1]);
        CHECK(both[2 * n] == doctest::Approx(mono[n]).epsilon(1e-3));
    }
}

TEST_CASE("strength 0, silence and nothing at all pass unchanged") {
    const auto samples = babble(9001);
    SignatureEmbedder embedder(kKey, 44100.0, 1, 0.0);
    std::vector<float> out;
    embedder.push(samples, out);
    embedder.flush(out);
    REQUIRE(out.size() == samples.size());
    for (std::size_t n = 0; n < out.size(); ++n) {
        CHECK(std::abs(out[n] - samples[n]) < 1e-5F);
    }
    CHECK(marked(std::vector<float>(5000), 100) == std::vector<float>(5000));
    CHECK(marked({}, 1).empty());
}

TEST_CASE("arguments out of range are refused") {
    CHECK_THROWS_AS(SignatureEmbedder(kKey, 7999.0), ArgumentError);
    CHECK_THROWS_AS(SignatureEmbedder(kKey, 16000.0, 0), ArgumentError);
    CHECK_THROWS_AS(SignatureEmbedder(kKey, 16000.0, 1, 4.5), ArgumentError);
    CHECK_THROWS_AS(SignatureEmbedder(kKey, std::nan("")), ArgumentError);
    CHECK_THROWS_AS(SignatureAnalyser(100.0, std::vector<double>{1.0}), ArgumentError);
    CHECK_THROWS_AS(SignatureAnalyser(16000.0, std::vector<double>{3.0}), ArgumentError);
}

TEST_CASE("moments do not depend on the division and are those of the warp alone") {
    const auto samples = babble(50000);
    SignatureAnalyser one(16000.0, std::vector<double>{1.1});
    SignatureAnalyser two(16000.0, std::vector<double>{0.9, 1.1});
    one.push(samples);
    for (std::size_t n = 0; n < samples.size(); n += 611) {
        two.push(std::span(samples).subspan(n, std::min<std::size_t>(611, samples.size() - n)));
    }
    const auto a = one.finish();
    const auto b = two.finish();
    REQUIRE(b.size() == 2);
    CHECK(a[0].px == b[1].px);
    CHECK(a[0].px != b[0].px);
    CHECK(a[0].weight > 100.0);
    CHECK(one.finish()[0].weight == 0.0);
}
