#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "birthmark/fingerprint/affine_fit.hpp"
#include "birthmark/fingerprint/patch_bits.hpp"

namespace birthmark {

/// The described keypoints of a video, frame after frame: keypoints frame_start[i] to frame_start[i + 1] are frame i's.
struct FeatureTable {
    std::span<const float> x;
    std::span<const float> y;
    std::span<const std::uint8_t> level;
    std::span<const PatchBits> bits;
    std::span<const std::uint32_t> frame_start;
    float width = 1.0F;  // of a frame, in units of the root of its area
    float height = 1.0F;

    std::size_t size() const { return bits.size(); }
    std::size_t frames() const { return frame_start.empty() ? 0 : frame_start.size() - 1; }

    /// Throws ArgumentError unless all lengths agree, frame_start rises from 0 to size() and levels are on the ladder.
    void check() const;
};

/// "Query frame `query` shows reference frame `reference`, turned by `form` and then mapped by `map` from units of
/// the reference to units of the query."
struct FrameHypothesis {
    std::uint32_t query = 0;
    std::uint32_t reference = 0;
    int form = 0;
    Affine map{1.0F, 0.0F, 0.0F, 0.0F, 1.0F, 0.0F};
};

/// What the keypoints say about a hypothesis.
struct FrameEvidence {
    /// One reference keypoint that ought to be visible in the query frame.
    struct Tested {
        std::uint32_t reference = 0;  // keypoint number
        std::uint32_t compared = 0;   // query keypoints near its predicted place and size
        float chance = 0.0F;          // share of the query frame's keypoints of that size, wherever, that agree
        bool hit = false;             // one of those near agrees and is nobody else's nearest
    };

    Affine map{};  // refined by least squares
    std::vector<Tested> tested;
};

/// Tests hypotheses about frames of one query against references.
class VideoMatcher {
  public:
    /// Descriptors at most this many bits apart agree; some 5 in 10,000 unrelated pairs do, more in smooth pictures.
    static constexpr int kAgreeingDistance = 27;

    /// Copies what it needs. Throws ArgumentError as FeatureTable::check does.
    explicit VideoMatcher(const FeatureTable& query);

    /// Throws ArgumentError if a frame number or the form is out of range. `reference` has passed check().
    FrameEvidence test(const FeatureTable& reference, const FrameHypothesis& hypothesis) const;

  private:
    struct Point {
        float x;
        float y;
        PatchBits bits;
    };
    struct Pair;
    struct Place;

    float chance(std::uint32_t frame, const Place& place) const;
    const Point* nearest(std::uint32_t frame, const Place& place, float radius, std::uint32_t& compared) const;
    std::vector<Pair> match(const FeatureTable& reference, const FrameHypothesis& hypothesis, float radius) const;

    std::size_t frames_;
    float width_;
    float height_;
    std::vector<Point> points_;               // sorted by frame, level, y
    std::vector<std::uint32_t> level_start_;  // first point of (frame, level)
};

/// Gives keypoints that stay where they are from frame to frame one common number, so that a still picture is not
/// counted as many independent ones. Returns one number for each keypoint.
std::vector<std::uint32_t> keypoint_tracks(const FeatureTable& table);

}  // namespace birthmark
