#include <doctest/doctest.h>

#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

#include "birthmark/errors.hpp"
#include "birthmark/media/resampler.hpp"
#include "noise.hpp"

using birthmark::ResampleQuality;
using birthmark::Resampler;

namespace {

std::vector<float> tone(double hertz, double rate, std::size_t frames) {
    std::vector<float> samples(frames);
    for (std::size_t n = 0; n < frames; ++n) {
        samples[n] = static_cast<float>(0.5 * std::sin(2.0 * std::numbers::pi * hertz * static_cast<double>(n) / rate));
    }
    return samples;
}

std::vector<float> in_chunks(const std::vector<float>& samples, Resampler& resampler, std::size_t chunk) {
    std::vector<float> out;
    const std::size_t step = chunk * resampler.channels();
    for (std::size_t at = 0; at < samples.size(); at += step) {
        resampler.push(std::span(samples).subspan(at, std::min(step, samples.size() - at)), out);
    }
    resampler.flush(out);
    return out;
}

}  // namespace

TEST_CASE("a tone keeps its place in time at the new rate") {
    const std::vector<std::pair<double, double>> rates = {
        {44100.0, 16000.0}, {8000.0, 48000.0}, {16000.0, 15200.0}, {48000.0, 44100.0}};
    for (const auto& pair : rates) {
        const double in_rate = pair.first;
        const double out_rate = pair.second;
        CAPTURE(in_rate);
        CAPTURE(out_rate);
        const auto frames = static_cast<std::size_t>(in_rate);
        const auto out = birthmark::resample(tone(440.0, in_rate, frames), in_rate, out_rate);
        const auto expected = tone(440.0, out_rate, static_cast<std::size_t>(out_rate));
        REQUIRE(out.size() == expected.size());
        // The tone starts and stops at the ends, so they ring.
        const auto margin = static_cast<std::ptrdiff_t>(out_rate / 20);
        const std::vector<float> a(expected.begin() + margin, expected.end() - margin);
        const std::vector<float> b(out.begin() + margin, out.end() - margin);
        CHECK(birthmark::test::snr_db(a, b) > 90.0);
    }
}

TEST_CASE("any chunks give the one-shot result") {
    const auto samples = birthmark::test::noise(2 * 9001);
    for (const double out_rate : {8000.0, 16000.0, 16123.0, 44100.0}) {
        const auto whole = birthmark::resample(samples, 16000.0, out_rate, 2);
        CHECK(whole.size() == 2 * static_cast<std::size_t>(std::llround(9001.0 * out_rate / 16000.0)));
        Resampler resampler(16000.0, out_rate, 2);
        for (const std::size_t chunk : {1U, 7U, 997U, 4096U}) {
            CAPTURE(chunk);
            CHECK(in_chunks(samples, resampler, chunk) == whole);
        }
    }
}

TEST_CASE("short and empty input, and nonsense") {
    CHECK(birthmark::resample({}, 16000.0, 8000.0).empty());
    CHECK(birthmark::resample(std::vector<float>(1, 0.5F), 8000.0, 16000.0).size() == 2);
    CHECK(birthmark::resample(std::vector<float>(3), 16000.0, 48000.0, 1, ResampleQuality::low).size() == 9);
    CHECK(birthmark::resample(std::vector<float>(9), 48000.0, 16000.0, 1, ResampleQuality::very_high).size() == 3);
    CHECK(birthmark::resample(std::vector<float>(8), 48000.0, 24000.0, 1, ResampleQuality::medium).size() == 4);
    CHECK_THROWS_AS(Resampler(0.0, 8000.0), birthmark::ArgumentError);
    CHECK_THROWS_AS(Resampler(8000.0, std::nan("")), birthmark::ArgumentError);
    CHECK_THROWS_AS(Resampler(1.0, 8000.0), birthmark::ArgumentError);
    CHECK_THROWS_AS(Resampler(8000.0, 8000.0, 0), birthmark::ArgumentError);
    std::vector<float> out;
    Resampler stereo(8000.0, 16000.0, 2);
    CHECK_THROWS_AS(stereo.push(std::vector<float>(3), out), birthmark::ArgumentError);
}
