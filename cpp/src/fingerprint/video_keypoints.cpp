#include "birthmark/fingerprint/video_keypoints.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <tuple>

namespace birthmark {
namespace {

constexpr double kSigma = 1.4;
constexpr int kRadius = 2;  // a maximum is the largest of 5 x 5

// Vertex of the parabola through three values, in steps from the middle one.
float vertex(float before, float here, float after) {
    const float curvature = before - 2.0F * here + after;
    return std::abs(curvature) > 1e-6F ? std::clamp(0.5F * (before - after) / curvature, -0.5F, 0.5F) : 0.0F;
}

cv::Mat as_mat(const float* data, int width, int height, std::ptrdiff_t stride) {
    // OpenCV has no view of constant data; nothing is written through this one.
    return {height, width, CV_32F, const_cast<float*>(data), static_cast<std::size_t>(stride) * sizeof(float)};
}

}  // namespace

void KeypointDetector::respond(const PlaneView& plane) {
    const auto pixels = static_cast<std::size_t>(plane.width) * static_cast<std::size_t>(plane.height);
    smooth_.resize(pixels);
    response_.assign(pixels, 0.0F);
    cv::Mat smooth(plane.height, plane.width, CV_32F, smooth_.data());
    cv::GaussianBlur(as_mat(plane.data, plane.width, plane.height, plane.stride), smooth, {9, 9}, kSigma, kSigma);
    for (int y = 1; y + 1 < plane.height; ++y) {
        const float* above = smooth_.data() + static_cast<std::ptrdiff_t>(y - 1) * plane.width;
        const float* here = above + plane.width;
        const float* below = here + plane.width;
        float* out = response_.data() + static_cast<std::ptrdiff_t>(y) * plane.width;
        for (int x = 1; x + 1 < plane.width; ++x) {
            const float left = above[x - 1] + 2.0F * here[x - 1] + below[x - 1];
            const float middle = above[x] + 2.0F * here[x] + below[x];
            const float right = above[x + 1] + 2.0F * here[x + 1] + below[x + 1];
            const float xx = left - 2.0F * middle + right;
            const float top = above[x - 1] + 2.0F * above[x] + above[x + 1];
            const float centre = here[x - 1] + 2.0F * here[x] + here[x + 1];
            const float bottom = below[x - 1] + 2.0F * below[x] + below[x + 1];
            const float yy = top - 2.0F * centre + bottom;
            const float xy = above[x - 1] - above[x + 1] - below[x - 1] + below[x + 1];
            out[x] = std::sqrt(std::max(xx * yy - xy * xy, 0.0F));
        }
    }
}

void KeypointDetector::collect(int width, int height) {
    found_.clear();
    for (int y = kMargin; y < height - kMargin; ++y) {
        const float* row = response_.data() + static_cast<std::ptrdiff_t>(y) * width;
        for (int x = kMargin; x < width - kMargin; ++x) {
            const float value = row[x];
            if (value <= kMinimumStrength || value < row[x - 1] || value < row[x + 1]) {
                continue;
            }
            bool largest = true;
            for (int dy = -kRadius; dy <= kRadius && largest; ++dy) {
                const float* other = row + static_cast<std::ptrdiff_t>(dy) * width + x;
                for (int dx = -kRadius; dx <= kRadius; ++dx) {
                    largest = largest && other[dx] <= value;
                }
            }
            if (largest) {
                found_.push_back({static_cast<float>(x) + vertex(row[x - 1], value, row[x + 1]),
                                  static_cast<float>(y) + vertex(row[x - width], value, row[x + width]), value});
            }
        }
    }
}

const std::vector<Keypoint>& KeypointDetector::detect(const PlaneView& plane, std::size_t limit) {
    found_.clear();
    if (plane.width <= 2 * kMargin || plane.height <= 2 * kMargin) {
        return found_;
    }
    respond(plane);
    collect(plane.width, plane.height);
    std::sort(found_.begin(), found_.end(), [](const Keypoint& a, const Keypoint& b) {
        return std::tuple(-a.strength, a.y, a.x) < std::tuple(-b.strength, b.y, b.x);
    });
    found_.resize(std::min(found_.size(), limit));
    return found_;
}

std::vector<bool> spread_selection(const std::vector<Keypoint>& keypoints, int width, int height, std::size_t quota) {
    std::vector<bool> kept(keypoints.size(), false);
    std::array<std::size_t, 16> in_cell{};
    const std::size_t cell_limit = (quota * 15 + 99) / 100;
    std::size_t count = 0;
    for (std::size_t i = 0; i < keypoints.size() && count < quota; ++i) {
        const int column = std::clamp(static_cast<int>(4.0F * keypoints[i].x / static_cast<float>(width)), 0, 3);
        const int row = std::clamp(static_cast<int>(4.0F * keypoints[i].y / static_cast<float>(height)), 0, 3);
        std::size_t& filled = in_cell[static_cast<std::size_t>(4 * row + column)];
        if (filled < cell_limit) {
            ++filled;
            ++count;
            kept[i] = true;
        }
    }
    for (std::size_t i = 0; i < keypoints.size() && count < quota; ++i) {
        if (!kept[i]) {
            ++count;
            kept[i] = true;
        }
    }
    return kept;
}

}  // namespace birthmark
