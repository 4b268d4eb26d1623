#pragma once

#include <pybind11/numpy.h>

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "birthmark/errors.hpp"

namespace birthmark::bindings {

/// Samples that came from Python: float32 of shape (frames,) or (frames, channels), in C order. Holds the array.
struct Samples {
    pybind11::array_t<float, pybind11::array::c_style> array;
    std::size_t frames;
    std::size_t channels;

    std::span<const float> span() const { return {array.data(), frames * channels}; }
};

/// Checks an argument `name` and makes it contiguous float32. float64 is converted; integers, whose full scale is
/// unknown, are refused with ArgumentError as are other shapes.
inline Samples samples_from(const pybind11::array& array, const char* name = "samples") {
    const bool is_float = array.dtype().kind() == 'f';
    if (!is_float || array.ndim() < 1 || array.ndim() > 2 || (array.ndim() == 2 && array.shape(1) == 0)) {
        throw ArgumentError(std::string(name) + " is an array of " + std::string(pybind11::str(array.dtype())) +
                            " with " + std::to_string(array.ndim()) +
                            " dimensions; allowed: float32 of shape (frames,) or (frames, channels)");
    }
    return {pybind11::array_t<float, pybind11::array::c_style | pybind11::array::forcecast>::ensure(array),
            static_cast<std::size_t>(array.shape(0)),
            array.ndim() == 2 ? static_cast<std::size_t>(array.shape(1)) : std::size_t{1}};
}

/// A new array from interleaved samples: (frames,) where `mono_shape`, (frames, channels) otherwise.
inline pybind11::array_t<float> to_array(std::span<const float> samples, std::size_t channels, bool mono_shape) {
    const auto frames = static_cast<pybind11::ssize_t>(samples.size() / channels);
    if (mono_shape) {
        return pybind11::array_t<float>(frames, samples.data());
    }
    return pybind11::array_t<float>({frames, static_cast<pybind11::ssize_t>(channels)}, samples.data());
}

}  // namespace birthmark::bindings
