#pragma once

#include <cstddef>
#include <vector>

namespace birthmark {

/// Shapes of the windows that make_window() computes.
enum class Window {
    rectangular,
    hann,  ///< sin^2(pi n / size)
    sine,  ///< sin(pi (n + 1/2) / size); its square overlap-adds to a constant at hop size / 2
    hamming,
    blackman,
};

/// `size` samples of the periodic window (as scipy.signal.get_window, fftbins=True), float64 rounded to float32. Throws
/// ArgumentError for size 0.
std::vector<float> make_window(Window shape, std::size_t size);

}  // namespace birthmark
