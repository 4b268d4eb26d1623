#include "birthmark/fingerprint/video_matcher.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <tuple>

#include "birthmark/errors.hpp"
#include "birthmark/fingerprint/video_scales.hpp"

namespace birthmark {
namespace {

constexpr float kMarginPixels = 7.0F;  // keypoints nearer to the edge are not found, see KeypointDetector
constexpr float kFirstRadius = 3.5F;   // pixels at the keypoint's size
constexpr float kLastRadius = 2.0F;
constexpr int kRefinements = 3;
constexpr float kFarthest = 1000.0F;
constexpr std::uint32_t kEnoughCompared = 1000;

struct Turned {
    float x = 0.0F;
    float y = 0.0F;
    PatchBits bits;
};

// Keypoint `i` after the reference picture went through `form`.
Turned turned(const FeatureTable& table, std::size_t i, int form) {
    float x = table.x[i];
    float y = table.y[i];
    float width = table.width;
    float height = table.height;
    if ((form & 4) != 0) {
        std::swap(x, y);
        std::swap(width, height);
    }
    return {(form & 1) != 0 ? width - x : x, (form & 2) != 0 ? height - y : y, transformed(table.bits[i], form)};
}

}  // namespace

// Where and how large a reference keypoint ought to appear in the query.
struct VideoMatcher::Place {
    float x;
    float y;
    float level;
    PatchBits bits;
};

struct VideoMatcher::Pair {
    std::uint32_t reference;
    std::uint32_t compared;
    PointPair points;
    const Point* found;
    int distance;
    Place place;
};

void FeatureTable::check() const {
    const std::size_t n = bits.size();
    if (x.size() != n || y.size() != n || level.size() != n) {
        throw ArgumentError("x, y, level and bits have different lengths; allowed: one entry per keypoint each");
    }
    if (frame_start.empty() || frame_start.front() != 0 || frame_start.back() != n ||
        !std::is_sorted(frame_start.begin(), frame_start.end())) {
        throw ArgumentError("frame_start must rise from 0 to the number of keypoints, " + std::to_string(n));
    }
    if (std::any_of(level.begin(), level.end(), [](int k) { return k >= VideoScales::kLevels; })) {
        throw ArgumentError("level has values above " + std::to_string(VideoScales::kTop));
    }
    const auto usable = [](float value) { return std::abs(value) <= kFarthest; };  // false for NaN
    if (!std::all_of(x.begin(), x.end(), usable) || !std::all_of(y.begin(), y.end(), usable)) {
        throw ArgumentError("x or y has values that are no position in a frame; allowed: -1000 to 1000");
    }
    if (!(width > 0.0F && width <= kFarthest) || !(height > 0.0F && height <= kFarthest)) {
        throw ArgumentError("width is " + std::to_string(width) + " and height " + std::to_string(height) +
                            "; allowed: above 0, at most 1000");
    }
}

VideoMatcher::VideoMatcher(const FeatureTable& query)
    : frames_(query.frames()), width_(query.width), height_(query.height) {
    query.check();
    std::vector<std::uint32_t> order(query.size());
    std::iota(order.begin(), order.end(), 0U);
    level_start_.reserve(frames_ * VideoScales::kLevels + 1);
    points_.reserve(query.size());
    for (std::size_t frame = 0; frame < frames_; ++frame) {
        const auto first = order.begin() + query.frame_start[frame];
        const auto last = order.begin() + query.frame_start[frame + 1];
        std::sort(first, last, [&](std::uint32_t a, std::uint32_t b) {
            return std::tuple(query.level[a], query.y[a], a) < std::tuple(query.level[b], query.y[b], b);
        });
        auto next = first;
        for (int level = 0; level < VideoScales::kLevels; ++level) {
            level_start_.push_back(static_cast<std::uint32_t>(points_.size()));
            for (; next != last && query.level[*next] == level; ++next) {
                points_.push_back({query.x[*next], query.y[*next], query.bits[*next]});
            }
        }
    }
    level_start_.push_back(static_cast<std::uint32_t>(points_.size()));
}

const VideoMatcher::Point* VideoMatcher::nearest(std::uint32_t frame, const Place& place, float radius,
                                                 std::uint32_t& compared) const {
    const Point* best = nullptr;
    int best_distance = kAgreeingDistance + 1;
    const int middle = static_cast<int>(std::lround(place.level));
    for (int level = std::max(0, middle - 1); level <= std::min(VideoScales::kTop, middle + 1); ++level) {
        const float reach = radius / VideoScales::size(level);
        const std::size_t slot =
            static_cast<std::size_t>(frame) * VideoScales::kLevels + static_cast<std::size_t>(level);
        const Point* last = points_.data() + level_start_[slot + 1];
        const Point* point = std::lower_bound(points_.data() + level_start_[slot], last, place.y - reach,
                                              [](const Point& p, float y) { return p.y < y; });
        for (; point != last && point->y <= place.y + reach; ++point) {
            if (std::abs(point->x - place.x) > reach) {
                continue;
            }
            ++compared;
            const int distance = point->bits.distance(place.bits);
            if (distance < best_distance) {
                best_distance = distance;
                best = point;
            }
        }
    }
    return best;
}

// The null of one keypoint, measured on the query frame itself; counts one agreement more than there is. Sizes next to
// the keypoint's own come first, more of them until there are enough to compare with.
float VideoMatcher::chance(std::uint32_t frame, const Place& place) const {
    const int middle = std::clamp(static_cast<int>(std::lround(place.level)), 0, VideoScales::kTop);
    const std::size_t slot = static_cast<std::size_t>(frame) * VideoScales::kLevels;
    const float reach = 2.0F * kFirstRadius / VideoScales::size(middle);
    std::uint32_t compared = 1;
    std::uint32_t agreed = 1;
    const auto compare = [&](int level) {
        if (level < 0 || level > VideoScales::kTop) {
            return;
        }
        const std::size_t at = slot + static_cast<std::size_t>(level);
        for (std::uint32_t i = level_start_[at]; i < level_start_[at + 1]; ++i) {
            const Point& point = points_[i];
            if (std::abs(point.x - place.x) > reach || std::abs(point.y - place.y) > reach) {
                ++compared;
                agreed += point.bits.distance(place.bits) <= kAgreeingDistance ? 1U : 0U;
            }
        }
    };
    compare(middle);
    for (int away = 1; away < VideoScales::kLevels && (away < 2 || compared < kEnoughCompared); ++away) {
        compare(middle - away);
        compare(middle + away);
    }
    return static_cast<float>(agreed) / static_cast<float>(compared);
}

std::vector<VideoMatcher::Pair> VideoMatcher::match(const FeatureTable& reference, const FrameHypothesis& hypothesis,
                                                    float radius) const {
    const Affine& map = hypothesis.map;
    const float shift = static_cast<float>(VideoScales::kPerOctave) * std::log2(affine_scale(map));
    std::vector<Pair> pairs;
    for (std::uint32_t i = reference.frame_start[hypothesis.reference];
         i < reference.frame_start[hypothesis.reference + 1]; ++i) {
        const Turned point = turned(reference, i, hypothesis.form);
        const Place place{map[0] * point.x + map[1] * point.y + map[2], map[3] * point.x + map[4] * point.y + map[5],
                          static_cast<float>(reference.level[i]) - shift, point.bits};
        if (!(place.level > -0.5F && place.level < static_cast<float>(VideoScales::kTop) + 0.5F)) {
            continue;
        }
        const float margin = kMarginPixels / (32.0F * std::exp2(place.level / 4.0F));
        if (place.x < margin || place.y < margin || place.x > width_ - margin || place.y > height_ - margin) {
            continue;
        }
        Pair pair{i, 0, {point.x, point.y, 0.0F, 0.0F}, nullptr, 0, place};
        pair.found = nearest(hypothesis.query, place, radius, pair.compared);
        if (pair.found != nullptr) {
            pair.points.to_x = pair.found->x;
            pair.points.to_y = pair.found->y;
            pair.distance = pair.found->bits.distance(point.bits);
        }
        pairs.push_back(pair);
    }
    // One query keypoint speaks for one reference keypoint only, the one with the nearest descriptor.
    std::vector<Pair*> order;
    for (Pair& pair : pairs) {
        if (pair.found != nullptr) {
            order.push_back(&pair);
        }
    }
    std::sort(order.begin(), order.end(), [](const Pair* a, const Pair* b) {
        return std::tuple(a->found, a->distance, a->reference) < std::tuple(b->found, b->distance, b->reference);
    });
    for (std::size_t i = order.size(); i-- > 1;) {
        if (order[i]->found == order[i - 1]->found) {
            order[i]->found = nullptr;
        }
    }
    return pairs;
}

FrameEvidence VideoMatcher::test(const FeatureTable& reference, const FrameHypothesis& hypothesis) const {
    if (hypothesis.query >= frames_ || hypothesis.reference >= reference.frames()) {
        throw ArgumentError("hypothesis names query frame " + std::to_string(hypothesis.query) +
                            " and reference frame " + std::to_string(hypothesis.reference) + "; there are " +
                            std::to_string(frames_) + " and " + std::to_string(reference.frames()));
    }
    if (hypothesis.form < 0 || hypothesis.form >= kDihedralForms) {
        throw ArgumentError("form is " + std::to_string(hypothesis.form) + "; allowed: 0 to 7");
    }
    FrameHypothesis current = hypothesis;
    FrameEvidence evidence;
    if (!affine_is_plausible(current.map)) {
        return evidence;
    }
    std::vector<PointPair> agreed;
    for (int round = 0; round < kRefinements; ++round) {
        agreed.clear();
        for (const Pair& pair : match(reference, current, kFirstRadius)) {
            if (pair.found != nullptr) {
                agreed.push_back(pair.points);
            }
        }
        const Affine refined = refine_affine(current.map, agreed);
        if (!affine_is_plausible(refined)) {
            break;
        }
        current.map = refined;
    }
    evidence.map = current.map;
    for (const Pair& pair : match(reference, current, kLastRadius)) {
        evidence.tested.push_back(
            {pair.reference, pair.compared, chance(hypothesis.query, pair.place), pair.found != nullptr});
    }
    return evidence;
}

std::vector<std::uint32_t> keypoint_tracks(const FeatureTable& table) {
    table.check();
    std::vector<std::uint32_t> track(table.size());
    std::uint32_t next = 0;
    for (std::size_t frame = 0; frame < table.frames(); ++frame) {
        for (std::uint32_t i = table.frame_start[frame]; i < table.frame_start[frame + 1]; ++i) {
            track[i] = next;
            const float reach = 1.5F / VideoScales::size(table.level[i]);
            const std::uint32_t before = frame == 0 ? i : table.frame_start[frame - 1];
            int best = VideoMatcher::kAgreeingDistance + 1;
            for (std::uint32_t k = before; frame > 0 && k < table.frame_start[frame]; ++k) {
                if (table.level[k] == table.level[i] && std::abs(table.x[k] - table.x[i]) <= reach &&
                    std::abs(table.y[k] - table.y[i]) <= reach && table.bits[k].distance(table.bits[i]) < best) {
                    best = table.bits[k].distance(table.bits[i]);
                    track[i] = track[k];
                }
            }
            next += track[i] == next ? 1U : 0U;
        }
    }
    return track;
}

}  // namespace birthmark
