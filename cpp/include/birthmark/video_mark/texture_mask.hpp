#pragma once

#include <cmath>
#include <opencv2/core/mat.hpp>

#include "birthmark/video_mark/block_grid.hpp"
#include "birthmark/video_mark/box_mean.hpp"

namespace birthmark {

/// How strongly a picture may be marked at each place, on the 8-bit scale.
///
/// Noise of variance d^2 in a window of variance v lowers the structural similarity (Wang et al. 2004) there by about
/// d^2 / (2 v + 58.5), and near black, at mean m, by up to d^2 / (2 m^2 + 6.5). The amplitude grows with the power 3/8
/// of what they allow (1/2 would follow them; a mark that is more even survives encoders better), is held down near the
/// edge of flat areas, and is then scaled per frame so that the predicted loss is at most `similarity_loss` and the
/// PSNR at least `psnr_db`, both of the mark alone: the picture's contrast and coring take up to 2.3 dB more.
struct MarkStrength {
    double similarity_loss = 0.0141;
    double psnr_db = 46.7;
    double flat = 58.5;    ///< added to twice the variance: smaller leaves flat areas cleaner and raises textured ones
    double ceiling = 6.0;  ///< largest local amplitude, 8-bit levels RMS
    double contrast = 0.85;  ///< share of the contrast lost under the mark that is given back (ContrastKeeper)
    double coring = 1.2;     ///< fine detail that goes to pay for the mark's bits (FineDetail), 8-bit levels at most

    /// Mean square of the mark at `psnr_db`.
    double mark_power() const { return power_at(psnr_db); }

    /// Mean square of the whole change.
    double power() const { return power_at(psnr_db - 2.3); }

  private:
    static double power_at(double psnr_db) { return 255.0 * 255.0 * std::pow(10.0, -psnr_db / 10.0); }
};

class TextureMask {
  public:
    TextureMask(const BlockGrid& grid, const MarkStrength& strength);

    /// Amplitudes for the picture last reduced (with variances); rows x columns of the grid, good until the next call.
    const cv::Mat1f& amplitudes(const BlockGrid& grid);

  private:
    MarkStrength strength_;
    BoxMean<3> near_;
    cv::Mat1f scaled_;
    cv::Mat1f texture_;
    cv::Mat1f square_;
    cv::Mat1f mean_;
    cv::Mat1f lowest_;
    cv::Mat1f amplitude_;
};

}  // namespace birthmark
