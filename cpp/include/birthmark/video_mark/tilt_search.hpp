#pragma once

#include <opencv2/core/mat.hpp>
#include <span>

#include "birthmark/video_mark/video_pattern.hpp"

namespace birthmark {

/// A picture seen from aside: marked = map * received in homogeneous coordinates, units from the centres, up to a shift
/// that the search leaves open. The last row of `map` is the perspective and 1.
struct TiltCandidate {
    cv::Matx33d map = cv::Matx33d::eye();
    float score = 0.0F;  ///< mean amplitude of the sync modes over its root mean square in noise, where it is some 0.89
};

/// The view from aside, at the marked speed, in which the sync template shows best.
///
/// Looked for are pictures that appear at 0.6 to 1.1 of the frame's scale and turned by up to 11 degrees; stretch,
/// shear (both in parts of the picture) and the two slopes of the perspective (at the picture's edges) together, as the
/// root of the sum of their squares, reach 0.18. Corners that each move by up to 10 % of the frame's sides stay below
/// that in 97 % of cases where the picture fills the frame, by up to 7 % where it fills 0.7 of its width.
///
/// SyncSearch looks for peaks in the spectrum of the whole picture, which a perspective smears. Here the sync modes
/// that turn over time (what stands still drowns the others) are measured in blocks of some 14 units, at a scale of
/// 0.93 and again at 0.69: far from the scale that the picture has, the waves would turn within a block. For each
/// perspective their phases are straightened, and one transform over the blocks of each mode then holds its amplitude
/// under all linear maps. Steps move the picture's edges by 4 units and its corners by 6; the best few views are then
/// improved by climbing, which raises a true view more than chance ones. Throws ArgumentError where there are no slots
/// or not as many times.
TiltCandidate best_tilt(std::span<const cv::Mat1f> slots, std::span<const double> seconds, const VideoPattern& pattern);

}  // namespace birthmark
