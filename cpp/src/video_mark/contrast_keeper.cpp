#include "birthmark/video_mark/contrast_keeper.hpp"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

namespace birthmark {
namespace {

constexpr int kWide = 17;    // blocks: detail is finer than this
constexpr int kAround = 11;  // blocks over which its strength is measured
constexpr float kNothing = 1e-6F;

double mean_square(const cv::Mat1f& values) {
    return cv::norm(values, cv::NORM_L2SQR) / static_cast<double>(values.total());
}

}  // namespace

ContrastKeeper::ContrastKeeper(const BlockGrid& grid, double share) : share_(static_cast<float>(share)) {
    const cv::Size size(static_cast<int>(grid.columns()), static_cast<int>(grid.rows()));
    detail_.create(size);
    power_.create(size);
}

void ContrastKeeper::add(const BlockGrid& grid, const cv::Mat1f& amplitudes, double allowed, cv::Mat1f& change) {
    const cv::Mat1f means = grid.mean_picture();
    cv::blur(means, detail_, cv::Size(kWide, kWide));
    cv::subtract(means, detail_, detail_);
    cv::multiply(detail_, detail_, power_);
    cv::blur(power_, power_, cv::Size(kAround, kAround));
    float* detail = detail_.ptr<float>();
    const float* power = power_.ptr<float>();
    const float* amplitude = amplitudes.ptr<float>();
    for (std::size_t i = 0; i < detail_.total(); ++i) {
        const float strength = std::sqrt(std::max(power[i], 0.0F));
        detail[i] *= share_ * amplitude[i] / (strength + amplitude[i] + kNothing);
    }
    const double most = std::max(allowed - mean_square(change), 0.0);
    const double taken = mean_square(detail_);
    const double gain = taken > most ? std::sqrt(most / taken) : 1.0;
    cv::scaleAdd(detail_, gain, change, change);
}

}  // namespace birthmark
