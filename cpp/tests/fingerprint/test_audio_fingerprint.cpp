#include <doctest/doctest.h>

#include <cmath>
#include <random>
#include <utility>
#include <vector>

#include "birthmark/errors.hpp"
#include "birthmark/fingerprint/audio_codes.hpp"
#include "birthmark/fingerprint/audio_extractor.hpp"
#include "birthmark/fingerprint/audio_null.hpp"
#include "birthmark/fingerprint/audio_surface.hpp"
#include "birthmark/fingerprint/audio_verifier.hpp"
#include "birthmark/fingerprint/audio_votes.hpp"
#include "noise.hpp"

using namespace birthmark;
using birthmark::test::noise;

namespace {

AudioFingerprint extract(const std::vector<float>& samples, double rate, std::size_t chunk) {
    AudioExtractor extractor(rate, 1);
    for (std::size_t i = 0; i < samples.size(); i += chunk) {
        extractor.push(std::span(samples).subspan(i, std::min(chunk, samples.size() - i)));
    }
    return extractor.finish();
}

AudioHits hits_of(const AudioPostings& postings, const AudioProbes& probes, std::vector<std::uint32_t>& tags,
                  std::vector<std::uint32_t>& recordings, std::vector<std::uint32_t>& rows) {
    for (std::size_t i = 0; i < probes.codes.size(); ++i) {
        for (std::size_t j = 0; j < postings.codes.size(); ++j) {
            if (probes.codes[i] == postings.codes[j]) {
                tags.push_back(probes.tags[i]);
                recordings.push_back(5);
                rows.push_back(postings.rows[j]);
            }
        }
    }
    return {tags, recordings, rows};
}

}  // namespace

TEST_CASE("AudioDecimator keeps 3.5 kHz, removes aliases, and has no delay") {
    for (const double rate : {16000.0, 22050.0, 44100.0, 48000.0, 96000.0}) {
        CAPTURE(rate);
        for (const double hertz : {300.0, 3400.0}) {
            AudioDecimator decimator(rate, 1);
            std::vector<float> tone(static_cast<std::size_t>(rate));
            for (std::size_t i = 0; i < tone.size(); ++i) {
                tone[i] = static_cast<float>(std::sin(6.283185307179586 * hertz * static_cast<double>(i) / rate));
            }
            std::vector<float> out;
            decimator.push(tone, out);
            decimator.flush(out);
            CHECK(out.size() == (tone.size() + decimator.factor() - 1) / decimator.factor());
            double worst = 0.0;
            for (std::size_t m = 200; m + 200 < out.size(); ++m) {
                worst = std::max(worst, std::abs(static_cast<double>(out[m] - tone[m * decimator.factor()])));
            }
            CHECK(worst < 0.015);
        }
        AudioDecimator decimator(rate, 1);
        std::vector<float> tone(static_cast<std::size_t>(rate));
        const double alias = decimator.rate() - 3300.0;
        for (std::size_t i = 0; i < tone.size(); ++i) {
            tone[i] = static_cast<float>(std::sin(6.283185307179586 * alias * static_cast<double>(i) / rate));
        }
        std::vector<float> out;
        decimator.push(tone, out);
        for (std::size_t m = 200; m + 200 < out.size(); ++m) {
            REQUIRE(std::abs(out[m]) < 0.0071F);  // -43 dB
        }
    }
    CHECK_THROWS_AS(AudioDecimator(7999.0, 1), ArgumentError);
    CHECK_THROWS_AS(AudioDecimator(8000.0, 0), ArgumentError);
}

TEST_CASE("AudioExtractor gives the same for every division into chunks") {
    const auto samples = noise(30000);
    for (const double rate : {8000.0, 11025.0, 44100.0}) {
        const AudioFingerprint whole = extract(samples, rate, samples.size());
        for (const std::size_t chunk : {1U, 7U, 997U, 4096U}) {
            const AudioFingerprint parts = extract(samples, rate, chunk);
            CHECK(parts.rows == whole.rows);
            CHECK(parts.peaks == whole.peaks);
            CHECK(parts.surface == whole.surface);
        }
    }
}

TEST_CASE("audio fingerprints read back what they wrote, long gaps too") {
    AudioFingerprint fingerprint;
    fingerprint.rows = 1000000;
    fingerprint.peaks = {{0, 0, 0}, {0, 91, 15}, {30, 5, 3}, {61, 4, 2}, {93, 7, 1}, {500000, 90, 9}, {999999, 0, 0}};
    const auto bytes = serialize(fingerprint);
    const AudioFingerprint read = deserialize_audio(bytes);
    CHECK(read.rows == fingerprint.rows);
    CHECK(read.peaks == fingerprint.peaks);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        CHECK_THROWS_AS(deserialize_audio(std::span(bytes).first(size)), FormatError);
    }
    CHECK(serialize(AudioFingerprint{}) == std::vector<std::uint8_t>{1, 1, 0, 0});
}

TEST_CASE("a passage is found in its own fingerprint by votes and verification") {
    const auto samples = noise(8000 * 20);
    const AudioFingerprint reference = extract(samples, 8000.0, samples.size());
    const std::vector<float> part(samples.begin() + 8000 * 6, samples.begin() + 8000 * 11);
    const AudioFingerprint query = extract(part, 8000.0, part.size());
    std::vector<std::uint32_t> tags;
    std::vector<std::uint32_t> recordings;
    std::vector<std::uint32_t> rows;
    const AudioHits hits =
        hits_of(AudioCodes::postings(reference), AudioCodes::probes(query, 0, query.rows), tags, recordings, rows);
    const auto candidates = vote(hits, query.rows, 4);
    REQUIRE(!candidates.empty());
    CHECK(candidates[0].recording == 5);
    const auto found = AudioVerifier(query, reference.rows).verify(reference, candidates);
    REQUIRE(!found.empty());
    CHECK(found[0].log10_p < -10.0);
    CHECK(found[0].reference_start - found[0].query_start == doctest::Approx(6.0).epsilon(0.002));
    CHECK(found[0].speed == doctest::Approx(1.0).epsilon(0.002));
}

TEST_CASE("vote bears any hits") {
    std::mt19937 random(3);
    std::vector<std::uint32_t> tags(5000);
    std::vector<std::uint32_t> recordings(5000);
    std::vector<std::uint32_t> positions(5000);
    for (std::size_t i = 0; i < tags.size(); ++i) {
        tags[i] = static_cast<std::uint32_t>(random()) >> (random() % 32);
        recordings[i] = static_cast<std::uint32_t>(random()) >> (random() % 32);
        positions[i] = static_cast<std::uint32_t>(random()) >> (random() % 32);
    }
    for (const std::uint32_t rows : {0U, 1U, 312U, 469U, 5000U}) {
        for (const AudioCandidate& candidate : vote({tags, recordings, positions}, rows, 10)) {
            CHECK(candidate.first <= candidate.last);
            CHECK(candidate.last <= std::max(rows, 1U));
        }
    }
    CHECK_THROWS_AS(vote({tags, recordings, std::span(positions).first(3)}, 100, 1), ArgumentError);
}

TEST_CASE("partials are ridges across bands; those that a room delays are seen by its look") {
    constexpr std::uint32_t kRow = 20;
    constexpr std::size_t kBand = 40;
    AudioFingerprint query;
    query.rows = 40;
    const auto surface_with = [&query](std::uint32_t first, std::uint32_t last) {
        query.surface.assign(query.rows * AudioGrid::kBands, 0);
        for (std::uint32_t r = first; r < last; ++r) {
            query.surface[r * AudioGrid::kBands + kBand] = 64;
        }
        const AudioSurface surface(query);
        return std::pair{surface.partial(kRow, kBand, AudioSurface::Look::kDirect),
                         surface.partial(kRow, kBand, AudioSurface::Look::kRoom)};
    };
    const auto steady = surface_with(kRow - 1, kRow + 6);
    CHECK(steady.first == doctest::Approx(2.0));
    CHECK(steady.second == doctest::Approx(2.0));
    const auto late = surface_with(kRow + 1, kRow + 6);
    CHECK(late.first <= 1.0);
    CHECK(late.second == doctest::Approx(2.0));
    const auto ringing = surface_with(kRow - 4, kRow);  // over by now
    CHECK(ringing.first == doctest::Approx(0.0));       // -1, and 1 for a flat row
    CHECK(ringing.second == doctest::Approx(0.0));
}

TEST_CASE("log10_retake doubts short passages more and takes the better of two looks") {
    CHECK(log10_retake({1.2, 0.0, 200}) < -6.0);
    CHECK(log10_retake({0.0, 1.2, 200}) < -6.0);
    CHECK(log10_retake({1.2, 0.0, 40}) > -6.0);
    CHECK(log10_retake({0.4, 0.3, 200}) > -0.5);
    CHECK(log10_retake({0.0, 0.0, 0}) <= 0.0);
}

TEST_CASE("log10_normal_tail joins its two halves and does not underflow") {
    CHECK(log10_normal_tail(0.0) == doctest::Approx(std::log10(0.5)));
    CHECK(log10_normal_tail(4.753424) == doctest::Approx(-6.0).epsilon(1e-5));
    CHECK(log10_normal_tail(19.9999) == doctest::Approx(log10_normal_tail(20.0001)).epsilon(1e-4));
    CHECK(log10_normal_tail(100.0) == doctest::Approx(-2173.87).epsilon(1e-4));
}
