#include "birthmark/video_mark/video_residual.hpp"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <string>

#include "birthmark/errors.hpp"
#include "birthmark/video_mark/video_pattern.hpp"

namespace birthmark {
namespace {

constexpr double kBlur = 4.0;      // units: the local mean keeps what is below some 10 cycles per picture height
constexpr int kWindow = 11;        // units of the local mean deviation
constexpr float kFloor = 0.7F;     // 8-bit levels added to the deviation: flat areas are not blown up
constexpr float kClip = 2.5F;      // an outlier counts at most this many deviations
constexpr double kEarlier = 1e-6;  // seconds that rounding of time stamps may step back

cv::Size detector_grid(const BlockGrid& grid) {
    const auto units = [&](std::size_t pixels) {
        return std::max(1, static_cast<int>(std::lround(static_cast<double>(pixels) * grid.units_per_pixel())));
    };
    return {units(grid.width()), units(grid.height())};
}

}  // namespace

VideoResidual::VideoResidual(std::size_t width, std::size_t height)
    : grid_(width, height), size_(detector_grid(grid_)) {
    sum_ = cv::Mat1f(static_cast<int>(grid_.rows()), static_cast<int>(grid_.columns()), 0.0F);
}

template <class Pixel>
void VideoResidual::take(const Plane<const Pixel>& luma, double seconds, float scale) {
    if (!std::isfinite(seconds) || std::abs(seconds) > 1e9) {
        throw ArgumentError("seconds is " + std::to_string(seconds) + "; allowed: finite, at most 1e9");
    }
    const auto slot = static_cast<long long>(std::floor(seconds / kSlotSeconds + 1e-6));
    if (frames_ > 0 && seconds < last_ - kEarlier) {
        throw ArgumentError("seconds is " + std::to_string(seconds) + " after " + std::to_string(last_) +
                            "; allowed: rising");
    }
    if (frames_ > 0 && slot != slot_) {
        flush();
    }
    grid_.reduce(luma, scale, false);
    const float* means = grid_.means().data();
    float* sum = sum_.ptr<float>();
    for (std::size_t i = 0; i < grid_.means().size(); ++i) {
        sum[i] += means[i];
    }
    slot_ = slot;
    last_ = seconds;
    time_sum_ += seconds;
    ++frames_;
}

void VideoResidual::push(const Plane<const std::uint8_t>& luma, double seconds) { take(luma, seconds, 1.0F); }

void VideoResidual::push(const Plane<const std::uint16_t>& luma, double seconds, int bits) {
    if (bits < 9 || bits > 12) {
        throw ArgumentError("bits is " + std::to_string(bits) + "; allowed: 9 to 12");
    }
    take(luma, seconds, 1.0F / static_cast<float>(1 << (bits - 8)));
}

void VideoResidual::flush() {
    if (frames_ == 0) {
        return;
    }
    sum_ *= 1.0 / static_cast<double>(frames_);
    ready_.push_back({time_sum_ / static_cast<double>(frames_), whiten(sum_)});
    sum_ = 0.0F;
    frames_ = 0;
    time_sum_ = 0.0;
}

cv::Mat1f VideoResidual::whiten(const cv::Mat1f& mean) const {
    // Sample i of the result lies at unit i + 0.5 - size / 2, which is column ((unit / units_per_pixel) + width / 2) /
    // step
    // - 0.5 of the blocks.
    const auto per_unit = 1.0 / (grid_.units_per_pixel() * static_cast<double>(grid_.step()));
    const auto offset = [&](int samples, std::size_t pixels) {
        return (0.5 - 0.5 * samples) * per_unit +
               0.5 * static_cast<double>(pixels) / static_cast<double>(grid_.step()) - 0.5;
    };
    const cv::Matx23d map(per_unit, 0.0, offset(size_.width, grid_.width()),  //
                          0.0, per_unit, offset(size_.height, grid_.height()));
    const bool enlarged = per_unit < 1.0;
    cv::Mat1f picture;
    cv::warpAffine(mean, picture, map, size_, (enlarged ? cv::INTER_CUBIC : cv::INTER_LINEAR) | cv::WARP_INVERSE_MAP,
                   cv::BORDER_REPLICATE);
    cv::Mat1f local;
    cv::GaussianBlur(picture, local, cv::Size(), kBlur);
    picture -= local;
    cv::Mat1f deviation;
    cv::absdiff(picture, cv::Scalar(0.0), deviation);
    cv::blur(deviation, local, cv::Size(kWindow, kWindow));
    float* out = picture.ptr<float>();
    const float* level = local.ptr<float>();
    const auto count = picture.total();
    for (std::size_t i = 0; i < count; ++i) {
        out[i] = std::clamp(out[i] / (level[i] + kFloor), -kClip, kClip);
    }
    return picture;
}

}  // namespace birthmark
