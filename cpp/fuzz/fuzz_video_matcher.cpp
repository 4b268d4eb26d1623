// Any bytes as a table of keypoints, as a hostile fingerprint could contain: refused, or matched without a fault.
#include <cstdint>
#include <cstring>
#include <vector>

#include "birthmark/errors.hpp"
#include "birthmark/fingerprint/video_matcher.hpp"

namespace {

template <class T>
T take(const unsigned char*& data, std::size_t& size) {
    T value{};
    const std::size_t count = size < sizeof(T) ? size : sizeof(T);
    std::memcpy(static_cast<void*>(&value), data, count);
    data += count;
    size -= count;
    return value;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    using birthmark::FeatureTable;
    birthmark::FrameHypothesis hypothesis;
    hypothesis.query = take<std::uint8_t>(data, size) % 4;
    hypothesis.reference = take<std::uint8_t>(data, size) % 4;
    hypothesis.form = take<std::int8_t>(data, size);
    hypothesis.map = take<birthmark::Affine>(data, size);
    const auto width = take<float>(data, size);
    const auto height = take<float>(data, size);
    std::vector<std::uint32_t> start{0};
    std::vector<float> x;
    std::vector<float> y;
    std::vector<std::uint8_t> level;
    std::vector<birthmark::PatchBits> bits;
    while (size > 0) {
        const auto control = take<std::uint8_t>(data, size);
        level.push_back(control % 20);
        x.push_back(take<float>(data, size));
        y.push_back(take<float>(data, size));
        bits.push_back({{take<std::uint32_t>(data, size), 0, control}});
        if (control > 200) {
            start.push_back(control > 250 ? control : static_cast<std::uint32_t>(x.size()));
        }
    }
    start.push_back(static_cast<std::uint32_t>(x.size()));
    const FeatureTable table{x, y, level, bits, start, width, height};
    try {
        const birthmark::VideoMatcher matcher(table);
        const auto evidence = matcher.test(table, hypothesis);
        const auto tracks = birthmark::keypoint_tracks(table);
        if (tracks.size() != x.size() || evidence.tested.size() > x.size()) {
            __builtin_trap();
        }
    } catch (const birthmark::ArgumentError&) {
        return 0;
    }
    return 0;
}
