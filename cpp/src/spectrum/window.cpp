#include "birthmark/spectrum/window.hpp"

#include <cmath>
#include <numbers>

#include "birthmark/errors.hpp"

namespace birthmark {
namespace {

double value(Window shape, double n, double size) {
    const double turn = 2.0 * std::numbers::pi * n / size;
    switch (shape) {
        case Window::hann:
            return 0.5 - 0.5 * std::cos(turn);
        case Window::sine:
            return std::sin(std::numbers::pi * (n + 0.5) / size);
        case Window::hamming:
            return 0.54 - 0.46 * std::cos(turn);
        case Window::blackman:
            return 0.42 - 0.5 * std::cos(turn) + 0.08 * std::cos(2.0 * turn);
        case Window::rectangular:
            break;
    }
    return 1.0;
}

}  // namespace

std::vector<float> make_window(Window shape, std::size_t size) {
    if (size == 0) {
        throw ArgumentError("size of a window is 0; allowed: 1 or more");
    }
    std::vector<float> window(size);
    for (std::size_t n = 0; n < size; ++n) {
        window[n] = static_cast<float>(value(shape, static_cast<double>(n), static_cast<double>(size)));
    }
    return window;
}

}  // namespace birthmark
