#pragma once

namespace birthmark {

/// Version of the library, as "major.minor.patch".
const char* version();

/// The FFT library that this build links: "fftw" or "kissfft".
const char* fft_backend();

}  // namespace birthmark
