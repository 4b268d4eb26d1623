#include "birthmark/video_mark/video_embedder.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>
#include <opencv2/core.hpp>
#include <string>

#include "birthmark/errors.hpp"
#include "birthmark/multiversion.hpp"

namespace birthmark {
namespace {

constexpr int kFine = static_cast<int>(VideoPattern::kTile);
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

std::vector<cv::Mat1f> render_tiles(const Spectra& spectra) {
    Spectra fields;
    for (std::size_t j = 0; j < VideoPattern::kSlots; ++j) {
        cv::idft(spectra[j], fields[j]);
    }
    const auto part = [&](int j, int channel) {
        cv::Mat1f out;
        cv::extractChannel(fields[static_cast<std::size_t>(j + VideoPattern::kHarmonics)], out, channel);
        return out;
    };
    std::vector<cv::Mat1f> tiles{part(0, 0)};
    for (int j = 1; j <= VideoPattern::kHarmonics; ++j) {
        tiles.emplace_back(part(j, 0) + part(-j, 0));
        tiles.emplace_back(part(-j, 1) - part(j, 1));
    }
    return tiles;
}

void place(std::size_t count, std::size_t step, std::size_t pixels, double units_per_pixel,
           std::vector<std::uint16_t>& first, std::vector<float>& share) {
    for (std::size_t i = 0; i < count; ++i) {
        const double centre = (static_cast<double>(i) + 0.5) * static_cast<double>(step);
        const double unit = (centre - 0.5 * static_cast<double>(pixels)) * units_per_pixel;
        double at = std::fmod(unit, double{kFine});
        at = at < 0.0 ? at + kFine : at;
        const auto whole = static_cast<int>(at) % kFine;
        first.push_back(static_cast<std::uint16_t>(whole));
        share.push_back(static_cast<float>(at - std::floor(at)));
    }
}

BIRTHMARK_MULTIVERSION void add_scaled(const float* in, float weight, float other, float* out, float* second) {
    for (int x = 0; x < kFine; ++x) {
        out[x] += weight * in[x];
        second[x] += other * in[x];
    }
}

template <class Pixel>
BIRTHMARK_MULTIVERSION void add_line(Pixel* row, const float* upper, const float* lower, float share, std::size_t width,
                                     float scale, float highest) {
    for (std::size_t x = 0; x < width; ++x) {
        const float change = upper[x] + share * (lower[x] - upper[x]);
        const float value = static_cast<float>(row[x]) + scale * change + 0.5F;
        row[x] = static_cast<Pixel>(static_cast<int>(std::min(std::max(value, 0.0F), highest)));
    }
}

void add_line_rgb(std::uint8_t* row, const float* upper, const float* lower, float share, std::size_t width) {
    for (std::size_t x = 0; x < width; ++x) {
        const float change = upper[x] + share * (lower[x] - upper[x]);
        const int whole = static_cast<int>(std::floor(change + 0.5F));
        for (std::size_t c = 0; c < 3; ++c) {
            row[3 * x + c] = static_cast<std::uint8_t>(std::clamp(row[3 * x + c] + whole, 0, 255));
        }
    }
}

}  // namespace

VideoEmbedder::VideoEmbedder(const Key& key, std::uint64_t payload, std::size_t width, std::size_t height,
                             const MarkStrength& strength)
    : grid_(width, height),
      strength_(strength),
      mask_(grid_, strength),
      motion_(grid_),
      tiles_(render_tiles(payload_spectra(VideoPattern(key), payload))),
      sync_(render_tiles(sync_spectra(VideoPattern(key)))) {
    tile_.create(kFine + 1, kFine + 1);
    still_.create(kFine + 1, kFine + 1);
    change_.create(static_cast<int>(grid_.rows()), static_cast<int>(grid_.columns()));
    place(grid_.columns(), grid_.step(), width, grid_.units_per_pixel(), left_, left_share_);
    place(grid_.rows(), grid_.step(), height, grid_.units_per_pixel(), top_, top_share_);
    for (auto& line : wide_) {
        line.resize(grid_.columns() * grid_.step());
    }
}

void VideoEmbedder::render(double seconds) {
    std::array<float, VideoPattern::kSlots> weights{1.0F};
    for (std::size_t j = 1; j <= VideoPattern::kHarmonics; ++j) {
        const double angle =
            2.0 * std::numbers::pi * std::fmod(static_cast<double>(j) * seconds / VideoPattern::kPeriod, 1.0);
        weights[2 * j - 1] = static_cast<float>(std::cos(angle));
        weights[2 * j] = static_cast<float>(std::sin(angle));
    }
    for (int y = 0; y < kFine; ++y) {
        float* full = tile_.ptr<float>(y);
        float* still = still_.ptr<float>(y);
        std::fill(full, full + kFine, 0.0F);
        std::fill(still, still + kFine, 0.0F);
        for (std::size_t j = 0; j < VideoPattern::kSlots; ++j) {
            const float gain = strength_.still[(j + 1) / 2];
            add_scaled(tiles_[j].ptr<float>(y), weights[j], weights[j] * gain, full, still);
            add_scaled(sync_[j].ptr<float>(y), weights[j], weights[j], full, still);
        }
        full[kFine] = full[0];
        still[kFine] = still[0];
    }
    tile_.row(0).copyTo(tile_.row(kFine));
    still_.row(0).copyTo(still_.row(kFine));
}

void VideoEmbedder::shape(const cv::Mat1f& amplitudes, const cv::Mat1f& moving) {
    for (std::size_t r = 0; r < grid_.rows(); ++r) {
        const std::array<const float*, 2> full{tile_.ptr<float>(top_[r]), tile_.ptr<float>(top_[r] + 1)};
        const std::array<const float*, 2> still{still_.ptr<float>(top_[r]), still_.ptr<float>(top_[r] + 1)};
        const float* amplitude = amplitudes.ptr<float>(static_cast<int>(r));
        const float* share = moving.ptr<float>(static_cast<int>(r));
        float* change = change_.ptr<float>(static_cast<int>(r));
        const auto at = [&](const std::array<const float*, 2>& rows, std::size_t x) {
            return rows[0][x] + top_share_[r] * (rows[1][x] - rows[0][x]);
        };
        for (std::size_t c = 0; c < grid_.columns(); ++c) {
            const std::size_t x = left_[c];
            const float a = at(still, x) + share[c] * (at(full, x) - at(still, x));
            const float b = at(still, x + 1) + share[c] * (at(full, x + 1) - at(still, x + 1));
            change[c] = amplitude[c] * (a + left_share_[c] * (b - a));
        }
    }
}

template <class Pixel>
void VideoEmbedder::prepare(const Plane<const Pixel>& luma, double seconds, float scale) {
    if (!std::isfinite(seconds)) {
        throw ArgumentError("seconds is not finite");
    }
    grid_.reduce(luma, scale, true);
    const cv::Mat1f& moving = motion_.update(grid_, seconds);
    const cv::Mat1f& amplitudes = mask_.amplitudes(grid_, moving);
    render(seconds);
    shape(amplitudes, moving);
    wide_row_ = {kNone, kNone};
}

/// Interpolates one row of the grid to all pixels across.
void VideoEmbedder::widen(std::size_t row, std::size_t slot) {
    if (wide_row_[slot] == row) {
        return;
    }
    wide_row_[slot] = row;
    const float* in = change_.ptr<float>(static_cast<int>(row));
    float* out = wide_[slot].data();
    const std::size_t step = grid_.step();
    const std::size_t last = grid_.columns() - 1;
    for (std::size_t k = 0; k < step; ++k) {
        // Pixel k of a block lies at (k + 0.5) / step - 0.5 from the block's centre.
        const float at = (static_cast<float>(k) + 0.5F) / static_cast<float>(step) - 0.5F;
        const float share = at < 0.0F ? at + 1.0F : at;
        for (std::size_t c = 0; c <= last; ++c) {
            const float a = at < 0.0F ? in[c == 0 ? 0 : c - 1] : in[c];
            const float b = at < 0.0F ? in[c] : in[std::min(c + 1, last)];
            out[c * step + k] = a + share * (b - a);
        }
    }
}

template <class Pixel, std::size_t Channels>
void VideoEmbedder::add(const Plane<Pixel>& plane, float scale, float highest) {
    const std::size_t step = grid_.step();
    const auto last = grid_.rows() - 1;
    for (std::size_t y = 0; y < grid_.height(); ++y) {
        const float at = (static_cast<float>(y % step) + 0.5F) / static_cast<float>(step) - 0.5F;
        const std::size_t r = y / step;
        const std::size_t first = at < 0.0F ? (r == 0 ? 0 : r - 1) : r;
        const std::size_t second = at < 0.0F ? r : std::min(r + 1, last);
        const float share = at < 0.0F ? at + 1.0F : at;
        widen(first, first % 2);
        widen(second, second % 2);
        const float* upper = wide_[first % 2].data();
        const float* lower = wide_[second % 2].data();
        if constexpr (Channels == 3) {
            add_line_rgb(plane.row(y), upper, lower, share, grid_.width());
        } else {
            add_line(plane.row(y), upper, lower, share, grid_.width(), scale, highest);
        }
    }
}

void VideoEmbedder::embed(const Plane8& luma, double seconds) {
    prepare(Plane<const std::uint8_t>{luma.data, luma.width, luma.height, luma.stride}, seconds, 1.0F);
    add<std::uint8_t, 1>(luma, 1.0F, 255.0F);
}

void VideoEmbedder::embed(const Plane16& luma, double seconds, int bits) {
    if (bits < 9 || bits > 12) {
        throw ArgumentError("bits is " + std::to_string(bits) + "; allowed: 9 to 12");
    }
    const float levels = static_cast<float>(1 << (bits - 8));
    prepare(Plane<const std::uint16_t>{luma.data, luma.width, luma.height, luma.stride}, seconds, 1.0F / levels);
    add<std::uint16_t, 1>(luma, levels, static_cast<float>((1 << bits) - 1));
}

void VideoEmbedder::embed_rgb(const Plane8& rgb, double seconds) {
    grey_.resize(rgb.width * rgb.height);
    const Plane8 grey{grey_.data(), rgb.width, rgb.height, rgb.width};
    luma_of(Plane<const std::uint8_t>{rgb.data, rgb.width, rgb.height, rgb.stride}, grey);
    prepare(Plane<const std::uint8_t>{grey.data, grey.width, grey.height, grey.stride}, seconds, 1.0F);
    add<std::uint8_t, 3>(rgb, 1.0F, 255.0F);
}

}  // namespace birthmark
