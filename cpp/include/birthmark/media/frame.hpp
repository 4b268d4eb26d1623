#pragma once

#include <cstddef>
#include <cstdint>

namespace birthmark {

/// A view of one plane of a picture: `height` rows of `width` pixels, `stride` pixels from row to row.
template <class Pixel>
struct Plane {
    Pixel* data = nullptr;
    std::size_t width = 0;
    std::size_t height = 0;
    std::size_t stride = 0;

    Pixel* row(std::size_t y) const { return data + y * stride; }
};

using Plane8 = Plane<std::uint8_t>;
using Plane16 = Plane<std::uint16_t>;

/// Luma of interleaved RGB by ITU-R BT.601, full range. `rgb.stride` counts bytes; both have the same width and height.
void luma_of(const Plane<const std::uint8_t>& rgb, const Plane8& luma);

}  // namespace birthmark
