#ifdef BIRTHMARK_FFT_kissfft
#include "birthmark/spectrum/fft.hpp"

#include <kissfft/kiss_fftr.h>

#include <algorithm>
#include <new>
#include <string>
#include <vector>

#include "birthmark/errors.hpp"

namespace birthmark {
namespace {

template <class Config>
struct Free {
    void operator()(Config* config) const { kiss_fft_free(config); }
};

template <class Config>
using Owned = std::unique_ptr<Config, Free<Config>>;

using RealConfig = Owned<kiss_fftr_state>;
using ComplexConfig = Owned<kiss_fft_state>;

template <class Config>
Config checked(Config config) {
    if (!config) {
        throw std::bad_alloc();
    }
    return config;
}

}  // namespace

// Even sizes use KissFFT's real transform; odd sizes, which it lacks, the complex one of the same size.
struct Fft::Plan {
    explicit Plan(std::size_t size) : odd(size % 2 != 0), time(odd ? 0 : size), bins(odd ? size : size / 2 + 1) {
        const int n = static_cast<int>(size);
        if (odd) {
            work.resize(size);
            odd_forward = checked(ComplexConfig(kiss_fft_alloc(n, 0, nullptr, nullptr)));
            odd_inverse = checked(ComplexConfig(kiss_fft_alloc(n, 1, nullptr, nullptr)));
        } else {
            even_forward = checked(RealConfig(kiss_fftr_alloc(n, 0, nullptr, nullptr)));
            even_inverse = checked(RealConfig(kiss_fftr_alloc(n, 1, nullptr, nullptr)));
        }
    }

    bool odd;
    std::vector<float> time;
    std::vector<kiss_fft_cpx> bins;
    std::vector<kiss_fft_cpx> work;
    RealConfig even_forward;
    RealConfig even_inverse;
    ComplexConfig odd_forward;
    ComplexConfig odd_inverse;
};

Fft::Fft(std::size_t size) : size_(size) {
    if (size < 2 || size > kMaxSize) {
        throw ArgumentError("size is " + std::to_string(size) + "; allowed: 2 to " + std::to_string(kMaxSize));
    }
    plan_ = std::make_unique<Plan>(size);
}

Fft::~Fft() = default;
Fft::Fft(Fft&&) noexcept = default;
Fft& Fft::operator=(Fft&&) noexcept = default;

void Fft::forward(std::span<const float> signal, std::span<std::complex<float>> spectrum) {
    check(signal.size(), spectrum.size());
    Plan& plan = *plan_;
    if (plan.odd) {
        for (std::size_t i = 0; i < size_; ++i) {
            plan.work[i] = {signal[i], 0.0F};
        }
        kiss_fft(plan.odd_forward.get(), plan.work.data(), plan.bins.data());
    } else {
        kiss_fftr(plan.even_forward.get(), signal.data(), plan.bins.data());
    }
    for (std::size_t k = 0; k < spectrum.size(); ++k) {
        spectrum[k] = {plan.bins[k].r, plan.bins[k].i};
    }
}

void Fft::inverse(std::span<const std::complex<float>> spectrum, std::span<float> signal) {
    check(signal.size(), spectrum.size());
    Plan& plan = *plan_;
    const float scale = 1.0F / static_cast<float>(size_);
    for (std::size_t k = 0; k < spectrum.size(); ++k) {
        plan.bins[k] = {spectrum[k].real(), spectrum[k].imag()};
    }
    plan.bins[0].i = 0.0F;
    if (plan.odd) {
        for (std::size_t k = 1; k < spectrum.size(); ++k) {
            plan.bins[size_ - k] = {plan.bins[k].r, -plan.bins[k].i};
        }
        kiss_fft(plan.odd_inverse.get(), plan.bins.data(), plan.work.data());
        for (std::size_t i = 0; i < size_; ++i) {
            signal[i] = plan.work[i].r * scale;
        }
    } else {
        plan.bins[size_ / 2].i = 0.0F;
        kiss_fftri(plan.even_inverse.get(), plan.bins.data(), plan.time.data());
        for (std::size_t i = 0; i < size_; ++i) {
            signal[i] = plan.time[i] * scale;
        }
    }
}

}  // namespace birthmark
#endif
