#ifdef BIRTHMARK_FFT_fftw
#include <fftw3.h>

#include <algorithm>
#include <mutex>
#include <string>

#include "birthmark/errors.hpp"
#include "birthmark/spectrum/fft.hpp"

namespace birthmark {
namespace {

// FFTW's planner keeps process-wide state and is the one part of it that is not thread-safe.
std::mutex& planner_mutex() {
    static std::mutex mutex;
    return mutex;
}

}  // namespace

struct Fft::Plan {
    explicit Plan(std::size_t size) : time(fftwf_alloc_real(size)), bins(fftwf_alloc_complex(size / 2 + 1)) {
        const std::scoped_lock lock(planner_mutex());
        const int n = static_cast<int>(size);
        // FFTW_ESTIMATE: a measured plan would differ, and so would the rounding, from run to run.
        forward = fftwf_plan_dft_r2c_1d(n, time, bins, FFTW_ESTIMATE);
        inverse = fftwf_plan_dft_c2r_1d(n, bins, time, FFTW_ESTIMATE);
    }

    Plan(const Plan&) = delete;
    Plan& operator=(const Plan&) = delete;

    ~Plan() {
        const std::scoped_lock lock(planner_mutex());
        fftwf_destroy_plan(forward);
        fftwf_destroy_plan(inverse);
        fftwf_free(time);
        fftwf_free(bins);
    }

    float* time;
    fftwf_complex* bins;
    fftwf_plan forward = nullptr;
    fftwf_plan inverse = nullptr;
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
    std::copy(signal.begin(), signal.end(), plan_->time);
    fftwf_execute(plan_->forward);
    for (std::size_t k = 0; k < spectrum.size(); ++k) {
        spectrum[k] = {plan_->bins[k][0], plan_->bins[k][1]};
    }
}

void Fft::inverse(std::span<const std::complex<float>> spectrum, std::span<float> signal) {
    check(signal.size(), spectrum.size());
    for (std::size_t k = 0; k < spectrum.size(); ++k) {
        plan_->bins[k][0] = spectrum[k].real();
        plan_->bins[k][1] = spectrum[k].imag();
    }
    fftwf_execute(plan_->inverse);
    const float scale = 1.0F / static_cast<float>(size_);
    for (std::size_t i = 0; i < signal.size(); ++i) {
        signal[i] = plan_->time[i] * scale;
    }
}

}  // namespace birthmark
#endif
