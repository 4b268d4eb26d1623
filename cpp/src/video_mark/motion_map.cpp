#include "birthmark/video_mark/motion_map.hpp"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

namespace birthmark {

MotionMap::MotionMap(const BlockGrid& grid) {
    const cv::Size size(static_cast<int>(grid.columns()), static_cast<int>(grid.rows()));
    for (cv::Mat1f* mat : {&before_, &change_, &activity_, &share_}) {
        mat->create(size);
    }
    activity_ = 0.0F;
}

const cv::Mat1f& MotionMap::update(const BlockGrid& grid, double seconds) {
    const auto means = grid.means();
    float* before = before_.ptr<float>();
    float* change = change_.ptr<float>();
    for (std::size_t i = 0; i < means.size(); ++i) {
        const float step = first_ ? 0.0F : means[i] - before[i];
        change[i] = step * step;
        before[i] = means[i];
    }
    const auto kept = static_cast<float>(std::exp(-std::max(0.0, seconds - last_) / kFadeSeconds));
    first_ = false;
    last_ = seconds;
    cv::blur(change_, share_, cv::Size(3, 3));
    float* activity = activity_.ptr<float>();
    const float* now = share_.ptr<float>();
    for (std::size_t i = 0; i < means.size(); ++i) {
        activity[i] = std::max(now[i], kept * activity[i]);
    }
    cv::blur(activity_, share_, cv::Size(5, 5));
    float* share = share_.ptr<float>();
    for (std::size_t i = 0; i < means.size(); ++i) {
        share[i] = share[i] / (share[i] + kHalf);
    }
    return share_;
}

}  // namespace birthmark
