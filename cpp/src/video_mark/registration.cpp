#include "birthmark/video_mark/registration.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <opencv2/imgproc.hpp>

#include "birthmark/errors.hpp"
#include "birthmark/multiversion.hpp"

namespace birthmark {
namespace {

constexpr int kTile = static_cast<int>(VideoPattern::kTile);
constexpr double kLargest = 16.0;

std::vector<std::complex<float>> waves(int samples, std::span<const double> frequencies) {
    std::vector<std::complex<float>> out;
    for (const double frequency : frequencies) {
        for (int i = 0; i < samples; ++i) {
            const double at = i + 0.5 - 0.5 * samples;
            out.emplace_back(std::polar(1.0, -2.0 * std::numbers::pi * frequency * at));
        }
    }
    return out;
}

/// Sum of in[i] * wave[i], complex.
BIRTHMARK_MULTIVERSION std::complex<float> project(const float* in, const std::complex<float>* wave, int count) {
    float real = 0.0F;
    float imag = 0.0F;
    const auto* values = reinterpret_cast<const float*>(wave);
#pragma omp simd reduction(+ : real, imag)
    for (int i = 0; i < count; ++i) {
        real += in[i] * values[2 * i];
        imag += in[i] * values[2 * i + 1];
    }
    return {real, imag};
}

/// The rectangle of the marked plane, whole units, that the received picture covers.
cv::Rect covered(const cv::Size& size, const cv::Matx33d& map) {
    double low[2] = {1e9, 1e9};
    double high[2] = {-1e9, -1e9};
    for (const double x : {-0.5, 0.5}) {
        for (const double y : {-0.5, 0.5}) {
            const cv::Vec3d at = map * cv::Vec3d(x * size.width, y * size.height, 1.0);
            if (!(at[2] > 1e-3)) {
                throw ArgumentError("map turns the picture inside out");
            }
            for (int axis = 0; axis < 2; ++axis) {
                low[axis] = std::min(low[axis], at[axis] / at[2]);
                high[axis] = std::max(high[axis], at[axis] / at[2]);
            }
        }
    }
    const double reach = kLargest * std::max(size.width, size.height);
    if (!(low[0] > -reach && low[1] > -reach && high[0] < reach && high[1] < reach)) {
        throw ArgumentError("map shows the picture larger than 16 times");
    }
    const cv::Point first(static_cast<int>(std::floor(low[0])), static_cast<int>(std::floor(low[1])));
    const cv::Point last(static_cast<int>(std::ceil(high[0])), static_cast<int>(std::ceil(high[1])));
    return {first, last};
}

int wrapped(int value) { return ((value % kTile) + kTile) % kTile; }

void add_tiles(const cv::Mat1f& picture, const cv::Point& first, cv::Mat1f& tile) {
    tile = 0.0F;
    const int left = wrapped(first.x);
    for (int y = 0; y < picture.rows; ++y) {
        const float* in = picture.ptr<float>(y);
        float* out = tile.ptr<float>(wrapped(first.y + y));
        int at = left;
        for (int x = 0; x < picture.cols;) {
            const int run = std::min(kTile - at, picture.cols - x);
            for (int i = 0; i < run; ++i) {
                out[at + i] += in[x + i];
            }
            x += run;
            at = 0;
        }
    }
}

}  // namespace

std::vector<std::complex<float>> sync_phasors(std::span<const cv::Mat1f> slots, const VideoPattern& pattern,
                                              const cv::Matx22d& map, std::size_t rows, std::size_t columns) {
    constexpr std::size_t kCount = VideoPattern::kSyncModes;
    if (slots.empty() || rows < 1 || columns < 1) {
        throw ArgumentError("slots, rows and columns must be at least 1");
    }
    const cv::Size size = slots.front().size();
    std::vector<double> across;
    std::vector<double> down;
    for (const auto& mode : pattern.sync()) {
        across.push_back((map(0, 0) * mode.x + map(1, 0) * mode.y) / kTile);
        down.push_back((map(0, 1) * mode.x + map(1, 1) * mode.y) / kTile);
    }
    const auto wave_x = waves(size.width, across);
    const auto wave_y = waves(size.height, down);
    std::vector<std::complex<float>> out(slots.size() * rows * columns * kCount);
    for (std::size_t s = 0; s < slots.size(); ++s) {
        for (int y = 0; y < size.height; ++y) {
            const float* in = slots[s].ptr<float>(y);
            const std::size_t r = static_cast<std::size_t>(y) * rows / static_cast<std::size_t>(size.height);
            for (std::size_t c = 0; c < columns; ++c) {
                const auto from = static_cast<int>(c * static_cast<std::size_t>(size.width) / columns);
                const auto to = static_cast<int>((c + 1) * static_cast<std::size_t>(size.width) / columns);
                auto* sums = &out[((s * rows + r) * columns + c) * kCount];
                for (std::size_t k = 0; k < kCount; ++k) {
                    const auto at = k * static_cast<std::size_t>(size.width) + static_cast<std::size_t>(from);
                    sums[k] += project(in + from, &wave_x[at], to - from) *
                               wave_y[k * static_cast<std::size_t>(size.height) + static_cast<std::size_t>(y)];
                }
            }
        }
    }
    return out;
}

std::vector<std::complex<float>> fold_modes(std::span<const cv::Mat1f> slots, const VideoPattern& pattern,
                                            const cv::Matx33d& map) {
    if (slots.empty()) {
        throw ArgumentError("slots is empty");
    }
    const cv::Size size = slots.front().size();
    bool regular = false;
    const cv::Matx33d back = map.inv(cv::DECOMP_LU, &regular);
    if (!regular) {
        throw ArgumentError("map is singular");
    }
    const cv::Rect area = covered(size, map);
    // Sample (x, y) of the drawn picture is the marked place area.tl() + (x, y).
    const cv::Matx33d shift(1, 0, area.x, 0, 1, area.y, 0, 0, 1);
    const cv::Matx33d samples(1, 0, 0.5 * size.width - 0.5, 0, 1, 0.5 * size.height - 0.5, 0, 0, 1);
    const cv::Matx33d draw = samples * back * shift;
    const double shrink = std::sqrt(std::abs(cv::determinant(back)));
    std::vector<std::complex<float>> out(slots.size() * VideoPattern::kModes);
    cv::Mat1f smooth;
    cv::Mat1f drawn;
    cv::Mat1f tile(kTile, kTile);
    cv::Mat2f spectrum;
    for (std::size_t s = 0; s < slots.size(); ++s) {
        const cv::Mat1f* source = &slots[s];
        if (shrink > 1.3) {
            cv::GaussianBlur(slots[s], smooth, cv::Size(), 0.35 * shrink);
            source = &smooth;
        }
        cv::warpPerspective(*source, drawn, draw, area.size(), cv::INTER_LINEAR | cv::WARP_INVERSE_MAP,
                            cv::BORDER_CONSTANT, 0.0);
        add_tiles(drawn, area.tl(), tile);
        cv::dft(tile, spectrum, cv::DFT_COMPLEX_OUTPUT);
        for (std::size_t n = 0; n < VideoPattern::kModes; ++n) {
            const auto& mode = pattern.modes()[n];
            const cv::Vec2f value = spectrum(mode.y, wrapped(mode.x));
            out[s * VideoPattern::kModes + n] = {value[0], value[1]};
        }
    }
    return out;
}

}  // namespace birthmark
