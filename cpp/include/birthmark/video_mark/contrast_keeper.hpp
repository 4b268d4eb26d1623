#pragma once

#include <opencv2/core/mat.hpp>

#include "birthmark/video_mark/block_grid.hpp"
#include "birthmark/video_mark/box_mean.hpp"

namespace birthmark {

/// Keeps the picture's contrast where a mark is laid over it.
///
/// A mark is foreign to the detail under it, and what detail loses against foreign change is what the eye, and measures
/// such as VMAF (Li et al. 2016), notice most. So the picture's own detail is raised by as much as the mark blurs it.
/// With h the picture less its mean over 17 x 17 blocks, s the root mean square of h over 11 x 11 and a the mark's
/// amplitude, the change gains share a h / (s + a). The mark's statistic does not depend on it: its signs are not in
/// it.
class ContrastKeeper {
  public:
    ContrastKeeper(const BlockGrid& grid, double share);

    /// Adds to `change`, rows x columns of the grid, for the picture last reduced and the mark's `amplitudes`; less
    /// where the mean squares of both would be more than `allowed` together.
    void add(const BlockGrid& grid, const cv::Mat1f& amplitudes, double allowed, cv::Mat1f& change);

  private:
    float share_;
    BoxMean<17> wide_;    // blocks: detail is finer than this
    BoxMean<11> around_;  // over which its strength is measured
    cv::Mat1f detail_;
    cv::Mat1f square_;
    cv::Mat1f power_;
};

}  // namespace birthmark
