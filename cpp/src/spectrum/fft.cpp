// What the two FFT back ends share.
#include "birthmark/spectrum/fft.hpp"

#include <string>

#include "birthmark/errors.hpp"

namespace birthmark {

void Fft::check(std::size_t signal, std::size_t spectrum) const {
    if (signal != size_) {
        throw ArgumentError("signal has " + std::to_string(signal) + " samples; allowed: " + std::to_string(size_));
    }
    if (spectrum != bins()) {
        throw ArgumentError("spectrum has " + std::to_string(spectrum) + " bins; allowed: " + std::to_string(bins()));
    }
}

std::size_t Fft::good_size(std::size_t minimum) {
    for (std::size_t size = minimum < 2 ? 2 : minimum;; ++size) {
        std::size_t rest = size;
        for (const std::size_t factor : {2U, 3U, 5U}) {
            while (rest % factor == 0) {
                rest /= factor;
            }
        }
        if (rest == 1) {
            return size;
        }
    }
}

}  // namespace birthmark
