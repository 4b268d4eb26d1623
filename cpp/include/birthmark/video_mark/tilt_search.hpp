#pragma once

#include <opencv2/core/mat.hpp>
#include <span>

#include "birthmark/video_mark/video_pattern.hpp"

namespace birthmark {

/// A picture seen from aside: marked = map * received in homogeneous coordinates, units from the centres, up to a shift
/// that the search leaves open. The last row of `map` is the perspective and 1.
struct TiltCandidate {
    cv::Matx33d map;
    float score = 0.0F;  ///< mean amplitude of the sync modes over its root mean square in noise, where it is some 0.89
};

/// The view from aside, at the marked speed, in which the sync template shows best.
///
/// Looked for are pictures that appear at 0.8 to 1.1 of the frame's scale and turned by up to 8 degrees; stretch, shear
/// (both in parts of the picture) and the two slopes of the perspective (at the picture's edges) together, as the root
/// of the sum of their squares, reach 0.13. Corners that move by up to 5 % of the sides, each by itself, stay below
/// 0.11 in 99 % of cases.
///
/// SyncSearch looks for peaks in the spectrum of the whole picture, which a perspective smears. Here the sync modes are
/// measured in blocks of some 20 units. For each perspective their phases are straightened, and one transform over the
/// blocks of each mode then holds its amplitude under all linear maps. Steps move the picture's edges by 4 units and
/// its corners by 5. Throws ArgumentError where there are no slots or not as many times.
TiltCandidate best_tilt(std::span<const cv::Mat1f> slots, std::span<const double> seconds, const VideoPattern& pattern);

}  // namespace birthmark
