#include "birthmark/video_mark/texture_mask.hpp"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <utility>

#include "birthmark/multiversion.hpp"

namespace birthmark {
namespace {

constexpr float kStabiliser = 58.5225F;     // C2 of SSIM, (0.03 x 255)^2
constexpr float kDarkStabiliser = 6.5025F;  // C1 of SSIM, (0.01 x 255)^2: near black the mean level counts
constexpr float kEdgeRatio = 2.0F;          // an amplitude is at most this many times the smallest within two blocks

/// Of each place: what SSIM allows there, in the place of the mean of the squares, and the amplitude wanted.
BIRTHMARK_MULTIVERSION void bounds(const float* mean, float* texture, float* wanted, std::size_t count, float flat) {
#pragma omp simd
    for (std::size_t i = 0; i < count; ++i) {
        const float square = mean[i] * mean[i];
        const float detail = 2.0F * std::max(0.0F, texture[i] - square);
        const float contrast = detail + kStabiliser;
        const float level = 2.0F * square + kDarkStabiliser;
        const float share = level / (contrast + level);
        texture[i] = contrast * share;
        const float quarter = std::sqrt(std::sqrt((detail + flat) * share));
        wanted[i] = quarter * std::sqrt(quarter);
    }
}

/// Mean squares of the amplitudes, and of these over what SSIM allows.
BIRTHMARK_MULTIVERSION std::pair<double, double> costs(const float* amplitude, const float* texture,
                                                       std::size_t count) {
    double power = 0.0;
    double loss = 0.0;
#pragma omp simd reduction(+ : power, loss)
    for (std::size_t i = 0; i < count; ++i) {
        const float square = amplitude[i] * amplitude[i];
        power += square;
        loss += square / texture[i];
    }
    return {power / static_cast<double>(count), loss / static_cast<double>(count)};
}

}  // namespace

TextureMask::TextureMask(const BlockGrid& grid, const MarkStrength& strength)
    : strength_(strength), near_(grid.rows(), grid.columns()) {
    const cv::Size size(static_cast<int>(grid.columns()), static_cast<int>(grid.rows()));
    for (cv::Mat1f* mat : {&scaled_, &texture_, &square_, &mean_, &lowest_, &amplitude_}) {
        mat->create(size);
    }
}

const cv::Mat1f& TextureMask::amplitudes(const BlockGrid& grid) {
    const cv::Mat1f means = grid.mean_picture();
    near_(means, mean_);
    cv::multiply(means, means, square_);
    cv::add(square_, grid.variance_picture(), square_);
    near_(square_, texture_);

    const std::size_t count = means.total();
    bounds(mean_.ptr<float>(), texture_.ptr<float>(), scaled_.ptr<float>(), count, static_cast<float>(strength_.flat));
    cv::erode(scaled_, lowest_, cv::Mat::ones(5, 5, CV_8U));
    float* wanted = scaled_.ptr<float>();
    const float* lowest = lowest_.ptr<float>();
    for (std::size_t i = 0; i < count; ++i) {
        wanted[i] = std::min(wanted[i], kEdgeRatio * lowest[i]);
    }
    near_(scaled_, amplitude_);

    const auto [power, loss] = costs(amplitude_.ptr<float>(), texture_.ptr<float>(), count);
    const double gain = std::min(strength_.similarity_loss / loss, strength_.mark_power() / power);
    amplitude_ *= std::sqrt(gain);
    cv::threshold(amplitude_, amplitude_, strength_.ceiling, 0.0, cv::THRESH_TRUNC);
    return amplitude_;
}

}  // namespace birthmark
