#include <doctest/doctest.h>

#include <complex>
#include <numbers>
#include <thread>
#include <vector>

#include "birthmark/errors.hpp"
#include "birthmark/spectrum/fft.hpp"
#include "noise.hpp"

using birthmark::Fft;
using birthmark::test::noise;
using birthmark::test::snr_db;

namespace {

using Spectrum = std::vector<std::complex<float>>;

std::vector<std::complex<double>> slow_transform(const std::vector<float>& signal) {
    std::vector<std::complex<double>> spectrum(signal.size() / 2 + 1);
    const double step = -2.0 * std::numbers::pi / static_cast<double>(signal.size());
    for (std::size_t k = 0; k < spectrum.size(); ++k) {
        for (std::size_t n = 0; n < signal.size(); ++n) {
            const auto turn = static_cast<double>(k * n % signal.size());
            spectrum[k] += static_cast<double>(signal[n]) * std::polar(1.0, step * turn);
        }
    }
    return spectrum;
}

}  // namespace

TEST_CASE("Fft agrees with the definition and inverts itself") {
    for (const std::size_t size : {2U, 3U, 4U, 5U, 15U, 16U, 30U, 97U, 256U, 441U, 1000U, 1024U, 2048U}) {
        CAPTURE(size);
        Fft fft(size);
        const auto signal = noise(size);
        Spectrum spectrum(fft.bins());
        fft.forward(signal, spectrum);
        CHECK(snr_db(slow_transform(signal), spectrum) > 120.0);
        std::vector<float> back(size);
        fft.inverse(spectrum, back);
        CHECK(snr_db(signal, back) > 120.0);
    }
}

TEST_CASE("Fft of a large size inverts itself") {
    Fft fft(65536);
    const auto signal = noise(65536);
    Spectrum spectrum(fft.bins());
    std::vector<float> back(65536);
    fft.forward(signal, spectrum);
    fft.inverse(spectrum, back);
    CHECK(snr_db(signal, back) > 120.0);
}

TEST_CASE("inverse ignores the imaginary parts of the real bins") {
    for (const std::size_t size : {7U, 8U}) {
        Fft fft(size);
        Spectrum spectrum(fft.bins());
        fft.forward(noise(size), spectrum);
        std::vector<float> plain(size);
        std::vector<float> odd(size);
        fft.inverse(spectrum, plain);
        spectrum.front().imag(3.0F);
        if (size % 2 == 0) {
            spectrum.back().imag(-2.0F);
        }
        fft.inverse(spectrum, odd);
        CHECK(snr_db(plain, odd) > 120.0);
    }
}

TEST_CASE("Fft refuses wrong sizes") {
    CHECK_THROWS_AS(Fft(1), birthmark::ArgumentError);
    CHECK_THROWS_AS(Fft(Fft::kMaxSize + 1), birthmark::ArgumentError);
    Fft fft(8);
    Spectrum spectrum(5);
    CHECK_THROWS_AS(fft.forward(noise(7), spectrum), birthmark::ArgumentError);
    spectrum.resize(4);
    CHECK_THROWS_AS(fft.forward(noise(8), spectrum), birthmark::ArgumentError);
}

TEST_CASE("good_size has small factors only") {
    CHECK(Fft::good_size(0) == 2);
    CHECK(Fft::good_size(1024) == 1024);
    CHECK(Fft::good_size(1025) == 1080);
    CHECK(Fft::good_size(7) == 8);
}

TEST_CASE("threads: objects made and used side by side do not disturb each other") {
    const auto signal = noise(512);
    Spectrum expected(257);
    Fft(512).forward(signal, expected);
    std::vector<Spectrum> got(4, Spectrum(257));
    std::vector<std::thread> threads;
    for (Spectrum& spectrum : got) {
        threads.emplace_back([&] {
            for (int i = 0; i < 50; ++i) {
                Fft fft(512);
                fft.forward(signal, spectrum);
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    for (const Spectrum& spectrum : got) {
        CHECK(spectrum == expected);
    }
}
