#include "birthmark/video_mark/video_embedder.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <numbers>
#include <numeric>
#include <opencv2/core.hpp>
#include <string>

#include "birthmark/errors.hpp"
#include "birthmark/multiversion.hpp"

namespace birthmark {
namespace {

constexpr int kFine = static_cast<int>(VideoPattern::kTile);
constexpr int kSlow = 1;                                    // fastest harmonic of a held payload
constexpr double kHoldPayload = VideoPattern::kPeriod / 3;  // as many pictures as these harmonics tell apart
constexpr double kHoldSync = VideoPattern::kPeriod / 6;
constexpr double kNever = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kSampled = 32;  // rows that tell how much may be cored
constexpr int kHalvings = 6;          // of the interval that the limit lies in
constexpr std::size_t kNone = ~std::size_t{0};

/// Spectra of the harmonics -3 ... 3 over one tile.
using Spectra = std::array<cv::Mat2f, VideoPattern::kSlots>;

Spectra payload_spectra(const VideoPattern& pattern, std::uint64_t payload) {
    const PayloadCode code(VideoPattern::kCodeBits);
    std::vector<std::int8_t> chips(code.size());
    code.encode(payload, chips);
    const auto amplitudes = pattern.amplitudes(chips);
    Spectra spectra;
    for (std::size_t j = 0; j < VideoPattern::kSlots; ++j) {
        spectra[j] = cv::Mat2f(kFine, kFine, cv::Vec2f(0.0F, 0.0F));
        for (std::size_t n = 0; n < VideoPattern::kModes; ++n) {
            const auto& mode = pattern.modes()[n];
            const auto value = amplitudes[n * VideoPattern::kSlots + j];
            spectra[j](mode.y, (mode.x + kFine) % kFine) = cv::Vec2f(value.real(), value.imag());
        }
    }
    return spectra;
}

Spectra sync_spectra(const VideoPattern& pattern) {
    Spectra spectra;
    for (cv::Mat2f& spectrum : spectra) {
        spectrum = cv::Mat2f(kFine, kFine, cv::Vec2f(0.0F, 0.0F));
    }
    for (const auto& mode : pattern.sync()) {
        const auto value = std::polar(VideoPattern::sync_gain(), mode.phase);
        spectra[static_cast<std::size_t>(mode.harmonic + VideoPattern::kHarmonics)](mode.y, (mode.x + kFine) % kFine) =
            cv::Vec2f(value.real(), value.imag());
    }
    return spectra;
}

/// Tiles of the harmonics 0 to `fastest`, with the power of all.
std::vector<cv::Mat1f> tiles_of(const Spectra& spectra, int fastest) {
    Spectra fields;
    for (std::size_t j = 0; j < VideoPattern::kSlots; ++j) {
        cv::idft(spectra[j], fields[j]);
    }
    const auto part = [&](int j, int channel) {
        cv::Mat1f out;
        cv::extractChannel(fields[static_cast<std::size_t>(j + VideoPattern::kHarmonics)], out, channel);
        return cv::Mat1f(out * std::sqrt(double{VideoPattern::kSlots} / (2 * fastest + 1)));
    };
    std::vector<cv::Mat1f> tiles{part(0, 0)};
    for (int j = 1; j <= fastest; ++j) {
        tiles.emplace_back(part(j, 0) + part(-j, 0));
        tiles.emplace_back(part(-j, 1) - part(j, 1));
    }
    return tiles;
}

void place(std::size_t count, std::size_t step, std::size_t pixels, double units_per_pixel, std::vector<int>& first,
           std::vector<float>& share) {
    for (std::size_t i = 0; i < count; ++i) {
        const double centre = (static_cast<double>(i) + 0.5) * static_cast<double>(step);
        const double unit = (centre - 0.5 * static_cast<double>(pixels)) * units_per_pixel;
        double at = std::fmod(unit, double{kFine});
        at = at < 0.0 ? at + kFine : at;
        first.push_back(static_cast<int>(at) % kFine);
        share.push_back(static_cast<float>(at - std::floor(at)));
    }
}

BIRTHMARK_MULTIVERSION void interpolate(const float* upper, const float* lower, float share, float* out,
                                        std::size_t width) {
    for (std::size_t x = 0; x < width; ++x) {
        out[x] = upper[x] + share * (lower[x] - upper[x]);
    }
}

/// The pattern along one row of the grid, read between the samples of `line`, times the amplitudes.
BIRTHMARK_MULTIVERSION void shape_row(const float* line, const int* first, const float* share, const float* amplitude,
                                      float* out, std::size_t count) {
#pragma omp simd
    for (std::size_t c = 0; c < count; ++c) {
        const float a = line[first[c]];
        const float b = line[first[c] + 1];
        out[c] = amplitude[c] * (a + share[c] * (b - a));
    }
}

/// Interpolates one row of the grid, given with one more value on either side, to the `Step` pixels of each block
/// (0 for any `step`), which lie `shares` of the way between the values before and after.
template <std::size_t Step>
BIRTHMARK_MULTIVERSION void widen_row(const float* in, const float* shares, std::size_t step, float levels, float* out,
                                      std::size_t count) {
    const std::size_t across = Step == 0 ? step : Step;
#pragma omp simd
    for (std::size_t c = 0; c < count; ++c) {
        for (std::size_t k = 0; k < across; ++k) {
            const float* before = in + c + (2 * k + 1 < across ? 0 : 1);
            out[c * across + k] = levels * (before[0] + shares[k] * (before[1] - before[0]));
        }
    }
}

using Widen = decltype(&widen_row<0>);

Widen widen_for(std::size_t step) {
    constexpr std::array<Widen, 5> kUsual{widen_row<0>, widen_row<1>, widen_row<2>, widen_row<3>, widen_row<4>};
    return step < kUsual.size() ? kUsual[step] : kUsual[0];
}

float within(float value, float limit) { return std::min(std::max(value, -limit), limit); }

/// Sum of squares of the changes, less what is within `limit` of the details.
BIRTHMARK_MULTIVERSION double power_of_cored(const std::vector<float>& changes, const std::vector<float>& details,
                                             float limit) {
    constexpr std::size_t kLanes = 16;
    std::array<float, kLanes> sums{};
    for (std::size_t i = 0; i + kLanes <= changes.size(); i += kLanes) {
        for (std::size_t k = 0; k < kLanes; ++k) {
            const float left = changes[i + k] - within(details[i + k], limit);
            sums[k] += left * left;
        }
    }
    return std::accumulate(sums.begin(), sums.end(), 0.0);
}

template <class Pixel>
BIRTHMARK_MULTIVERSION void add_line(Pixel* row, const float* change, const float* detail, float limit,
                                     std::size_t width, float highest) {
    for (std::size_t x = 0; x < width; ++x) {
        const float value = static_cast<float>(row[x]) + change[x] - within(detail[x], limit) + 0.5F;
        row[x] = static_cast<Pixel>(static_cast<int>(std::min(std::max(value, 0.0F), highest)));
    }
}

void add_line_rgb(std::uint8_t* row, const float* change, const float* detail, float limit, std::size_t width) {
    for (std::size_t x = 0; x < width; ++x) {
        const int whole = static_cast<int>(std::floor(change[x] - within(detail[x], limit) + 0.5F));
        for (std::size_t c = 0; c < 3; ++c) {
            row[3 * x + c] = static_cast<std::uint8_t>(std::clamp(row[3 * x + c] + whole, 0, 255));
        }
    }
}

}  // namespace

VideoEmbedder::VideoEmbedder(const Key& key, std::uint64_t payload, std::size_t width, std::size_t height,
                             const MarkStrength& strength, Tempo tempo)
    : grid_(width, height),
      mask_(grid_, strength),
      contrast_(grid_, strength.contrast),
      detail_(width),
      strength_(strength),
      layers_{Layer{tiles_of(payload_spectra(VideoPattern(key), payload),
                             tempo == Tempo::kHeld ? kSlow : VideoPattern::kHarmonics),
                    tempo == Tempo::kHeld ? kHoldPayload : 0.0, kNever},
              Layer{tiles_of(sync_spectra(VideoPattern(key)), VideoPattern::kHarmonics),
                    tempo == Tempo::kHeld ? kHoldSync : 0.0, kNever}} {
    tile_.create(kFine + 1, kFine + 1);
    change_.create(static_cast<int>(grid_.rows()), static_cast<int>(grid_.columns()));
    place(grid_.columns(), grid_.step(), width, grid_.units_per_pixel(), left_, left_share_);
    place(grid_.rows(), grid_.step(), height, grid_.units_per_pixel(), top_, top_share_);
    for (auto& line : wide_) {
        line.resize(grid_.columns() * grid_.step());
    }
    line_.resize(std::max<std::size_t>(width, kFine + 1));
    padded_.resize(grid_.columns() + 2);
    for (std::size_t k = 0; k < grid_.step(); ++k) {
        const float at = (static_cast<float>(k) + 0.5F) / static_cast<float>(grid_.step()) - 0.5F;
        shares_.push_back(at < 0.0F ? at + 1.0F : at);
    }
}

void VideoEmbedder::render(double seconds) {
    bool same = true;
    for (Layer& layer : layers_) {
        const double at = layer.hold > 0.0 ? (std::floor(seconds / layer.hold) + 0.5) * layer.hold : seconds;
        same = same && at == layer.shown;
        layer.shown = at;
    }
    if (same) {
        return;
    }
    cv::Mat1f inner = tile_(cv::Rect(0, 0, kFine, kFine));
    inner = 0.0F;
    for (const Layer& layer : layers_) {
        inner += layer.tiles[0];
        for (std::size_t j = 1; 2 * j < layer.tiles.size(); ++j) {
            const double angle =
                2.0 * std::numbers::pi * std::fmod(static_cast<double>(j) * layer.shown / VideoPattern::kPeriod, 1.0);
            cv::scaleAdd(layer.tiles[2 * j - 1], std::cos(angle), inner, inner);
            cv::scaleAdd(layer.tiles[2 * j], std::sin(angle), inner, inner);
        }
    }
    tile_.col(0).copyTo(tile_.col(kFine));
    tile_.row(0).copyTo(tile_.row(kFine));
}

void VideoEmbedder::shape(const cv::Mat1f& amplitudes) {
    for (std::size_t r = 0; r < grid_.rows(); ++r) {
        const auto row = static_cast<int>(r);
        interpolate(tile_.ptr<float>(top_[r]), tile_.ptr<float>(top_[r] + 1), top_share_[r], line_.data(), kFine + 1);
        shape_row(line_.data(), left_.data(), left_share_.data(), amplitudes.ptr<float>(row), change_.ptr<float>(row),
                  grid_.columns());
    }
}

template <class Pixel>
void VideoEmbedder::prepare(const Plane<const Pixel>& luma, double seconds, float scale) {
    if (!std::isfinite(seconds)) {
        throw ArgumentError("seconds is not finite");
    }
    grid_.reduce(luma, scale, true);
    render(seconds);
    const cv::Mat1f& amplitudes = mask_.amplitudes(grid_);
    shape(amplitudes);
    contrast_.add(grid_, amplitudes, strength_.power(), change_);
    wide_row_ = {kNone, kNone};
}

/// How much of the fine detail may go so that the whole change keeps within its power, from a sample of rows.
template <class Pixel>
float VideoEmbedder::coring(const Plane<const Pixel>& luma, float levels) {
    changes_.clear();
    details_.clear();
    detail_.begin();
    const std::size_t spacing = (luma.height + kSampled - 1) / kSampled;
    for (std::size_t y = spacing / 2; y < luma.height; y += spacing) {
        const float* change = changed(y, levels);
        const float* detail = detail_.row(luma, y);
        changes_.insert(changes_.end(), change, change + luma.width);
        details_.insert(details_.end(), detail, detail + luma.width);
    }
    const double allowed =
        strength_.power() * static_cast<double>(levels * levels) * static_cast<double>(changes_.size());
    const auto fits = [&](float limit) { return power_of_cored(changes_, details_, limit) <= allowed; };
    float high = static_cast<float>(strength_.coring) * levels;
    float low = fits(high) ? high : 0.0F;
    for (int step = 0; low < high && step < kHalvings; ++step) {
        const float middle = 0.5F * (low + high);
        (fits(middle) ? low : high) = middle;
    }
    return low;
}

/// The mark's change of row y in units of the pixels, `levels` to one of 8 bits; good until the next call.
const float* VideoEmbedder::changed(std::size_t y, float levels) {
    const auto last = grid_.rows() - 1;
    const std::size_t step = grid_.step();
    const float at = (static_cast<float>(y % step) + 0.5F) / static_cast<float>(step) - 0.5F;
    const std::size_t r = y / step;
    const std::size_t first = at < 0.0F ? (r == 0 ? 0 : r - 1) : r;
    const std::size_t second = at < 0.0F ? r : std::min(r + 1, last);
    widen(first, first % 2, levels);
    widen(second, second % 2, levels);
    interpolate(wide_[first % 2].data(), wide_[second % 2].data(), at < 0.0F ? at + 1.0F : at, line_.data(),
                grid_.width());
    return line_.data();
}

/// Interpolates one row of the grid to all pixels across.
void VideoEmbedder::widen(std::size_t row, std::size_t slot, float levels) {
    if (wide_row_[slot] == row) {
        return;
    }
    wide_row_[slot] = row;
    const std::size_t count = grid_.columns();
    std::copy_n(change_.ptr<float>(static_cast<int>(row)), count, &padded_[1]);
    padded_.front() = padded_[1];
    padded_.back() = padded_[count];
    widen_for(grid_.step())(padded_.data(), shares_.data(), grid_.step(), levels, wide_[slot].data(), count);
}

template <class Pixel, std::size_t Channels>
void VideoEmbedder::add(const Plane<Pixel>& plane, const Plane<const Pixel>& luma, float levels, float highest) {
    const float limit = coring(luma, levels);
    detail_.begin();
    for (std::size_t y = 0; y < grid_.height(); ++y) {
        const float* change = changed(y, levels);
        const float* detail = detail_.row(luma, y);
        if constexpr (Channels == 3) {
            add_line_rgb(plane.row(y), change, detail, limit, grid_.width());
        } else {
            add_line(plane.row(y), change, detail, limit, grid_.width(), highest);
        }
    }
}

void VideoEmbedder::embed(const Plane8& luma, double seconds) {
    const Plane<const std::uint8_t> before{luma.data, luma.width, luma.height, luma.stride};
    prepare(before, seconds, 1.0F);
    add<std::uint8_t, 1>(luma, before, 1.0F, 255.0F);
}

void VideoEmbedder::embed(const Plane16& luma, double seconds, int bits) {
    if (bits < 9 || bits > 12) {
        throw ArgumentError("bits is " + std::to_string(bits) + "; allowed: 9 to 12");
    }
    const float levels = static_cast<float>(1 << (bits - 8));
    const Plane<const std::uint16_t> before{luma.data, luma.width, luma.height, luma.stride};
    prepare(before, seconds, 1.0F / levels);
    add<std::uint16_t, 1>(luma, before, levels, static_cast<float>((1 << bits) - 1));
}

void VideoEmbedder::embed_rgb(const Plane8& rgb, double seconds) {
    grey_.resize(rgb.width * rgb.height);
    const Plane8 grey{grey_.data(), rgb.width, rgb.height, rgb.width};
    luma_of(Plane<const std::uint8_t>{rgb.data, rgb.width, rgb.height, rgb.stride}, grey);
    const Plane<const std::uint8_t> before{grey.data, grey.width, grey.height, grey.stride};
    prepare(before, seconds, 1.0F);
    add<std::uint8_t, 3>(rgb, before, 1.0F, 255.0F);
}

}  // namespace birthmark
