#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "bindings.hpp"
#include "birthmark/errors.hpp"
#include "birthmark/fingerprint/video_frame_features.hpp"
#include "birthmark/fingerprint/video_matcher.hpp"
#include "birthmark/fingerprint/video_scales.hpp"

namespace py = pybind11;
using namespace py::literals;

namespace birthmark::bindings {
namespace {

template <class T>
using Array = py::array_t<T, py::array::c_style | py::array::forcecast>;
using Words = Array<std::uint32_t>;

PictureView view_of(const Array<std::uint8_t>& frame) {
    if (frame.ndim() != 2 && frame.ndim() != 3) {
        throw ArgumentError("frame has " + std::to_string(frame.ndim()) + " dimensions; allowed: 2 or 3");
    }
    const int channels = frame.ndim() == 2 ? 1 : static_cast<int>(frame.shape(2));
    return {frame.data(), static_cast<int>(frame.shape(1)), static_cast<int>(frame.shape(0)), channels,
            frame.shape(1) * channels};
}

template <class T>
py::array_t<T> copy_of(const std::vector<T>& values) {
    return py::array_t<T>(static_cast<py::ssize_t>(values.size()), values.data());
}

Words words_of(const std::vector<PatchBits>& bits) {
    Words words({static_cast<py::ssize_t>(bits.size()), static_cast<py::ssize_t>(3)});
    std::memcpy(words.mutable_data(), bits.data(), bits.size() * sizeof(PatchBits));
    return words;
}

std::vector<PatchBits> bits_of(const Words& words) {
    if (words.ndim() != 2 || words.shape(1) != 3) {
        throw ArgumentError("bits must be an array of shape (keypoints, 3)");
    }
    std::vector<PatchBits> bits(static_cast<std::size_t>(words.shape(0)));
    for (std::size_t i = 0; i < bits.size(); ++i) {
        std::copy_n(words.data() + 3 * i, 3, bits[i].words.begin());
    }
    return bits;
}

py::tuple describe(FrameDescriber& describer, const Array<std::uint8_t>& frame) {
    const PictureView view = view_of(frame);
    FrameFeatures found;
    {
        const py::gil_scoped_release release;
        found = describer.describe(view);
    }
    return py::make_tuple(copy_of(found.x), copy_of(found.y), copy_of(found.level), copy_of(found.sparse),
                          words_of(found.bits));
}

Array<float> grid(const Array<std::uint8_t>& frame, int side) {
    const PictureView view = view_of(frame);
    std::vector<float> cells;
    {
        const py::gil_scoped_release release;
        cells = FrameDescriber::grid(view, side);
    }
    return Array<float>({side, side}, cells.data());
}

Words transform_bits(const Words& words, int form) {
    std::vector<PatchBits> bits = bits_of(words);
    for (PatchBits& one : bits) {
        one = transformed(one, form);
    }
    return words_of(bits);
}

Words codes(const Words& words, int table) {
    const std::vector<PatchBits> bits = bits_of(words);
    Words result(static_cast<py::ssize_t>(bits.size()));
    for (std::size_t i = 0; i < bits.size(); ++i) {
        result.mutable_data()[i] = lookup_code(bits[i], table);
    }
    return result;
}

// Arrays that a FeatureTable looks into.
struct OwnedTable {
    Array<float> x;
    Array<float> y;
    Array<std::uint8_t> level;
    std::vector<PatchBits> bits;
    Words frame_start;
    FeatureTable table;

    OwnedTable(Array<float> xs, Array<float> ys, Array<std::uint8_t> levels, const Words& words, Words starts,
               float width, float height)
        : x(std::move(xs)),
          y(std::move(ys)),
          level(std::move(levels)),
          bits(bits_of(words)),
          frame_start(std::move(starts)) {
        table.x = {x.data(), static_cast<std::size_t>(x.size())};
        table.y = {y.data(), static_cast<std::size_t>(y.size())};
        table.level = {level.data(), static_cast<std::size_t>(level.size())};
        table.bits = bits;
        table.frame_start = {frame_start.data(), static_cast<std::size_t>(frame_start.size())};
        table.width = width;
        table.height = height;
        table.check();
    }
    OwnedTable(const OwnedTable&) = delete;
    OwnedTable& operator=(const OwnedTable&) = delete;
};

// Evidence for many hypotheses as flat arrays: maps (n, 6), start (n + 1,), keypoint, compared, chance, hit.
py::tuple test_hypotheses(const VideoMatcher& matcher, const OwnedTable& reference, const Words& frames,
                          const Array<float>& maps) {
    if (frames.ndim() != 2 || frames.shape(1) != 3 || maps.ndim() != 2 || maps.shape(1) != 6 ||
        maps.shape(0) != frames.shape(0)) {
        throw ArgumentError("frames must have shape (n, 3) and maps (n, 6)");
    }
    const auto count = static_cast<std::size_t>(frames.shape(0));
    Array<float> refined({static_cast<py::ssize_t>(count), static_cast<py::ssize_t>(6)});
    std::vector<std::uint32_t> start{0};
    std::vector<std::uint32_t> keypoint;
    std::vector<std::uint32_t> compared;
    std::vector<float> chance;
    std::vector<std::uint8_t> hit;
    float* out = refined.mutable_data();
    const std::uint32_t* frame = frames.data();
    const float* map = maps.data();
    {
        const py::gil_scoped_release release;
        for (std::size_t i = 0; i < count; ++i) {
            FrameHypothesis hypothesis{frame[3 * i], frame[3 * i + 1], static_cast<int>(frame[3 * i + 2]), {}};
            std::copy_n(map + 6 * i, 6, hypothesis.map.begin());
            const FrameEvidence evidence = matcher.test(reference.table, hypothesis);
            std::copy_n(evidence.map.begin(), 6, out + 6 * i);
            for (const FrameEvidence::Tested& tested : evidence.tested) {
                keypoint.push_back(tested.reference);
                compared.push_back(tested.compared);
                chance.push_back(tested.chance);
                hit.push_back(tested.hit ? 1 : 0);
            }
            start.push_back(static_cast<std::uint32_t>(keypoint.size()));
        }
    }
    return py::make_tuple(refined, copy_of(start), copy_of(keypoint), copy_of(compared), copy_of(chance), copy_of(hit));
}

}  // namespace

void bind_video_fingerprint(py::module_& m) {
    m.attr("AGREEING_DISTANCE") = VideoMatcher::kAgreeingDistance;
    m.attr("TOP_LEVEL") = VideoScales::kTop;
    m.attr("CODE_BITS") = kCodeBits;
    m.attr("CODE_TABLES") = kCodeTables;
    m.def("grid", &grid, "frame"_a, "side"_a);
    m.def("transform_bits", &transform_bits, "bits"_a, "form"_a);
    m.def("codes", &codes, "bits"_a, "table"_a);
    m.def("inverse_form", &inverse_form, "form"_a);

    py::class_<FrameDescriber>(m, "FrameDescriber")
        .def(py::init<bool>(), "sparse_only"_a = false)
        .def("describe", &describe, "frame"_a);

    py::class_<OwnedTable>(m, "FeatureTable")
        .def(py::init<Array<float>, Array<float>, Array<std::uint8_t>, const Words&, Words, float, float>(), "x"_a,
             "y"_a, "level"_a, "bits"_a, "frame_start"_a, "width"_a, "height"_a)
        .def("tracks", [](const OwnedTable& owned) { return copy_of(keypoint_tracks(owned.table)); });

    py::class_<VideoMatcher>(m, "VideoMatcher")
        .def(py::init([](const OwnedTable& query) { return VideoMatcher(query.table); }), "query"_a)
        .def("test", &test_hypotheses, "reference"_a, "frames"_a, "maps"_a);
}

}  // namespace birthmark::bindings
