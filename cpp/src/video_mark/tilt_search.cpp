#include "birthmark/video_mark/tilt_search.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <numbers>
#include <opencv2/imgproc.hpp>
#include <string>
#include <vector>

#include "birthmark/errors.hpp"
#include "birthmark/video_mark/registration.hpp"

namespace birthmark {
namespace {

constexpr double kLargest = 1.0 / 0.8;  // marked units per received one
constexpr double kSmallest = 1.0 / 1.1;
constexpr double kMiddle = 0.5 * (kLargest + kSmallest);
constexpr double kTurn = 0.14;  // tangent of 8 degrees
constexpr double kTilt = 0.13;
constexpr double kBlock = 20.0;      // units, about
constexpr double kEdgeStep = 4.0;    // units
constexpr double kCornerStep = 5.0;  // units, of the perspective
constexpr double kTwoPi = 2.0 * std::numbers::pi;
constexpr double kTile = VideoPattern::kTile;
constexpr std::size_t kCount = VideoPattern::kSyncModes;

/// Part of a linear map: how much further than at scale kMiddle one received unit along an axis reaches `along` that
/// axis and `across` it in the marked picture; and the frequency, as a place in the transforms, by which each sync mode
/// is then seen too high along that axis.
struct Column {
    double along;
    double across;
    std::array<int, kCount> places;
};

std::vector<double> steps(double reach, double step) {
    std::vector<double> values;
    const int count = static_cast<int>(reach / step);
    for (int i = -count; i <= count; ++i) {
        values.push_back(step * i);
    }
    return values;
}

class TiltSearch {
  public:
    TiltSearch(const cv::Size& size, const VideoPattern& pattern);

    TiltCandidate best(std::span<const cv::Mat1f> slots, std::span<const double> seconds);

  private:
    void add_up(std::span<const cv::Mat1f> slots, std::span<const double> seconds);
    void straighten(double right, double down);
    void look(double right, double down);
    std::vector<Column> columns(bool vertical) const;

    const VideoPattern& pattern_;
    double half_width_;
    double half_height_;
    cv::Size blocks_;     ///< columns and rows
    cv::Size transform_;  ///< of the blocks, padded
    std::vector<Column> x_columns_;
    std::vector<Column> y_columns_;
    std::array<cv::Mat2f, kCount> phasors_;  ///< blocks of each mode, added up over time
    cv::Mat1f amplitudes_;                   ///< transforms of all modes, one below the other
    TiltCandidate best_;
};

TiltSearch::TiltSearch(const cv::Size& size, const VideoPattern& pattern)
    : pattern_(pattern),
      half_width_(0.5 * size.width),
      half_height_(0.5 * size.height),
      blocks_(std::max(2, cvRound(size.width / kBlock)), std::max(2, cvRound(size.height / kBlock))),
      transform_(cv::getOptimalDFTSize(2 * blocks_.width), cv::getOptimalDFTSize(2 * blocks_.height)),
      x_columns_(columns(false)),
      y_columns_(columns(true)),
      amplitudes_(static_cast<int>(kCount) * transform_.height, transform_.width) {}

std::vector<Column> TiltSearch::columns(bool vertical) const {
    const double half = vertical ? half_height_ : half_width_;
    const int blocks = vertical ? blocks_.height : blocks_.width;
    const int size = vertical ? transform_.height : transform_.width;
    std::vector<Column> out;
    for (const double along : steps(kLargest - kMiddle + kTilt, kEdgeStep / half)) {
        for (const double across : steps(kTilt + kTurn * kLargest, kEdgeStep / half)) {
            Column column{along, across, {}};
            for (std::size_t k = 0; k < kCount; ++k) {
                const auto& mode = pattern_.sync()[k];
                const double cycles = vertical ? mode.x * across + mode.y * along : mode.x * along + mode.y * across;
                const int bin = cvRound(cycles / kTile * 2.0 * half / blocks * size);
                const int place = (bin % size + size) % size;
                column.places[k] =
                    vertical ? place * transform_.width : static_cast<int>(k) * transform_.area() + place;
            }
            out.push_back(column);
        }
    }
    return out;
}

TiltCandidate TiltSearch::best(std::span<const cv::Mat1f> slots, std::span<const double> seconds) {
    add_up(slots, seconds);
    const double step = kCornerStep / std::hypot(half_width_, half_height_);
    for (const double right : steps(kTilt, step)) {
        for (const double down : steps(kTilt, step)) {
            if (std::hypot(right, down) <= kTilt) {
                straighten(right, down);
                look(right, down);
            }
        }
    }
    best_.score /= static_cast<float>(kCount);
    return best_;
}

/// Blocks over all slots, as the harmonics turn at the marked speed; the squares of each mode add up to 1.
void TiltSearch::add_up(std::span<const cv::Mat1f> slots, std::span<const double> seconds) {
    const auto blocks = static_cast<std::size_t>(blocks_.area());
    const auto raw = sync_phasors(slots, pattern_, cv::Matx22d(kMiddle, 0, 0, kMiddle),
                                  static_cast<std::size_t>(blocks_.height), static_cast<std::size_t>(blocks_.width));
    for (std::size_t k = 0; k < kCount; ++k) {
        const int harmonic = pattern_.sync()[k].harmonic;
        std::vector<std::complex<float>> turns;
        std::complex<float> mean = 0.0F;
        for (const double time : seconds) {
            turns.emplace_back(std::polar(1.0, -kTwoPi * harmonic * time / VideoPattern::kPeriod));
            mean += turns.back() / static_cast<float>(seconds.size());
        }
        const std::complex<float> still = harmonic == 0 ? 0.0F : mean;  // what stands still would leak by this much
        phasors_[k].create(blocks_);
        for (std::size_t b = 0; b < blocks; ++b) {
            std::complex<float> sum = 0.0F;
            for (std::size_t s = 0; s < slots.size(); ++s) {
                sum += raw[(s * blocks + b) * kCount + k] * (turns[s] - still);
            }
            phasors_[k](static_cast<int>(b)) = {sum.real(), sum.imag()};
        }
        phasors_[k] /= std::max(cv::norm(phasors_[k]), 1e-10);
    }
}

/// Amplitudes under all linear maps once a perspective is taken out: 1 + `right` at the right edge, 1 + `down` at the
/// lower one.
void TiltSearch::straighten(double right, double down) {
    cv::Mat2f padded;
    for (std::size_t k = 0; k < kCount; ++k) {
        const auto& mode = pattern_.sync()[k];
        padded.create(transform_);
        padded = cv::Vec2f(0.0F, 0.0F);
        for (int r = 0; r < blocks_.height; ++r) {
            const double y = (2.0 * r + 1.0) / blocks_.height - 1.0;
            for (int c = 0; c < blocks_.width; ++c) {
                const double x = (2.0 * c + 1.0) / blocks_.width - 1.0;
                const double cycles = (mode.x * half_width_ * x + mode.y * half_height_ * y) * kMiddle / kTile;
                const double moved = 1.0 / (1.0 + right * x + down * y) - 1.0;
                const cv::Vec2f& value = phasors_[k](r, c);
                const auto turned = std::complex<float>(value[0], value[1]) *
                                    std::complex<float>(std::polar(1.0, -kTwoPi * cycles * moved));
                padded(r, c) = {turned.real(), turned.imag()};
            }
        }
        cv::dft(padded, padded, 0, blocks_.height);
        std::transform(padded.begin(), padded.end(), amplitudes_.ptr<float>(static_cast<int>(k) * transform_.height),
                       [](const cv::Vec2f& value) { return std::hypot(value[0], value[1]); });
    }
}

void TiltSearch::look(double right, double down) {
    const double left = kTilt * kTilt - right * right - down * down;
    const float* amplitudes = amplitudes_.ptr<float>();
    for (const Column& x : x_columns_) {
        for (const Column& y : y_columns_) {
            const double scale = kMiddle + 0.5 * (x.along + y.along);
            const double stretch = 0.5 * (x.along - y.along);
            const double shear = 0.5 * (x.across + y.across);
            const double turn = 0.5 * (x.across - y.across);
            if (scale < kSmallest || scale > kLargest || stretch * stretch + shear * shear > left ||
                std::abs(turn) > kTurn * scale) {
                continue;
            }
            float score = 0.0F;
            for (std::size_t k = 0; k < kCount; ++k) {
                score += amplitudes[x.places[k] + y.places[k]];
            }
            if (score > best_.score) {
                best_.score = score;
                best_.map = cv::Matx33d(kMiddle + x.along, y.across, 0.0,  //
                                        x.across, kMiddle + y.along, 0.0,  //
                                        right / half_width_, down / half_height_, 1.0);
            }
        }
    }
}

}  // namespace

TiltCandidate best_tilt(std::span<const cv::Mat1f> slots, std::span<const double> seconds,
                        const VideoPattern& pattern) {
    if (slots.empty() || slots.size() != seconds.size()) {
        throw ArgumentError("slots: " + std::to_string(slots.size()) + " with " + std::to_string(seconds.size()) +
                            " times; allowed: at least one slot and as many times");
    }
    return TiltSearch(slots.front().size(), pattern).best(slots, seconds);
}

}  // namespace birthmark
