#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "birthmark/fingerprint/patch_bits.hpp"

namespace birthmark {

/// A view of one float picture, rows `stride` floats apart.
struct PlaneView {
    const float* data = nullptr;
    int width = 0;
    int height = 0;
    std::ptrdiff_t stride = 0;

    const float* row(int y) const { return data + y * stride; }
};

/// Samples a square patch around a point and takes its DCT-II.
///
/// 16 x 16 samples, 1.2 pixels apart, bilinear, the edge pixel repeated outside. Interpolation and transform are one
/// linear step along each axis: 20 pixels give 11 frequencies. Only the coefficients that PatchBits names are kept. Not
/// thread-safe: one object per thread.
class PatchSampler {
  public:
    static constexpr int kSide = 16;
    static constexpr float kSpacing = 1.2F;
    static constexpr int kPixels = 20;       // that the samples touch along each axis
    static constexpr int kFrequencies = 11;  // along each axis; patch_order() needs 0 to 10
    static constexpr int kLanes = 12;        // the frequencies and one 0, a multiple of four
    using Lanes = std::array<float, kLanes>;

    PatchSampler();

    /// Coefficients in the order of PatchBits for the patch centred on (x, y), in pixels, pixel centres on integers.
    std::span<const float, PatchBits::kBits> coefficients(const PlaneView& plane, float x, float y);

    /// The signs of `coefficients`: bit k is set where coefficient k is above zero.
    static PatchBits signs(std::span<const float, PatchBits::kBits> coefficients);

  private:
    std::array<Lanes, kSide> basis_{};
    std::array<Lanes, kPixels> across_{};
    std::array<Lanes, kPixels> down_{};
    std::array<std::array<float, kPixels>, kPixels> edge_{};
    std::array<float, PatchBits::kBits> coefficients_{};
};

}  // namespace birthmark
