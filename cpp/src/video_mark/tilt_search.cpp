#include "birthmark/video_mark/tilt_search.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <functional>
#include <numbers>
#include <opencv2/imgproc.hpp>
#include <string>
#include <utility>
#include <vector>

#include "birthmark/errors.hpp"
#include "birthmark/video_mark/registration.hpp"

namespace birthmark {
namespace {

/// Range of marked units per received one. Blocks are measured at its middle, and tilts and steps are in parts of that.
struct Reach {
    double smallest;
    double largest;

    double middle() const { return 0.5 * (smallest + largest); }
};

constexpr std::array kReaches = {Reach{1.0 / 1.1, 1.0 / 0.8}, Reach{1.0 / 0.8, 1.0 / 0.6}};
constexpr double kTurn = 0.19;  // tangent of 11 degrees
constexpr double kTilt = 0.18;
constexpr double kBlock = 14.0;       // received units, about
constexpr double kEdgeStep = 4.0;     // marked units
constexpr double kCornerStep = 6.0;   // marked units, of the perspective
constexpr std::size_t kClimbed = 12;  // views per reach
constexpr std::size_t kFew = 8;       // waves that tell whether a view is worth the rest
constexpr float kLeast = 1.0F;        // mean amplitude of those
constexpr double kTwoPi = 2.0 * std::numbers::pi;
constexpr double kTile = VideoPattern::kTile;
constexpr std::size_t kModes = VideoPattern::kSyncModes;

/// Part of a linear map: how much further than at scale middle_ one received unit along an axis reaches `along` that
/// axis and `across` it in the marked picture; and the frequency, as a place in the transforms, by which each wave
/// is then seen too high along that axis.
struct Column {
    double along;
    double across;
    std::array<int, kModes> places;
};

/// A linear map; `tilt` is the square of its stretch and shear.
struct Pair {
    const Column* x;
    const Column* y;
    float tilt;
};

std::vector<double> steps(double reach, double step) {
    std::vector<double> values;
    const int count = static_cast<int>(reach / step);
    for (int i = -count; i <= count; ++i) {
        values.push_back(step * i);
    }
    return values;
}

/// The sync modes that turn over time: what stands still in the picture drowns the others.
std::vector<std::size_t> turning(const VideoPattern& pattern) {
    std::vector<std::size_t> out;
    for (std::size_t k = 0; k < kModes; ++k) {
        if (pattern.sync()[k].harmonic != 0) {
            out.push_back(k);
        }
    }
    return out;
}

/// Pictures of the harmonics 1 ... kHarmonics over time at the marked speed, real and imaginary part of each.
std::vector<cv::Mat1f> harmonics_of(std::span<const cv::Mat1f> slots, std::span<const double> seconds) {
    std::vector<cv::Mat1f> out;
    for (int harmonic = 1; harmonic <= VideoPattern::kHarmonics; ++harmonic) {
        std::vector<std::complex<double>> turns;
        std::complex<double> mean = 0.0;
        for (const double time : seconds) {
            turns.push_back(std::polar(1.0, -kTwoPi * harmonic * time / VideoPattern::kPeriod));
            mean += turns.back() / static_cast<double>(seconds.size());
        }
        // What stands still would leak by the mean.
        cv::Mat1f real(slots.front().size(), 0.0F);
        cv::Mat1f imaginary(slots.front().size(), 0.0F);
        for (std::size_t s = 0; s < slots.size(); ++s) {
            cv::scaleAdd(slots[s], (turns[s] - mean).real(), real, real);
            cv::scaleAdd(slots[s], (turns[s] - mean).imag(), imaginary, imaginary);
        }
        out.push_back(real);
        out.push_back(imaginary);
    }
    return out;
}

class TiltSearch {
  public:
    TiltSearch(const cv::Size& size, const VideoPattern& pattern, const Reach& reach);

    TiltCandidate best(std::span<const cv::Mat1f> harmonics);

  private:
    void measure(std::span<const cv::Mat1f> harmonics);
    void straighten(double right, double down);
    TiltCandidate look(double right, double down) const;
    void climb(TiltCandidate& view) const;
    float score(const cv::Matx33d& map) const;
    std::vector<Column> columns(bool vertical) const;
    std::vector<Pair> pairs() const;

    const VideoPattern& pattern_;
    Reach reach_;
    double middle_;
    double half_width_;
    double half_height_;
    cv::Size blocks_;                 ///< columns and rows
    cv::Size transform_;              ///< of the blocks, padded
    std::vector<std::size_t> waves_;  ///< the sync modes that count
    std::vector<Column> x_columns_;
    std::vector<Column> y_columns_;
    std::vector<Pair> pairs_;
    std::array<cv::Mat2f, kModes> phasors_;  ///< blocks of each wave, added up over time
    cv::Mat1f amplitudes_;                   ///< transforms of all waves, one below the other
};

TiltSearch::TiltSearch(const cv::Size& size, const VideoPattern& pattern, const Reach& reach)
    : pattern_(pattern),
      reach_(reach),
      middle_(reach.middle()),
      half_width_(0.5 * size.width),
      half_height_(0.5 * size.height),
      blocks_(std::max(2, cvRound(size.width / kBlock)), std::max(2, cvRound(size.height / kBlock))),
      transform_(cv::getOptimalDFTSize(2 * blocks_.width), cv::getOptimalDFTSize(2 * blocks_.height)),
      waves_(turning(pattern)),
      x_columns_(columns(false)),
      y_columns_(columns(true)),
      pairs_(pairs()),
      amplitudes_(static_cast<int>(waves_.size()) * transform_.height, transform_.width) {}

std::vector<Column> TiltSearch::columns(bool vertical) const {
    const double half = vertical ? half_height_ : half_width_;
    const int blocks = vertical ? blocks_.height : blocks_.width;
    const int size = vertical ? transform_.height : transform_.width;
    std::vector<Column> out;
    for (const double along : steps(reach_.largest - middle_ + kTilt * middle_, kEdgeStep * middle_ / half)) {
        for (const double across : steps(kTilt * middle_ + kTurn * reach_.largest, kEdgeStep * middle_ / half)) {
            Column column{along, across, {}};
            for (std::size_t k = 0; k < waves_.size(); ++k) {
                const auto& mode = pattern_.sync()[waves_[k]];
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

/// All linear maps within reach, the least tilted first.
std::vector<Pair> TiltSearch::pairs() const {
    std::vector<Pair> out;
    const double most = kTilt * kTilt * middle_ * middle_;
    for (const Column& x : x_columns_) {
        for (const Column& y : y_columns_) {
            const double scale = middle_ + 0.5 * (x.along + y.along);
            const double turn = 0.5 * (x.across - y.across);
            const double stretch = 0.5 * (x.along - y.along);
            const double shear = 0.5 * (x.across + y.across);
            const double tilt = stretch * stretch + shear * shear;
            if (scale >= reach_.smallest && scale <= reach_.largest && tilt <= most &&
                std::abs(turn) <= kTurn * scale) {
                out.push_back({&x, &y, static_cast<float>(tilt)});
            }
        }
    }
    std::ranges::sort(out, {}, &Pair::tilt);
    return out;
}

TiltCandidate TiltSearch::best(std::span<const cv::Mat1f> harmonics) {
    measure(harmonics);
    std::vector<TiltCandidate> views;
    const double reach = kTilt * middle_;
    const double step = kCornerStep * middle_ / std::hypot(half_width_, half_height_);
    for (const double right : steps(reach, step)) {
        for (const double down : steps(reach, step)) {
            if (std::hypot(right, down) <= reach) {
                straighten(right, down);
                views.push_back(look(right, down));
            }
        }
    }
    std::ranges::sort(views, std::greater(), &TiltCandidate::score);
    views.resize(std::min(views.size(), kClimbed));
    for (TiltCandidate& view : views) {
        climb(view);
    }
    return *std::ranges::max_element(views, {}, &TiltCandidate::score);
}

/// Blocks; the squares of each mode add up to 1.
void TiltSearch::measure(std::span<const cv::Mat1f> harmonics) {
    const auto blocks = static_cast<std::size_t>(blocks_.area());
    const auto raw = sync_phasors(harmonics, pattern_, cv::Matx22d(middle_, 0, 0, middle_),
                                  static_cast<std::size_t>(blocks_.height), static_cast<std::size_t>(blocks_.width));
    for (std::size_t k = 0; k < waves_.size(); ++k) {
        const int harmonic = pattern_.sync()[waves_[k]].harmonic;
        const auto real = static_cast<std::size_t>(2 * std::abs(harmonic) - 2);
        const std::complex<float> turn(0.0F, harmonic < 0 ? -1.0F : 1.0F);
        phasors_[k].create(blocks_);
        for (std::size_t b = 0; b < blocks; ++b) {
            const auto* at = &raw[(real * blocks + b) * kModes + waves_[k]];
            const auto sum = at[0] + turn * at[blocks * kModes];
            phasors_[k](static_cast<int>(b)) = {sum.real(), sum.imag()};
        }
        phasors_[k] /= std::max(cv::norm(phasors_[k]), 1e-10);
    }
}

/// Amplitudes under all linear maps once a perspective is taken out: 1 + `right` at the right edge, 1 + `down` at the
/// lower one.
void TiltSearch::straighten(double right, double down) {
    cv::Mat2f padded;
    for (std::size_t k = 0; k < waves_.size(); ++k) {
        const auto& mode = pattern_.sync()[waves_[k]];
        padded.create(transform_);
        padded = cv::Vec2f(0.0F, 0.0F);
        for (int r = 0; r < blocks_.height; ++r) {
            const double y = (2.0 * r + 1.0) / blocks_.height - 1.0;
            for (int c = 0; c < blocks_.width; ++c) {
                const double x = (2.0 * c + 1.0) / blocks_.width - 1.0;
                const double cycles = (mode.x * half_width_ * x + mode.y * half_height_ * y) * middle_ / kTile;
                const double moved = 1.0 / (1.0 + right * x + down * y) - 1.0;
                const cv::Vec2f& value = phasors_[k](r, c);
                const auto turned = std::complex<float>(value[0], value[1]) *
                                    std::polar(1.0F, static_cast<float>(-kTwoPi * cycles * moved));
                padded(r, c) = {turned.real(), turned.imag()};
            }
        }
        cv::dft(padded, padded, 0, blocks_.height);
        std::transform(padded.begin(), padded.end(), amplitudes_.ptr<float>(static_cast<int>(k) * transform_.height),
                       [](const cv::Vec2f& value) { return std::sqrt(value[0] * value[0] + value[1] * value[1]); });
    }
}

/// The best linear map for the perspective that was last taken out.
TiltCandidate TiltSearch::look(double right, double down) const {
    TiltCandidate best;
    const double left = kTilt * kTilt * middle_ * middle_ - right * right - down * down;
    const float* amplitudes = amplitudes_.ptr<float>();
    for (const Pair& pair : pairs_) {
        if (pair.tilt > left) {
            break;
        }
        const Column& x = *pair.x;
        const Column& y = *pair.y;
        float score = 0.0F;
        for (std::size_t k = 0; k < kFew; ++k) {
            score += amplitudes[x.places[k] + y.places[k]];
        }
        if (score < kLeast * kFew) {
            continue;
        }
        for (std::size_t k = kFew; k < waves_.size(); ++k) {
            score += amplitudes[x.places[k] + y.places[k]];
        }
        if (score > best.score) {
            best.score = score;
            best.map = cv::Matx33d(middle_ + x.along, y.across, 0.0,  //
                                   x.across, middle_ + y.along, 0.0,  //
                                   right / half_width_, down / half_height_, 1.0);
        }
    }
    best.score /= static_cast<float>(waves_.size());
    return best;
}

/// Coordinate ascent of the score between the steps of the search: each number of the map by as much as moves the
/// picture's edges by 2 marked units, then 1.
void TiltSearch::climb(TiltCandidate& view) const {
    const double corner = std::hypot(half_width_, half_height_);
    const std::array<std::pair<int, double>, 6> numbers = {{
        {0, middle_ / half_width_},
        {3, middle_ / half_width_},
        {1, middle_ / half_height_},
        {4, middle_ / half_height_},
        {6, middle_ / (half_width_ * corner)},
        {7, middle_ / (half_height_ * corner)},
    }};
    for (const double units : {2.0, 1.0}) {
        for (bool better = true; better;) {
            better = false;
            for (const auto& [number, step] : numbers) {
                for (const double by : {step * units, -step * units}) {
                    TiltCandidate trial = view;
                    trial.map.val[number] += by;
                    trial.score = score(trial.map);
                    if (trial.score > view.score) {
                        view = trial;
                        better = true;
                        break;
                    }
                }
            }
        }
    }
}

/// Mean amplitude under a map.
float TiltSearch::score(const cv::Matx33d& map) const {
    std::array<std::complex<float>, kModes> sums{};
    for (int r = 0; r < blocks_.height; ++r) {
        const double y = half_height_ * ((2.0 * r + 1.0) / blocks_.height - 1.0);
        for (int c = 0; c < blocks_.width; ++c) {
            const double x = half_width_ * ((2.0 * c + 1.0) / blocks_.width - 1.0);
            const cv::Vec3d at = map * cv::Vec3d(x, y, 1.0);
            const auto across = static_cast<float>(-kTwoPi / kTile * (at[0] / at[2] - middle_ * x));
            const auto down = static_cast<float>(-kTwoPi / kTile * (at[1] / at[2] - middle_ * y));
            for (std::size_t k = 0; k < waves_.size(); ++k) {
                const auto& mode = pattern_.sync()[waves_[k]];
                const cv::Vec2f& value = phasors_[k](r, c);
                sums[k] += std::complex<float>(value[0], value[1]) *
                           std::polar(1.0F, static_cast<float>(mode.x) * across + static_cast<float>(mode.y) * down);
            }
        }
    }
    float total = 0.0F;
    for (const auto& sum : sums) {
        total += std::abs(sum);
    }
    return total / static_cast<float>(waves_.size());
}

}  // namespace

TiltCandidate best_tilt(std::span<const cv::Mat1f> slots, std::span<const double> seconds,
                        const VideoPattern& pattern) {
    if (slots.empty() || slots.size() != seconds.size()) {
        throw ArgumentError("slots: " + std::to_string(slots.size()) + " with " + std::to_string(seconds.size()) +
                            " times; allowed: at least one slot and as many times");
    }
    TiltCandidate best;
    const auto harmonics = harmonics_of(slots, seconds);
    for (const Reach& reach : kReaches) {
        const auto found = TiltSearch(slots.front().size(), pattern, reach).best(harmonics);
        best = found.score > best.score ? found : best;
    }
    return best;
}

}  // namespace birthmark
