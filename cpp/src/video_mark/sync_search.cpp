#include "birthmark/video_mark/sync_search.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <opencv2/imgproc.hpp>
#include <string>

#include "birthmark/errors.hpp"
#include "birthmark/multiversion.hpp"

namespace birthmark {
namespace {

constexpr double kHighest = 0.34;     // cycles per unit
constexpr double kFastest = 1.6;      // Hz
constexpr double kScaleStep = 0.007;  // natural logarithm
constexpr double kDegreeStep = 0.5;
constexpr double kSpeedStep = 0.03;  // natural logarithm
constexpr int kNeighbourhood = 21;   // bins over which the noise level is measured
constexpr float kOutlier = 3.0F;     // a bin counts at most this many times its neighbourhood for the noise level
constexpr float kMost = 8.0F;        // above this a mode's power counts by its logarithm
constexpr std::size_t kChunk = 1024;

/// out += in * factor, complex.
BIRTHMARK_MULTIVERSION void accumulate(const float* in, float real, float imag, float* out, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        const float a = in[2 * i];
        const float b = in[2 * i + 1];
        out[2 * i] += a * real - b * imag;
        out[2 * i + 1] += a * imag + b * real;
    }
}

std::vector<double> geometric(double low, double high, double step) {
    std::vector<double> values;
    for (double x = std::log(low); x <= std::log(high); x += step) {
        values.push_back(std::exp(x));
    }
    return values;
}

std::vector<double> turns(const SyncRanges& ranges) {
    std::vector<double> values;
    const int steps = static_cast<int>(ranges.degrees / kDegreeStep);
    for (int quarter = 0; quarter < (ranges.quarter_turns ? 4 : 1); ++quarter) {
        for (int i = -steps; i <= steps; ++i) {
            values.push_back(90.0 * quarter + kDegreeStep * i);
        }
    }
    return values;
}

bool same(const SyncCandidate& a, const SyncCandidate& b) {
    return a.mirrored == b.mirrored && std::abs(std::log(a.scale / b.scale)) < 2.5 * kScaleStep &&
           std::abs(a.degrees - b.degrees) < 2.5 * kDegreeStep &&
           std::abs(std::log(a.speed / b.speed)) < 2.5 * kSpeedStep;
}

void keep(std::vector<SyncCandidate>& found, const SyncCandidate& candidate, std::size_t count) {
    for (SyncCandidate& other : found) {
        if (same(other, candidate)) {
            if (candidate.score > other.score) {
                other = candidate;
            }
            return;
        }
    }
    if (found.size() < count) {
        found.push_back(candidate);
        return;
    }
    auto worst = std::min_element(found.begin(), found.end(), [](auto& a, auto& b) { return a.score < b.score; });
    if (candidate.score > worst->score) {
        *worst = candidate;
    }
}

}  // namespace

SyncSearch::SyncSearch(std::span<const cv::Mat1f> slots, std::span<const double> seconds) {
    if (slots.empty() || slots.size() != seconds.size()) {
        throw ArgumentError("slots: " + std::to_string(slots.size()) + " with " + std::to_string(seconds.size()) +
                            " times; allowed: at least one slot and as many times");
    }
    const cv::Size size = slots.front().size();
    if (std::max(size.width, size.height) > 4096) {
        throw ArgumentError("slots are " + std::to_string(size.width) + " x " + std::to_string(size.height) +
                            "; allowed: at most 4096 a side");
    }
    for (const cv::Mat1f& slot : slots) {
        if (slot.size() != size) {
            throw ArgumentError("slots differ in size");
        }
    }
    size_ = cv::getOptimalDFTSize(std::max(256, std::max(size.width, size.height) * 5 / 4));
    reach_ = static_cast<int>(kHighest * size_);
    frames_ = static_cast<int>(slots.size());
    spatial(slots);
    temporal(seconds);
    normalise();
}

void SyncSearch::spatial(std::span<const cv::Mat1f> slots) {
    const std::size_t across = static_cast<std::size_t>(reach_) + 1;
    const std::size_t down = 2 * static_cast<std::size_t>(reach_) + 1;
    spectra_.resize(slots.size() * across * down);
    cv::Mat1f padded(size_, size_);
    cv::Mat2f spectrum;
    for (std::size_t i = 0; i < slots.size(); ++i) {
        padded = 0.0F;
        slots[i].copyTo(padded(cv::Rect(0, 0, slots[i].cols, slots[i].rows)));
        cv::dft(padded, spectrum, cv::DFT_COMPLEX_OUTPUT, slots[i].rows);
        for (int y = -reach_; y <= reach_; ++y) {
            const auto* row = spectrum.ptr<std::complex<float>>((y + size_) % size_);
            std::copy(row, row + across,
                      spectra_.begin() +
                          static_cast<std::ptrdiff_t>((i * down + static_cast<std::size_t>(y + reach_)) * across));
        }
    }
}

void SyncSearch::temporal(std::span<const double> seconds) {
    const double length = seconds.back() - seconds.front() + 0.1;
    temporal_step_ = std::min(0.1, 1.0 / (2.5 * length));
    temporal_reach_ = static_cast<int>(kFastest / temporal_step_);
    const std::size_t bins = 2 * static_cast<std::size_t>(temporal_reach_) + 1;
    const std::size_t plane = spectra_.size() / seconds.size();
    power_.resize(bins * plane);
    std::vector<std::complex<float>> turn(bins * seconds.size());
    std::vector<std::complex<float>> leak(bins);  // of what stands still into each bin
    for (std::size_t k = 0; k < bins; ++k) {
        for (std::size_t i = 0; i < seconds.size(); ++i) {
            const double cycles =
                (static_cast<double>(k) - temporal_reach_) * temporal_step_ * (seconds[i] - seconds.front());
            turn[k * seconds.size() + i] = std::complex<float>(std::polar(1.0, -2.0 * std::numbers::pi * cycles));
            leak[k] += turn[k * seconds.size() + i] / static_cast<float>(seconds.size());
        }
    }
    leak[static_cast<std::size_t>(temporal_reach_)] = 0.0F;
    std::array<std::complex<float>, kChunk> sum{};
    std::array<std::complex<float>, kChunk> still{};
    for (std::size_t from = 0; from < plane; from += kChunk) {
        const std::size_t count = std::min(kChunk, plane - from);
        still.fill({});
        for (std::size_t i = 0; i < seconds.size(); ++i) {
            accumulate(reinterpret_cast<const float*>(&spectra_[i * plane + from]), 1.0F, 0.0F,
                       reinterpret_cast<float*>(still.data()), count);
        }
        for (std::size_t k = 0; k < bins; ++k) {
            sum.fill({});
            for (std::size_t i = 0; i < seconds.size(); ++i) {
                const std::complex<float> factor = turn[k * seconds.size() + i];
                accumulate(reinterpret_cast<const float*>(&spectra_[i * plane + from]), factor.real(), factor.imag(),
                           reinterpret_cast<float*>(sum.data()), count);
            }
            for (std::size_t x = 0; x < count; ++x) {
                power_[k * plane + from + x] = std::norm(sum[x] - leak[k] * still[x]);
            }
        }
    }
    spectra_ = {};
}

void SyncSearch::normalise() {
    const cv::Size window(kNeighbourhood, kNeighbourhood);
    const int down = 2 * reach_ + 1;
    const std::size_t plane = static_cast<std::size_t>(down) * static_cast<std::size_t>(reach_ + 1);
    cv::Mat1f level;
    cv::Mat1f limited;
    for (std::size_t k = 0; k < power_.size() / plane; ++k) {
        cv::Mat1f slice(down, reach_ + 1, &power_[k * plane]);
        cv::blur(slice, level, window);
        cv::min(slice, kOutlier * level, limited);
        cv::blur(limited, level, window);
        level = cv::max(level, 1e-9);
        slice /= level;
        for (std::size_t i = k * plane; i < (k + 1) * plane; ++i) {
            if (power_[i] > kMost) {
                power_[i] = kMost + std::log(power_[i] / kMost);
            }
        }
    }
}

std::size_t SyncSearch::candidates(const SyncRanges& ranges) {
    return 2 * geometric(ranges.scale_low, ranges.scale_high, kScaleStep).size() * turns(ranges).size() *
           geometric(ranges.speed_low, ranges.speed_high, kSpeedStep).size();
}

std::vector<SyncCandidate> SyncSearch::best(const VideoPattern& pattern, const SyncRanges& ranges,
                                            std::size_t count) const {
    constexpr std::size_t kCount = VideoPattern::kSyncModes;
    const auto scales = geometric(ranges.scale_low, ranges.scale_high, kScaleStep);
    const auto speeds = geometric(ranges.speed_low, ranges.speed_high, kSpeedStep);
    const std::size_t across = static_cast<std::size_t>(reach_) + 1;
    const std::size_t plane = across * (2 * static_cast<std::size_t>(reach_) + 1);
    std::array<std::array<int, kCount>, 64> bins{};
    for (std::size_t v = 0; v < std::min<std::size_t>(speeds.size(), 64); ++v) {
        for (std::size_t k = 0; k < kCount; ++k) {
            bins[v][k] = static_cast<int>(
                std::lround(pattern.sync()[k].harmonic * speeds[v] / (VideoPattern::kPeriod * temporal_step_)));
        }
    }
    std::vector<SyncCandidate> found;
    for (const bool mirrored : {false, true}) {
        for (const double degrees : turns(ranges)) {
            const double cosine = std::cos(degrees * std::numbers::pi / 180.0);
            const double sine = std::sin(degrees * std::numbers::pi / 180.0);
            for (const double scale : scales) {
                std::array<std::size_t, kCount> place{};
                std::array<int, kCount> sign{};
                for (std::size_t k = 0; k < kCount; ++k) {
                    const auto& mode = pattern.sync()[k];
                    const double x = mirrored ? -mode.x : mode.x;
                    const double factor = size_ / (scale * static_cast<double>(VideoPattern::kTile));
                    const double fx = (cosine * x + sine * mode.y) * factor;
                    const double fy = (-sine * x + cosine * mode.y) * factor;
                    const int flip = fx < 0.0 ? -1 : 1;
                    const int ix = static_cast<int>(std::lround(std::abs(fx)));
                    const int iy = static_cast<int>(std::lround(flip * fy));
                    const bool inside = ix <= reach_ && std::abs(iy) <= reach_;
                    sign[k] = inside ? flip : 0;
                    place[k] =
                        inside ? static_cast<std::size_t>(iy + reach_) * across + static_cast<std::size_t>(ix) : 0;
                }
                SyncCandidate top{scale, degrees, mirrored, 1.0, -1.0F};
                for (std::size_t v = 0; v < std::min<std::size_t>(speeds.size(), 64); ++v) {
                    float score = 0.0F;
                    for (std::size_t k = 0; k < kCount; ++k) {
                        const int bin = sign[k] * bins[v][k] + temporal_reach_;
                        if (sign[k] != 0 && bin >= 0 && bin <= 2 * temporal_reach_) {
                            score += power_[static_cast<std::size_t>(bin) * plane + place[k]];
                        }
                    }
                    if (score > top.score) {
                        top.score = score;
                        top.speed = speeds[v];
                    }
                }
                keep(found, top, count);
            }
        }
    }
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.score > b.score; });
    return found;
}

}  // namespace birthmark
