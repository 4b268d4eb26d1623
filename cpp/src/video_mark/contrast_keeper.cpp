#include "birthmark/video_mark/contrast_keeper.hpp"

#include <algorithm>
#include <cmath>
#include <opencv2/core.hpp>

#include "birthmark/multiversion.hpp"

namespace birthmark {
namespace {

constexpr float kNothing = 1e-6F;

/// Turns the detail into what is added of it. `power`: its mean square around.
BIRTHMARK_MULTIVERSION void raise(float* detail, const float* power, const float* amplitude, std::size_t count,
                                  float share) {
#pragma omp simd
    for (std::size_t i = 0; i < count; ++i) {
        detail[i] *= share * amplitude[i] / (std::sqrt(power[i]) + amplitude[i] + kNothing);
    }
}

double mean_square(const cv::Mat1f& values) {
    return cv::norm(values, cv::NORM_L2SQR) / static_cast<double>(values.total());
}

}  // namespace

ContrastKeeper::ContrastKeeper(const BlockGrid& grid, double share)
    : share_(static_cast<float>(share)), wide_(grid.rows(), grid.columns()), around_(grid.rows(), grid.columns()) {
    const cv::Size size(static_cast<int>(grid.columns()), static_cast<int>(grid.rows()));
    for (cv::Mat1f* mat : {&detail_, &square_, &power_}) {
        mat->create(size);
    }
}

void ContrastKeeper::add(const BlockGrid& grid, const cv::Mat1f& amplitudes, double allowed, cv::Mat1f& change) {
    const cv::Mat1f means = grid.mean_picture();
    wide_(means, detail_);
    cv::subtract(means, detail_, detail_);
    cv::multiply(detail_, detail_, square_);
    around_(square_, power_);
    raise(detail_.ptr<float>(), power_.ptr<float>(), amplitudes.ptr<float>(), detail_.total(), share_);
    const double most = std::max(allowed - mean_square(change), 0.0);
    const double taken = mean_square(detail_);
    const double gain = taken > most ? std::sqrt(most / taken) : 1.0;
    cv::scaleAdd(detail_, gain, change, change);
}

}  // namespace birthmark
