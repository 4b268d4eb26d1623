#include "birthmark/fingerprint/video_frame_features.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <string>

#include "birthmark/errors.hpp"
#include "birthmark/fingerprint/patch_sampler.hpp"
#include "birthmark/fingerprint/video_keypoints.hpp"
#include "birthmark/fingerprint/video_scales.hpp"

namespace birthmark {
namespace {

constexpr std::array<int, VideoScales::kLevels> kSparseQuota = {0, 0, 0, 13, 0, 18, 0, 22, 0, 27, 0, 30};

bool needed_for_sparse(int level) {
    const auto chain = [](int k) { return k < VideoScales::kLevels && kSparseQuota[static_cast<std::size_t>(k)] > 0; };
    return chain(level) || (level >= VideoScales::kPerOctave && chain(level - VideoScales::kPerOctave));
}

std::size_t dense_limit(int level) {
    const float size = VideoScales::size(level);
    return static_cast<std::size_t>(std::clamp(0.03F * size * size, 60.0F, 400.0F));
}

cv::Mat as_mat(const PictureView& picture) {
    if (picture.data == nullptr || picture.width < 1 || picture.height < 1) {
        throw ArgumentError("picture is " + std::to_string(picture.width) + " x " + std::to_string(picture.height) +
                            "; allowed: 1 x 1 or more");
    }
    if (picture.channels != 1 && picture.channels != 3) {
        throw ArgumentError("picture has " + std::to_string(picture.channels) + " channels; allowed: 1 or 3");
    }
    return {picture.height, picture.width, picture.channels == 1 ? CV_8UC1 : CV_8UC3,
            const_cast<std::uint8_t*>(picture.data), static_cast<std::size_t>(picture.stride)};
}

cv::Mat luma_of(const cv::Mat& picture) {
    if (picture.channels() == 1) {
        return picture;
    }
    cv::Mat luma;
    cv::cvtColor(picture, luma, cv::COLOR_RGB2GRAY);
    return luma;
}

// Sums of the bytes of each of the three interleaved colours, or of all bytes for luma, weighted to luma.
float row_luma(const std::uint8_t* pixels, int count, int channels) {
    std::array<std::uint32_t, 3> sums{};
    if (channels == 1) {
        sums[0] = std::accumulate(pixels, pixels + count, 0U);
        return static_cast<float>(sums[0]);
    }
    for (int i = 0; i < count; ++i) {
        sums[0] += pixels[3 * i];
        sums[1] += pixels[3 * i + 1];
        sums[2] += pixels[3 * i + 2];
    }
    return 0.299F * static_cast<float>(sums[0]) + 0.587F * static_cast<float>(sums[1]) +
           0.114F * static_cast<float>(sums[2]);
}

// Cell means of a frame so large that cell edges may be rounded to whole pixels; 16 rows of a cell are enough.
std::vector<float> summed_cells(const cv::Mat& source, int side) {
    std::vector<float> cells(static_cast<std::size_t>(side) * static_cast<std::size_t>(side), 0.0F);
    const auto edge = [side](int i, int length) { return i * length / side; };
    for (int row = 0; row < side; ++row) {
        const int top = edge(row, source.rows);
        const int bottom = edge(row + 1, source.rows);
        const int step = std::max(1, (bottom - top) / 16);
        const int lines = (bottom - top + step - 1) / step;
        for (int column = 0; column < side; ++column) {
            const int left = edge(column, source.cols);
            const int width = edge(column + 1, source.cols) - left;
            float sum = 0.0F;
            for (int y = top; y < bottom; y += step) {
                sum += row_luma(source.ptr(y) + static_cast<std::ptrdiff_t>(left) * source.channels(), width,
                                source.channels());
            }
            cells[static_cast<std::size_t>(row * side + column)] = sum / static_cast<float>(width * lines);
        }
    }
    return cells;
}

}  // namespace

std::uint32_t lookup_code(const PatchBits& bits, int table) {
    std::uint32_t code = 0;
    for (std::size_t i = 0; i < kCodeBits; ++i) {
        code |= static_cast<std::uint32_t>(bits.bit(kCodeTables * i + static_cast<std::size_t>(table))) << i;
    }
    return code;
}

struct FrameDescriber::Impl {
    bool sparse_only = false;
    KeypointDetector detector;
    PatchSampler sampler;
    std::array<cv::Mat, VideoScales::kLevels> ladder;

    void climb_down(const cv::Mat& frame);
    void describe_level(int level, float span_x, float span_y, FrameFeatures& features);
};

// Each size is made from the one an octave above, or from the frame where there is none; nothing is enlarged by more
// than one step of the ladder.
void FrameDescriber::Impl::climb_down(const cv::Mat& frame) {
    cv::Mat luma = frame;
    const float frame_root = std::sqrt(static_cast<float>(frame.cols) * static_cast<float>(frame.rows));
    const int factor = static_cast<int>(frame_root / VideoScales::size(VideoScales::kTop));
    if (factor > 1) {
        cv::resize(frame, luma, {std::max(1, frame.cols / factor), std::max(1, frame.rows / factor)}, 0.0, 0.0,
                   cv::INTER_AREA);
    }
    const float root = std::sqrt(static_cast<float>(luma.cols) * static_cast<float>(luma.rows));
    for (int level = VideoScales::kTop; level >= 0; --level) {
        cv::Mat& target = ladder[static_cast<std::size_t>(level)];
        target.release();
        const float size = VideoScales::size(level);
        if (size > root * 1.2F || (sparse_only && !needed_for_sparse(level))) {
            continue;
        }
        const cv::Size shape(std::max(1, static_cast<int>(std::lround(static_cast<float>(luma.cols) * size / root))),
                             std::max(1, static_cast<int>(std::lround(static_cast<float>(luma.rows) * size / root))));
        const int above = level + VideoScales::kPerOctave;
        const cv::Mat source = above < VideoScales::kLevels && !ladder[static_cast<std::size_t>(above)].empty()
                                   ? ladder[static_cast<std::size_t>(above)]
                                   : luma;
        cv::Mat resized;
        cv::resize(source, resized, shape, 0.0, 0.0, size <= root ? cv::INTER_AREA : cv::INTER_LINEAR);
        resized.convertTo(target, CV_32F);
    }
}

void FrameDescriber::Impl::describe_level(int level, float span_x, float span_y, FrameFeatures& features) {
    const cv::Mat& picture = ladder[static_cast<std::size_t>(level)];
    const std::size_t quota = kSparseQuota[static_cast<std::size_t>(level)];
    if (picture.empty() || (sparse_only && quota == 0)) {
        return;
    }
    const PlaneView plane{picture.ptr<float>(), picture.cols, picture.rows,
                          static_cast<std::ptrdiff_t>(picture.step1())};
    const std::vector<Keypoint>& found = detector.detect(plane, dense_limit(level));
    const std::vector<bool> sparse = spread_selection(found, plane.width, plane.height, quota);
    for (std::size_t i = 0; i < found.size(); ++i) {
        if (sparse_only && !sparse[i]) {
            continue;
        }
        const auto coefficients = sampler.coefficients(plane, found[i].x, found[i].y);
        features.x.push_back((found[i].x + 0.5F) / static_cast<float>(plane.width) * span_x);
        features.y.push_back((found[i].y + 0.5F) / static_cast<float>(plane.height) * span_y);
        features.level.push_back(static_cast<std::uint8_t>(level));
        features.sparse.push_back(sparse[i] ? 1 : 0);
        features.bits.push_back(PatchSampler::signs(coefficients));
    }
}

FrameDescriber::FrameDescriber(bool sparse_only) : impl_(std::make_unique<Impl>()) { impl_->sparse_only = sparse_only; }
FrameDescriber::~FrameDescriber() = default;
FrameDescriber::FrameDescriber(FrameDescriber&&) noexcept = default;
FrameDescriber& FrameDescriber::operator=(FrameDescriber&&) noexcept = default;

FrameFeatures FrameDescriber::describe(const PictureView& picture) {
    const cv::Mat luma = luma_of(as_mat(picture));
    impl_->climb_down(luma);
    const float root = std::sqrt(static_cast<float>(luma.cols) * static_cast<float>(luma.rows));
    FrameFeatures features;
    for (int level = 0; level < VideoScales::kLevels; ++level) {
        impl_->describe_level(level, static_cast<float>(luma.cols) / root, static_cast<float>(luma.rows) / root,
                              features);
    }
    return features;
}

std::vector<float> FrameDescriber::grid(const PictureView& picture, int side) {
    if (side < 1 || side > 256) {
        throw ArgumentError("side is " + std::to_string(side) + "; allowed: 1 to 256");
    }
    const cv::Mat source = as_mat(picture);
    if (source.cols >= 8 * side && source.rows >= 8 * side) {
        return summed_cells(source, side);
    }
    cv::Mat luma;
    luma_of(source).convertTo(luma, CV_32F);
    cv::Mat cells;
    cv::resize(luma, cells, {side, side}, 0.0, 0.0,
               luma.cols >= side && luma.rows >= side ? cv::INTER_AREA : cv::INTER_LINEAR);
    return {cells.ptr<float>(), cells.ptr<float>() + static_cast<std::ptrdiff_t>(side) * side};
}

}  // namespace birthmark
