#include "birthmark/video_mark/video_pattern.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "birthmark/errors.hpp"
#include "birthmark/keys/keyed_stream.hpp"

namespace birthmark {
namespace {

constexpr double kInnerRadius = 9.0;  // lowest spatial frequency, cycles per tile: 8.4 per picture height
constexpr double kTilt = -0.6;        // amplitude falls as radius^kTilt
constexpr double kSyncInner = 12.0;   // 11 cycles per picture height
constexpr double kSyncOuter = 34.0;   // 32
constexpr double kSyncSpacing = 5.0;  // sync modes keep apart by this many cycles per tile

double radius(const VideoPattern::Mode& mode) { return std::hypot(double{1} * mode.x, double{1} * mode.y); }

}  // namespace

VideoPattern::VideoPattern(const Key& key) {
    place_modes();
    draw_code(key);
    draw_sync(key);
}

float VideoPattern::sync_gain() {
    return static_cast<float>(std::sqrt(2.0 * kSyncEnergy / static_cast<double>(kSyncModes)));
}

void VideoPattern::place_modes() {
    constexpr int kReach = 48;  // beyond the outermost of 512 modes
    for (int y = 0; y <= kReach; y += 2) {
        for (int x = -kReach; x <= kReach; x += 2) {
            const bool half_plane = y > 0 || x > 0;
            if (half_plane && std::hypot(x, y) >= kInnerRadius) {
                Mode mode{};
                mode.x = static_cast<std::int8_t>(x);
                mode.y = static_cast<std::int8_t>(y);
                modes_.push_back(mode);
            }
        }
    }
    std::stable_sort(modes_.begin(), modes_.end(),
                     [](const Mode& a, const Mode& b) { return a.x * a.x + a.y * a.y < b.x * b.x + b.y * b.y; });
    modes_.resize(kModes);
    double power = 0.0;
    for (const Mode& mode : modes_) {
        power += kSlots * std::pow(radius(mode), 2.0 * kTilt);
    }
    const double scale = std::sqrt(2.0 * (1.0 - kSyncEnergy) / power);
    for (Mode& mode : modes_) {
        mode.gain = static_cast<float>(scale * std::pow(radius(mode), kTilt));
    }
}

void VideoPattern::draw_code(const Key& key) {
    KeyedStream places(key, "video/code");
    const auto order = places.permutation(2 * kModes);
    for (std::size_t i = 0; i < order.size(); ++i) {
        modes_[order[i] / 2].code[order[i] % 2] = static_cast<std::uint16_t>(i % kCodeBits);
    }
    KeyedStream signs(key, "video/chips");
    for (Mode& mode : modes_) {
        signs.chips(std::span<std::int8_t>(&mode.sign[0][0], 2 * kSlots));
    }
}

void VideoPattern::draw_sync(const Key& key) {
    std::vector<SyncMode> places;
    const int reach = static_cast<int>(kSyncOuter);
    for (int y = 0; y <= reach; ++y) {
        for (int x = -reach; x <= reach; ++x) {
            const bool between = x % 2 != 0 || y % 2 != 0;
            const bool inside = std::hypot(x, y) >= kSyncInner && std::hypot(x, y) <= kSyncOuter;
            if ((y > 0 || x > 0) && between && inside) {
                places.push_back({static_cast<std::int8_t>(x), static_cast<std::int8_t>(y), 0, 0.0F});
            }
        }
    }
    KeyedStream stream(key, "video/sync");
    std::size_t count = 0;
    for (const std::uint32_t index : stream.permutation(places.size())) {
        SyncMode mode = places[index];
        const bool apart = std::all_of(
            sync_.begin(), sync_.begin() + static_cast<std::ptrdiff_t>(count),
            [&](const SyncMode& other) { return std::hypot(mode.x - other.x, mode.y - other.y) > kSyncSpacing; });
        if (!apart) {
            continue;
        }
        mode.harmonic = static_cast<std::int8_t>(static_cast<int>(count % kSlots) - kHarmonics);
        mode.phase = static_cast<float>(2.0 * std::numbers::pi * stream.uniform_real());
        sync_[count] = mode;
        if (++count == kSyncModes) {
            return;
        }
    }
    throw Error("the key gives no sync template");  // 24 places so far apart always fit
}

std::vector<std::complex<float>> VideoPattern::amplitudes(std::span<const std::int8_t> chips) const {
    if (chips.size() != kCodeBits) {
        throw ArgumentError("chips has " + std::to_string(chips.size()) + " values; allowed: 512");
    }
    std::vector<std::complex<float>> values(kModes * kSlots);
    const float root = std::numbers::sqrt2_v<float> / 2.0F;
    for (std::size_t n = 0; n < kModes; ++n) {
        const Mode& mode = modes_[n];
        for (std::size_t j = 0; j < kSlots; ++j) {
            values[n * kSlots + j] = mode.gain * root *
                                     std::complex<float>(static_cast<float>(mode.sign[0][j] * chips[mode.code[0]]),
                                                         static_cast<float>(mode.sign[1][j] * chips[mode.code[1]]));
        }
    }
    return values;
}

}  // namespace birthmark
