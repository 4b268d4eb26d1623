#include <doctest/doctest.h>

#include <numeric>
#include <vector>

#include "birthmark/errors.hpp"
#include "birthmark/media/slicer.hpp"

using birthmark::Slicer;

namespace {

using Frames = std::vector<std::vector<float>>;

Frames slice(const std::vector<float>& samples, Slicer& slicer, std::size_t chunk) {
    Frames frames;
    const auto keep = [&](std::span<const float> frame) { frames.emplace_back(frame.begin(), frame.end()); };
    for (std::size_t at = 0; at < samples.size(); at += chunk) {
        slicer.push(std::span(samples).subspan(at, std::min(chunk, samples.size() - at)), keep);
    }
    slicer.flush(keep);
    return frames;
}

/// Frame k by its definition.
Frames expected(const std::vector<float>& samples, std::size_t size, std::size_t hop, std::size_t lead) {
    Frames frames;
    for (std::size_t start = 0; !samples.empty() && start < samples.size() + lead; start += hop) {
        std::vector<float> frame(size);
        for (std::size_t n = 0; n < size; ++n) {
            const std::size_t at = start + n;
            frame[n] = at >= lead && at - lead < samples.size() ? samples[at - lead] : 0.0F;
        }
        frames.push_back(frame);
    }
    return frames;
}

}  // namespace

TEST_CASE("Slicer delivers the frames of its definition for any chunks") {
    std::vector<float> samples(57);
    std::iota(samples.begin(), samples.end(), 1.0F);
    for (const std::size_t size : {1U, 5U, 8U, 64U}) {
        for (const std::size_t hop : {1U, 3U, 8U, 11U}) {
            for (const std::size_t lead : {std::size_t{0}, size / 2, size - 1}) {
                Slicer slicer(size, hop, lead);
                const Frames frames = expected(samples, size, hop, lead);
                for (const std::size_t chunk : {1U, 2U, 7U, 57U}) {
                    CAPTURE(size);
                    CAPTURE(hop);
                    CAPTURE(lead);
                    CHECK(slice(samples, slicer, chunk) == frames);
                }
            }
        }
    }
}

TEST_CASE("Slicer counts frames, resets on flush and refuses nonsense") {
    Slicer slicer(4, 2);
    int calls = 0;
    const auto count = [&](std::span<const float>) { ++calls; };
    slicer.flush(count);
    CHECK(calls == 0);
    slicer.push(std::vector<float>(8), count);
    CHECK(slicer.frames() == 3);
    slicer.flush(count);
    CHECK(calls == 4);
    CHECK(slicer.frames() == 0);
    CHECK_THROWS_AS(Slicer(0, 1), birthmark::ArgumentError);
    CHECK_THROWS_AS(Slicer(1, 0), birthmark::ArgumentError);
    CHECK_THROWS_AS(Slicer(4, 1, 4), birthmark::ArgumentError);
}
