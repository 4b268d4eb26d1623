#include "birthmark/version.hpp"

namespace birthmark {

const char* version() { return BIRTHMARK_VERSION; }

const char* fft_backend() {
#ifdef BIRTHMARK_FFT_kissfft
    return "kissfft";
#else
    return "fftw";
#endif
}

}  // namespace birthmark
