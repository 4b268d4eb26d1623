#include "birthmark/media/frame.hpp"

#include "birthmark/multiversion.hpp"

namespace birthmark {
namespace {

BIRTHMARK_MULTIVERSION void luma_row(const std::uint8_t* in, std::uint8_t* out, std::size_t width) {
    for (std::size_t x = 0; x < width; ++x) {
        // 0.299, 0.587 and 0.114 in 1/32768ths
        out[x] = static_cast<std::uint8_t>(
            (9798U * in[3 * x] + 19235U * in[3 * x + 1] + 3735U * in[3 * x + 2] + 16384U) >> 15U);
    }
}

}  // namespace

void luma_of(const Plane<const std::uint8_t>& rgb, const Plane8& luma) {
    for (std::size_t y = 0; y < luma.height; ++y) {
        luma_row(rgb.row(y), luma.row(y), luma.width);
    }
}

}  // namespace birthmark
