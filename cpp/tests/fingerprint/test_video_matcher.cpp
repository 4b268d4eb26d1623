#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "birthmark/errors.hpp"
#include "birthmark/fingerprint/video_matcher.hpp"

using birthmark::Affine;
using birthmark::FeatureTable;
using birthmark::PatchBits;
using birthmark::VideoMatcher;

namespace {

// Keypoints at random, all at one size, in frames of one unit by one unit.
struct Cloud {
    std::vector<float> x;
    std::vector<float> y;
    std::vector<std::uint8_t> level;
    std::vector<PatchBits> bits;
    std::vector<std::uint32_t> start{0};

    void add_frame(std::size_t count, std::mt19937& random) {
        std::uniform_real_distribution<float> place(0.15F, 0.85F);
        for (std::size_t i = 0; i < count; ++i) {
            x.push_back(place(random));
            y.push_back(place(random));
            level.push_back(8);
            bits.push_back({{static_cast<std::uint32_t>(random()), static_cast<std::uint32_t>(random()),
                             static_cast<std::uint32_t>(random())}});
        }
        start.push_back(static_cast<std::uint32_t>(x.size()));
    }

    FeatureTable table() const { return {x, y, level, bits, start, 1.0F, 1.0F}; }
};

std::size_t hits(const birthmark::FrameEvidence& evidence) {
    return static_cast<std::size_t>(
        std::count_if(evidence.tested.begin(), evidence.tested.end(), [](const auto& one) { return one.hit; }));
}

}  // namespace

TEST_CASE("a similarity with a rough first guess is refined and every keypoint found") {
    std::mt19937 random(1);
    Cloud reference;
    reference.add_frame(60, random);
    Cloud query = reference;
    const Affine truth{0.5F, -0.02F, 0.3F, 0.02F, 0.5F, 0.2F};
    for (std::size_t i = 0; i < query.x.size(); ++i) {
        query.x[i] = truth[0] * reference.x[i] + truth[1] * reference.y[i] + truth[2];
        query.y[i] = truth[3] * reference.x[i] + truth[4] * reference.y[i] + truth[5];
        query.level[i] = 12;
    }
    const VideoMatcher matcher(query.table());
    const auto evidence = matcher.test(reference.table(), {0, 0, 0, {0.5F, 0.0F, 0.295F, 0.0F, 0.5F, 0.205F}});
    CHECK(evidence.tested.size() == 60);
    CHECK(hits(evidence) >= 59);
    for (std::size_t i = 0; i < 6; ++i) {
        CHECK(evidence.map[i] == doctest::Approx(truth[i]).epsilon(0.02));
    }
    for (const auto& one : evidence.tested) {
        CHECK(one.chance > 0.0F);
        CHECK(one.chance < 0.2F);
    }
}

TEST_CASE("every dihedral form is followed") {
    std::mt19937 random(2);
    Cloud reference;
    reference.add_frame(40, random);
    for (int form = 0; form < birthmark::kDihedralForms; ++form) {
        Cloud query = reference;
        for (std::size_t i = 0; i < query.x.size(); ++i) {
            const float x = (form & 4) != 0 ? reference.y[i] : reference.x[i];
            const float y = (form & 4) != 0 ? reference.x[i] : reference.y[i];
            query.x[i] = (form & 1) != 0 ? 1.0F - x : x;
            query.y[i] = (form & 2) != 0 ? 1.0F - y : y;
            query.bits[i] = transformed(reference.bits[i], form);
        }
        const VideoMatcher matcher(query.table());
        CHECK(hits(matcher.test(reference.table(), {0, 0, form, {1.0F, 0.0F, 0.0F, 0.0F, 1.0F, 0.0F}})) >= 38);
        CHECK(hits(matcher.test(reference.table(), {0, 0, form ^ 1, {1.0F, 0.0F, 0.0F, 0.0F, 1.0F, 0.0F}})) < 8);
    }
}

TEST_CASE("unrelated frames and impossible maps give no hits") {
    std::mt19937 random(3);
    Cloud reference;
    Cloud query;
    reference.add_frame(100, random);
    query.add_frame(1000, random);
    const VideoMatcher matcher(query.table());
    CHECK(hits(matcher.test(reference.table(), {0, 0, 0, {1.0F, 0.0F, 0.0F, 0.0F, 1.0F, 0.0F}})) <= 2);
    const float nan = std::nanf("");
    for (const Affine& map : {Affine{-1.0F, 0.0F, 1.0F, 0.0F, 1.0F, 0.0F}, Affine{},
                              Affine{nan, 0.0F, 0.0F, 0.0F, 1.0F, 0.0F}, Affine{1.0F, 0.0F, 0.0F, 0.0F, 3.0F, 0.0F}}) {
        CHECK(matcher.test(reference.table(), {0, 0, 0, map}).tested.empty());
    }
}

TEST_CASE("keypoints that stay share a track, others do not") {
    std::mt19937 random(4);
    Cloud cloud;
    cloud.add_frame(10, random);
    for (int frame = 0; frame < 2; ++frame) {
        for (std::size_t i = 0; i < 10; ++i) {
            cloud.x.push_back(cloud.x[i] + 0.002F);
            cloud.y.push_back(cloud.y[i]);
            cloud.level.push_back(8);
            cloud.bits.push_back(i < 5 ? cloud.bits[i] : PatchBits{{~cloud.bits[i].words[0], 1U, 2U}});
        }
        cloud.start.push_back(static_cast<std::uint32_t>(cloud.x.size()));
    }
    const auto tracks = birthmark::keypoint_tracks(cloud.table());
    for (std::size_t i = 0; i < 5; ++i) {
        CHECK(tracks[i] == tracks[10 + i]);
        CHECK(tracks[i] == tracks[20 + i]);
        CHECK(tracks[5 + i] != tracks[15 + i]);
    }
}

TEST_CASE("tables that contradict themselves and frames out of range are refused") {
    std::mt19937 random(5);
    Cloud cloud;
    cloud.add_frame(4, random);
    const VideoMatcher matcher(cloud.table());
    CHECK_THROWS_AS(matcher.test(cloud.table(), {1, 0, 0, {}}), birthmark::ArgumentError);
    CHECK_THROWS_AS(matcher.test(cloud.table(), {0, 1, 0, {}}), birthmark::ArgumentError);
    CHECK_THROWS_AS(matcher.test(cloud.table(), {0, 0, 8, {}}), birthmark::ArgumentError);
    cloud.start.back() = 5;
    CHECK_THROWS_AS(VideoMatcher(cloud.table()), birthmark::ArgumentError);
}
