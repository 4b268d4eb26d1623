#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <random>
#include <vector>

#include "birthmark/fingerprint/patch_bits.hpp"
#include "birthmark/fingerprint/patch_sampler.hpp"
#include "birthmark/fingerprint/video_keypoints.hpp"

using birthmark::PatchBits;
using birthmark::PatchSampler;
using birthmark::PlaneView;

namespace {

constexpr int kSide = 41;

std::vector<float> noise(unsigned seed) {
    std::mt19937 random(seed);
    std::vector<float> plane(kSide * kSide);
    std::generate(plane.begin(), plane.end(), [&] { return static_cast<float>(random() % 256); });
    return plane;
}

std::vector<float> turned(const std::vector<float>& plane, int form) {
    std::vector<float> result(plane.size());
    for (int y = 0; y < kSide; ++y) {
        for (int x = 0; x < kSide; ++x) {
            int to_x = (form & 4) != 0 ? y : x;
            int to_y = (form & 4) != 0 ? x : y;
            to_x = (form & 1) != 0 ? kSide - 1 - to_x : to_x;
            to_y = (form & 2) != 0 ? kSide - 1 - to_y : to_y;
            result[static_cast<std::size_t>(to_y * kSide + to_x)] = plane[static_cast<std::size_t>(y * kSide + x)];
        }
    }
    return result;
}

PatchBits centre_bits(const std::vector<float>& plane) {
    PatchSampler sampler;
    return PatchSampler::signs(sampler.coefficients({plane.data(), kSide, kSide, kSide}, 20.0F, 20.0F));
}

}  // namespace

TEST_CASE("the coefficient order is closed under exchange of the axes and free of repetition") {
    const auto& order = birthmark::patch_order();
    for (const auto& [u, v] : order) {
        CHECK(std::count(order.begin(), order.end(), std::array<std::uint8_t, 2>{v, u}) == 1);
    }
}

TEST_CASE("transformed bits are those of the turned patch, and the inverse form undoes it") {
    for (unsigned seed = 0; seed < 5; ++seed) {
        const auto plane = noise(seed);
        const PatchBits bits = centre_bits(plane);
        for (int form = 0; form < birthmark::kDihedralForms; ++form) {
            CHECK(birthmark::transformed(bits, form).distance(centre_bits(turned(plane, form))) <= 1);
            CHECK(birthmark::transformed(birthmark::transformed(bits, form), birthmark::inverse_form(form)) == bits);
        }
    }
}

TEST_CASE("signs bear gain and offset; distance counts bits") {
    auto plane = noise(9);
    const PatchBits bits = centre_bits(plane);
    for (float& value : plane) {
        value = 0.25F * value + 100.0F;
    }
    CHECK(bits.distance(centre_bits(plane)) <= 1);
    PatchBits flipped = bits;
    flipped.set(0, !bits.bit(0));
    flipped.set(95, !bits.bit(95));
    CHECK(bits.distance(flipped) == 2);
}

TEST_CASE("patches over the edge of a tiny plane repeat the edge") {
    const std::array<float, 6> plane{1.0F, 2.0F, 3.0F, 4.0F, 5.0F, 6.0F};
    PatchSampler sampler;
    for (const float value : sampler.coefficients({plane.data(), 3, 2, 3}, 1.0F, 0.5F)) {
        CHECK(value == value);
    }
}

TEST_CASE("a blob is found where it is, to a tenth of a pixel") {
    std::vector<float> plane(kSide * kSide);
    for (int y = 0; y < kSide; ++y) {
        for (int x = 0; x < kSide; ++x) {
            const float dx = static_cast<float>(x) - 19.3F;
            const float dy = static_cast<float>(y) - 21.6F;
            plane[static_cast<std::size_t>(y * kSide + x)] = 80.0F * std::exp(-(dx * dx + dy * dy) / 8.0F);
        }
    }
    birthmark::KeypointDetector detector;
    const auto& found = detector.detect({plane.data(), kSide, kSide, kSide}, 10);
    REQUIRE(!found.empty());
    CHECK(found.front().x == doctest::Approx(19.3).epsilon(0.006));
    CHECK(found.front().y == doctest::Approx(21.6).epsilon(0.006));
}

TEST_CASE("a sparse selection spreads before it fills up") {
    std::vector<birthmark::Keypoint> crowd;
    for (int i = 0; i < 50; ++i) {
        crowd.push_back({1.0F + 0.1F * static_cast<float>(i), 2.0F, 100.0F - static_cast<float>(i)});
    }
    crowd.push_back({90.0F, 90.0F, 1.0F});
    const auto kept = birthmark::spread_selection(crowd, 100, 100, 20);
    CHECK(std::count(kept.begin(), kept.end(), true) == 20);
    CHECK(kept.back());
    CHECK(kept.front());
}
