#include "birthmark/video_mark/texture_mask.hpp"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

namespace birthmark {
namespace {

constexpr float kStabiliser = 58.5225F;     // C2 of SSIM, (0.03 x 255)^2
constexpr float kDarkStabiliser = 6.5025F;  // C1 of SSIM, (0.01 x 255)^2: near black the mean level counts
constexpr float kEdgeRatio = 2.0F;          // an amplitude is at most this many times the smallest within two blocks

}  // namespace

TextureMask::TextureMask(const BlockGrid& grid, const MarkStrength& strength) : strength_(strength) {
    const cv::Size size(static_cast<int>(grid.columns()), static_cast<int>(grid.rows()));
    for (cv::Mat1f* mat : {&scaled_, &texture_, &square_, &mean_, &lowest_, &amplitude_}) {
        mat->create(size);
    }
}

const cv::Mat1f& TextureMask::amplitudes(const BlockGrid& grid) {
    const cv::Size window(3, 3);
    const cv::Mat1f means = grid.mean_picture();
    const cv::Mat1f variances = grid.variance_picture();
    cv::blur(means, mean_, window);
    cv::multiply(means, means, square_);
    cv::add(square_, variances, square_);
    cv::blur(square_, texture_, window);

    const std::size_t count = means.total();
    const auto flat = static_cast<float>(strength_.flat);
    float* texture = texture_.ptr<float>();
    float* wanted = scaled_.ptr<float>();
    const float* mean = mean_.ptr<float>();
    for (std::size_t i = 0; i < count; ++i) {
        const float detail = 2.0F * std::max(0.0F, texture[i] - mean[i] * mean[i]);
        const float contrast = detail + kStabiliser;
        const float level = 2.0F * mean[i] * mean[i] + kDarkStabiliser;
        texture[i] = contrast * level / (contrast + level);
        const float quarter = std::sqrt(std::sqrt((detail + flat) * level / (contrast + level)));
        wanted[i] = quarter * std::sqrt(quarter);
    }
    cv::erode(scaled_, lowest_, cv::Mat::ones(5, 5, CV_8U));
    const float* lowest = lowest_.ptr<float>();
    for (std::size_t i = 0; i < count; ++i) {
        wanted[i] = std::min(wanted[i], kEdgeRatio * lowest[i]);
    }
    cv::blur(scaled_, amplitude_, window);

    float* amplitude = amplitude_.ptr<float>();
    double loss = 0.0;
    double power = 0.0;
    for (std::size_t i = 0; i < count; ++i) {
        const float square = amplitude[i] * amplitude[i];
        power += square;
        loss += square / texture[i];
    }
    const double total = static_cast<double>(count);
    const double gain = std::min(strength_.similarity_loss * total / loss, strength_.mark_power() * total / power);
    const auto factor = static_cast<float>(std::sqrt(gain));
    const auto ceiling = static_cast<float>(strength_.ceiling);
    for (std::size_t i = 0; i < count; ++i) {
        amplitude[i] = std::min(amplitude[i] * factor, ceiling);
    }
    return amplitude_;
}

}  // namespace birthmark
