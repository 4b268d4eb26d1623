#pragma once

#include <cstddef>
#include <vector>

#include "birthmark/fingerprint/patch_sampler.hpp"

namespace birthmark {

/// A blob or corner of one picture: position in pixels (subpixel, pixel centres on integers) and strength in grey
/// levels.
struct Keypoint {
    float x = 0.0F;
    float y = 0.0F;
    float strength = 0.0F;
};

/// Finds the local maxima of the root of the determinant of the Hessian of one picture smoothed with sigma = 1.4
/// pixels.
///
/// Flat areas and straight edges give no maximum. The strongest come first; ties are broken by position, so the result
/// depends on the picture alone.
class KeypointDetector {
  public:
    static constexpr int kMargin = 8;  // pixels along each edge without keypoints
    static constexpr float kMinimumStrength = 0.6F;

    /// At most `limit` keypoints, the strongest first. The reference is valid until the next call.
    const std::vector<Keypoint>& detect(const PlaneView& plane, std::size_t limit);

  private:
    void respond(const PlaneView& plane);
    void collect(int width, int height);

    std::vector<float> smooth_;
    std::vector<float> response_;
    std::vector<Keypoint> found_;
};

/// Marks those of `keypoints` (strongest first) that a sparse description keeps: at most `quota`, first at most 15 % of
/// the quota from each sixteenth of the picture, then the strongest of the rest.
std::vector<bool> spread_selection(const std::vector<Keypoint>& keypoints, int width, int height, std::size_t quota);

}  // namespace birthmark
