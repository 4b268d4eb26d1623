#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <opencv2/imgproc.hpp>
#include <random>
#include <span>
#include <utility>
#include <vector>

#include "birthmark/errors.hpp"
#include "birthmark/video_mark/box_mean.hpp"
#include "birthmark/video_mark/registration.hpp"
#include "birthmark/video_mark/sync_search.hpp"
#include "birthmark/video_mark/tilt_search.hpp"
#include "birthmark/video_mark/video_embedder.hpp"
#include "birthmark/video_mark/video_residual.hpp"

using namespace birthmark;

namespace {

Key test_key() {
    Key::Bytes bytes{};
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        bytes[i] = static_cast<std::uint8_t>(i);
    }
    return Key(bytes);
}

struct Picture {
    std::size_t width;
    std::size_t height;
    std::vector<std::uint8_t> pixels;

    Plane8 plane() { return {pixels.data(), width, height, width}; }
    Plane<const std::uint8_t> view() const { return {pixels.data(), width, height, width}; }
};

Picture noise_picture(std::size_t width, std::size_t height, unsigned seed) {
    Picture picture{width, height, std::vector<std::uint8_t>(width * height)};
    std::mt19937 random(seed);
    std::normal_distribution<float> normal(128.0F, 20.0F);
    for (auto& pixel : picture.pixels) {
        pixel = static_cast<std::uint8_t>(std::clamp(normal(random), 0.0F, 255.0F));
    }
    return picture;
}

/// All slots of a residual, and their times.
std::pair<std::vector<cv::Mat1f>, std::vector<double>> slots_of(VideoResidual& residual) {
    residual.flush();
    std::vector<cv::Mat1f> slots;
    std::vector<double> seconds;
    for (const auto& slot : residual.ready()) {
        slots.push_back(slot.picture);
        seconds.push_back(slot.seconds);
    }
    return {slots, seconds};
}

}  // namespace

TEST_CASE_TEMPLATE("a box mean is that of cv::blur, also in pictures smaller than the box", Size,
                   std::integral_constant<std::size_t, 3>, std::integral_constant<std::size_t, 11>,
                   std::integral_constant<std::size_t, 17>) {
    constexpr int kSize = static_cast<int>(Size::value);
    for (const auto& [rows, columns] : {std::pair{41, 53}, std::pair{5, 7}, std::pair{1, 30}}) {
        cv::Mat1f picture(rows, columns);
        cv::randu(picture, 0.0F, 255.0F);
        cv::Mat1f expected;
        cv::Mat1f got(rows, columns);
        cv::blur(picture, expected, cv::Size(kSize, kSize));
        BoxMean<Size::value>(static_cast<std::size_t>(rows), static_cast<std::size_t>(columns))(picture, got);
        CHECK(cv::norm(got, expected, cv::NORM_INF) < 1e-4);
    }
}

TEST_CASE("the pattern's amplitudes have unit power with the sync template") {
    const VideoPattern pattern(test_key());
    const std::vector<std::int8_t> chips(VideoPattern::kCodeBits, 1);
    double power = VideoPattern::kSyncEnergy;
    for (const auto value : pattern.amplitudes(chips)) {
        power += 0.5 * static_cast<double>(std::norm(value));
    }
    CHECK(power == doctest::Approx(1.0).epsilon(1e-4));
    CHECK_THROWS_AS((void)pattern.amplitudes(std::vector<std::int8_t>(3, 1)), ArgumentError);
}

TEST_CASE("a block grid gives the means and variances of its blocks, odd edges included") {
    const Picture picture = noise_picture(601, 487, 1);
    BlockGrid grid(601, 487);
    grid.reduce(picture.view(), 1.0F, true);
    REQUIRE(grid.step() == 2);
    REQUIRE(grid.columns() == 301);
    double sum = 0.0;
    double squares = 0.0;
    for (const auto& [x, y] : {std::pair{10, 20}, {11, 20}, {10, 21}, {11, 21}}) {
        const double value = picture.pixels[static_cast<std::size_t>(y * 601 + x)];
        sum += value / 4;
        squares += value * value / 4;
    }
    CHECK(grid.means()[10 * 301 + 5] == doctest::Approx(sum));
    CHECK(grid.variances()[10 * 301 + 5] == doctest::Approx(squares - sum * sum).epsilon(1e-3));
    CHECK(grid.means().back() == doctest::Approx(picture.pixels.back()));
    CHECK_THROWS_AS(BlockGrid(0, 5), ArgumentError);
}

TEST_CASE("a frame is marked the same whatever came before it, and the pattern moves in steps") {
    VideoEmbedder one(test_key(), 42, 320, 240);
    VideoEmbedder two(test_key(), 42, 320, 240);
    const Picture host = noise_picture(320, 240, 2);
    const auto marked = [&](VideoEmbedder& embedder, double seconds) {
        Picture picture = host;
        embedder.embed(picture.plane(), seconds);
        return picture.pixels;
    };
    const auto first = marked(one, 0.0);
    CHECK(first != host.pixels);
    CHECK(marked(one, 0.6) == first);
    const auto second = marked(one, 1.4);
    CHECK(second != first);
    CHECK(marked(two, 1.9) == second);
    CHECK(marked(two, 2.1) != second);
    CHECK(marked(two, 4.1) == first);
    VideoEmbedder smooth(test_key(), 42, 320, 240, {}, Tempo::kSmooth);
    CHECK(marked(smooth, 0.0) != marked(smooth, 0.3));
}

TEST_CASE("a marked still folds to the amplitudes that were put in") {
    const VideoPattern pattern(test_key());
    VideoEmbedder embedder(test_key(), 42, 512, 240, {10.0, 30.0, 58.5, 30.0}, Tempo::kSmooth);
    Picture plain{512, 240, std::vector<std::uint8_t>(512 * 240, 128)};
    Picture marked = plain;
    embedder.embed(marked.plane(), 0.0);
    cv::Mat1f change(240, 512);
    for (std::size_t i = 0; i < marked.pixels.size(); ++i) {
        change.ptr<float>()[i] = static_cast<float>(marked.pixels[i]) - 128.0F;
    }
    const std::vector<cv::Mat1f> slots{change};
    const auto values = fold_modes(slots, pattern, cv::Matx33d::eye());
    const PayloadCode code(VideoPattern::kCodeBits);
    std::vector<std::int8_t> chips(code.size());
    code.encode(42, chips);
    const auto amplitudes = pattern.amplitudes(chips);
    std::complex<double> dot = 0.0;
    double energy = 0.0;
    double received = 0.0;
    for (std::size_t n = 0; n < VideoPattern::kModes; ++n) {
        std::complex<double> now = 0.0;
        for (std::size_t j = 0; j < VideoPattern::kSlots; ++j) {
            now += std::complex<double>(amplitudes[n * VideoPattern::kSlots + j]);
        }
        dot += std::complex<double>(values[n]) * std::conj(now);
        energy += std::norm(now);
        received += std::norm(std::complex<double>(values[n]));
    }
    CHECK(dot.real() / std::sqrt(energy * received) > 0.95);
}

TEST_CASE("the residual of a plain picture is nothing, and slots close by time") {
    VideoResidual residual(320, 180);
    const Picture plain{320, 180, std::vector<std::uint8_t>(320 * 180, 90)};
    for (int i = 0; i < 6; ++i) {
        residual.push(plain.view(), 0.04 * i);
    }
    CHECK(residual.ready().size() == 2);
    residual.flush();
    REQUIRE(residual.ready().size() == 3);
    CHECK(residual.ready()[0].seconds == doctest::Approx(0.04));
    const cv::Mat1f& picture = residual.ready()[1].picture;
    CHECK(std::all_of(picture.begin(), picture.end(), [](float value) { return std::abs(value) < 1e-3F; }));
    CHECK_THROWS_AS(residual.push(noise_picture(10, 10, 1).view(), 1.0), ArgumentError);
}

TEST_CASE("the search ranks the embedded geometry first") {
    const VideoPattern pattern(test_key());
    VideoEmbedder embedder(test_key(), 7, 480, 360);
    VideoResidual residual(480, 360);
    std::mt19937 random(5);
    const Picture host = noise_picture(480, 360, 6);
    for (int i = 0; i < 40; ++i) {
        Picture frame = host;
        embedder.embed(frame.plane(), 0.1 * i);
        Picture mirrored = frame;
        for (std::size_t y = 0; y < 360; ++y) {
            std::reverse_copy(frame.pixels.begin() + static_cast<std::ptrdiff_t>(480 * y),
                              frame.pixels.begin() + static_cast<std::ptrdiff_t>(480 * (y + 1)),
                              mirrored.pixels.begin() + static_cast<std::ptrdiff_t>(480 * y));
        }
        residual.push(mirrored.view(), 0.1 * i);
    }
    const auto [slots, seconds] = slots_of(residual);
    SyncRanges ranges;
    ranges.degrees = 2.0;
    ranges.scale_low = 0.8;
    ranges.scale_high = 1.25;
    const auto found = SyncSearch(slots, seconds).best(pattern, ranges, 3);
    REQUIRE(!found.empty());
    CHECK(found[0].mirrored);
    CHECK(found[0].scale == doctest::Approx(1.0).epsilon(0.02));
    CHECK(std::abs(found[0].degrees) <= 0.5);
    CHECK(SyncSearch::candidates(ranges) > 1000);
    CHECK_THROWS_AS(SyncSearch({}, {}), ArgumentError);
}

TEST_CASE("a picture that is not tilted is found so, to within the steps of the search") {
    const VideoPattern pattern(test_key());
    VideoEmbedder embedder(test_key(), 7, 320, 240);
    VideoResidual residual(320, 240);
    const Picture host = noise_picture(320, 240, 6);
    for (int i = 0; i < 30; ++i) {
        Picture frame = host;
        embedder.embed(frame.plane(), 0.1 * i);
        residual.push(frame.view(), 0.1 * i);
    }
    const auto [slots, seconds] = slots_of(residual);
    const TiltCandidate found = best_tilt(slots, seconds, pattern);
    CHECK(found.score > 2.0F);
    const cv::Matx33d apart = found.map - cv::Matx33d::eye();
    for (const double y : {-120.0, 120.0}) {
        const cv::Vec3d corner = apart * cv::Vec3d(160.0, y, 0.0);
        CHECK(std::hypot(corner[0], corner[1]) < 8.0);
        CHECK(std::abs(corner[2]) < 0.05);
    }
    CHECK_THROWS_AS(best_tilt(slots, std::span(seconds).first(seconds.size() - 1), pattern), ArgumentError);
}
