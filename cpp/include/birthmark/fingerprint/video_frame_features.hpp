#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "birthmark/fingerprint/patch_bits.hpp"

namespace birthmark {

/// An 8-bit picture, rows `stride` bytes apart: luma alone (channels = 1) or red, green, blue (channels = 3).
struct PictureView {
    const std::uint8_t* data = nullptr;
    int width = 0;
    int height = 0;
    int channels = 1;
    std::ptrdiff_t stride = 0;
};

/// The described keypoints of one frame. Positions in units of the root of the frame's area, see VideoScales.
struct FrameFeatures {
    std::vector<float> x;
    std::vector<float> y;
    std::vector<std::uint8_t> level;
    std::vector<std::uint8_t> sparse;  // 1 if the sparse description keeps the keypoint
    std::vector<PatchBits> bits;

    std::size_t size() const { return bits.size(); }
};

/// The bits of a descriptor that look-up code `table` (0 or 1) consists of: 20 of the 40 lowest coefficients.
inline constexpr int kCodeTables = 2;
inline constexpr int kCodeBits = 20;
std::uint32_t lookup_code(const PatchBits& bits, int table);

/// Describes frames: a ladder of sizes, keypoints at each, the signs of DCT coefficients around each.
///
/// `sparse_only` does the work for the sparse description alone (levels 3, 5, 7, 9, 11; about 110 keypoints); the
/// sparse keypoints are the same in both modes. Not thread-safe: one object per thread.
class FrameDescriber {
  public:
    explicit FrameDescriber(bool sparse_only);
    ~FrameDescriber();
    FrameDescriber(FrameDescriber&&) noexcept;
    FrameDescriber& operator=(FrameDescriber&&) noexcept;

    /// Throws ArgumentError for a picture without pixels or with other than 1 or 3 channels.
    FrameFeatures describe(const PictureView& picture);

    /// Mean luma of a grid of `side` x `side` equal cells, row by row.
    static std::vector<float> grid(const PictureView& picture, int side);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace birthmark
