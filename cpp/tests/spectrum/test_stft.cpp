#include <doctest/doctest.h>

#include <complex>
#include <vector>

#include "birthmark/errors.hpp"
#include "birthmark/media/slicer.hpp"
#include "birthmark/spectrum/overlap_add.hpp"
#include "birthmark/spectrum/stft.hpp"
#include "noise.hpp"

using birthmark::Slicer;
using birthmark::Stft;
using birthmark::Window;

namespace {

/// Through the transform and back, in chunks of `chunk` samples.
std::vector<float> round_trip(const std::vector<float>& signal, Stft& stft, std::size_t chunk) {
    const std::size_t lead = stft.size() - stft.hop();
    Slicer slicer(stft.size(), stft.hop(), lead);
    birthmark::OverlapAdd sum(stft.size(), stft.hop());
    std::vector<std::complex<float>> spectrum(stft.bins());
    std::vector<float> frame(stft.size());
    std::vector<float> out;
    const auto on_frame = [&](std::span<const float> samples) {
        stft.forward(samples, spectrum);
        stft.inverse(spectrum, frame);
        const auto done = sum.add(frame);
        out.insert(out.end(), done.begin(), done.end());
    };
    for (std::size_t at = 0; at < signal.size(); at += chunk) {
        slicer.push(std::span(signal).subspan(at, std::min(chunk, signal.size() - at)), on_frame);
    }
    slicer.flush(on_frame);
    CHECK(out.size() >= lead + signal.size());
    return {out.begin() + static_cast<std::ptrdiff_t>(lead),
            out.begin() + static_cast<std::ptrdiff_t>(lead + signal.size())};
}

}  // namespace

TEST_CASE("unchanged frames overlap-add to the input, for every window, hop and chunk") {
    const auto signal = birthmark::test::noise(3000);
    for (const Window shape : {Window::sine, Window::hann, Window::hamming, Window::blackman}) {
        for (const std::size_t hop : {64U, 100U, 128U}) {
            Stft stft(256, hop, shape);
            const auto whole = round_trip(signal, stft, signal.size());
            CHECK(birthmark::test::snr_db(signal, whole) > 110.0);
            for (const std::size_t chunk : {1U, 7U, 997U}) {
                CHECK(round_trip(signal, stft, chunk) == whole);
            }
        }
    }
}

TEST_CASE("Stft refuses hops that lose samples") {
    CHECK_THROWS_AS(Stft(256, 0), birthmark::ArgumentError);
    CHECK_THROWS_AS(Stft(256, 257), birthmark::ArgumentError);
    CHECK_THROWS_AS(Stft(256, 256, Window::hann), birthmark::ArgumentError);
    CHECK_NOTHROW(Stft(256, 256, Window::rectangular));
    CHECK_THROWS_AS(birthmark::OverlapAdd(4, 5), birthmark::ArgumentError);
}

TEST_CASE("windows have their textbook values") {
    CHECK(birthmark::make_window(Window::hann, 4) == std::vector<float>{0.0F, 0.5F, 1.0F, 0.5F});
    CHECK(birthmark::make_window(Window::rectangular, 2) == std::vector<float>{1.0F, 1.0F});
    CHECK(birthmark::make_window(Window::sine, 2)[0] == doctest::Approx(0.70710678));
    CHECK(birthmark::make_window(Window::hamming, 2)[0] == doctest::Approx(0.08));
    CHECK(birthmark::make_window(Window::blackman, 2)[1] == doctest::Approx(1.0));
    CHECK_THROWS_AS(birthmark::make_window(Window::hann, 0), birthmark::ArgumentError);
}
