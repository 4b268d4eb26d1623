#pragma once

#include <opencv2/core/mat.hpp>

#include "birthmark/video_mark/block_grid.hpp"

namespace birthmark {

/// Where the picture changes from frame to frame, so that an encoder sends new samples there anyway.
///
/// The activity of a block is the squared change of its mean since the frame before, averaged over its neighbours; it
/// rises at once and fades with a time constant of one second. Share: activity / (activity + 4), 0 for a still.
class MotionMap {
  public:
    static constexpr float kHalf = 4.0F;  ///< squared 8-bit levels at which the share is one half
    static constexpr double kFadeSeconds = 1.0;

    explicit MotionMap(const BlockGrid& grid);

    /// The share of change, 0 to 1, at each block of the picture last reduced; rows x columns, good until the next
    /// call. `seconds`: time of the picture; a step back counts as no time.
    const cv::Mat1f& update(const BlockGrid& grid, double seconds);

  private:
    bool first_ = true;
    double last_ = 0.0;
    cv::Mat1f before_;
    cv::Mat1f change_;
    cv::Mat1f activity_;
    cv::Mat1f share_;
};

}  // namespace birthmark
