#pragma once

#include <array>
#include <opencv2/core/mat.hpp>
#include <span>

#include "birthmark/video_mark/block_grid.hpp"

namespace birthmark {

/// How strongly a picture may be marked at each place, on the 8-bit scale.
///
/// Noise of variance d^2 in a window of variance v lowers the structural similarity (Wang et al. 2004) there by about
/// d^2 / (2 v + 58.5), and near black, at mean m, by up to d^2 / (2 m^2 + 6.5). The amplitude grows as their harmonic
/// mean allows, is held down near the edge of flat areas, and is then
/// scaled per frame so that the predicted loss is at most `similarity_loss` and the PSNR at least `psnr_db`.
struct MarkStrength {
    double similarity_loss = 0.020;
    double psnr_db = 44.6;
    double flat = 58.5;    ///< added to twice the variance: smaller leaves flat areas cleaner and raises textured ones
    double ceiling = 6.0;  ///< largest local amplitude, 8-bit levels RMS
    /// Gains of the payload's harmonics 0 to 3 where nothing changes: each change of the mark costs an encoder bits
    /// there.
    std::array<float, 4> still = {1.0F, 0.7F, 0.6F, 0.5F};

    /// Mean square of the pattern where the share `moving` of the full gains is reached.
    float power(float moving) const;
};

class TextureMask {
  public:
    TextureMask(const BlockGrid& grid, const MarkStrength& strength);

    /// Amplitudes for the picture last reduced (with variances); rows x columns of the grid, good until the next call.
    /// `moving`: shares of MotionMap, for the power of the pattern at each block.
    const cv::Mat1f& amplitudes(const BlockGrid& grid, const cv::Mat1f& moving);

  private:
    MarkStrength strength_;
    cv::Mat1f scaled_;
    cv::Mat1f texture_;
    cv::Mat1f square_;
    cv::Mat1f mean_;
    cv::Mat1f lowest_;
    cv::Mat1f amplitude_;
};

}  // namespace birthmark
