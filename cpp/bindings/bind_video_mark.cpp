#include <pybind11/complex.h>
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <complex>
#include <span>
#include <string>
#include <vector>

#include "bindings.hpp"
#include "birthmark/errors.hpp"
#include "birthmark/video_mark/registration.hpp"
#include "birthmark/video_mark/sync_search.hpp"
#include "birthmark/video_mark/tilt_search.hpp"
#include "birthmark/video_mark/video_embedder.hpp"
#include "birthmark/video_mark/video_residual.hpp"

namespace py = pybind11;
using namespace py::literals;

namespace birthmark::bindings {
namespace {

using Slots = py::array_t<float, py::array::c_style | py::array::forcecast>;
using Reals = py::array_t<double, py::array::c_style | py::array::forcecast>;

std::size_t extent(const py::array& array, int axis) { return static_cast<std::size_t>(array.shape(axis)); }

/// A plane over an array of shape (height, width) whose rows are contiguous; of shape (height, width, 3) where `rgb`.
template <class Pixel, class Value>
Plane<Pixel> plane_of(const py::array& array, Value* data, bool rgb) {
    const auto item = static_cast<py::ssize_t>(sizeof(Pixel));
    const bool shape = rgb ? array.ndim() == 3 && array.shape(2) == 3 && array.strides(2) == item : array.ndim() == 2;
    if (!shape || array.strides(1) != item * (rgb ? 3 : 1) || array.strides(0) < 0 || array.strides(0) % item != 0) {
        throw ArgumentError(std::string("frame must be an array of shape ") +
                            (rgb ? "(height, width, 3)" : "(height, width)") + " whose rows are contiguous");
    }
    return {static_cast<Pixel*>(data), extent(array, 1), extent(array, 0),
            static_cast<std::size_t>(array.strides(0) / item)};
}

void embed8(VideoEmbedder& embedder, py::array_t<std::uint8_t>& luma, double seconds) {
    const auto plane = plane_of<std::uint8_t>(luma, luma.mutable_data(), false);
    const py::gil_scoped_release release;
    embedder.embed(plane, seconds);
}

void embed16(VideoEmbedder& embedder, py::array_t<std::uint16_t>& luma, double seconds, int bits) {
    const auto plane = plane_of<std::uint16_t>(luma, luma.mutable_data(), false);
    const py::gil_scoped_release release;
    embedder.embed(plane, seconds, bits);
}

void embed_rgb(VideoEmbedder& embedder, py::array_t<std::uint8_t>& frame, double seconds) {
    const auto plane = plane_of<std::uint8_t>(frame, frame.mutable_data(), true);
    const py::gil_scoped_release release;
    embedder.embed_rgb(plane, seconds);
}

void push8(VideoResidual& residual, const py::array_t<std::uint8_t>& luma, double seconds) {
    const auto plane = plane_of<const std::uint8_t>(luma, luma.data(), false);
    const py::gil_scoped_release release;
    residual.push(plane, seconds);
}

void push16(VideoResidual& residual, const py::array_t<std::uint16_t>& luma, double seconds, int bits) {
    const auto plane = plane_of<const std::uint16_t>(luma, luma.data(), false);
    const py::gil_scoped_release release;
    residual.push(plane, seconds, bits);
}

void push_rgb(VideoResidual& residual, const py::array_t<std::uint8_t>& frame, double seconds) {
    const auto plane = plane_of<const std::uint8_t>(frame, frame.data(), true);
    const py::gil_scoped_release release;
    std::vector<std::uint8_t> grey(plane.width * plane.height);
    const Plane8 luma{grey.data(), plane.width, plane.height, plane.width};
    luma_of(plane, luma);
    residual.push(Plane<const std::uint8_t>{luma.data, luma.width, luma.height, luma.stride}, seconds);
}

py::list take(VideoResidual& residual) {
    py::list out;
    for (auto& slot : residual.ready()) {
        py::array_t<float> picture({slot.picture.rows, slot.picture.cols}, slot.picture.ptr<float>());
        out.append(py::make_tuple(slot.seconds, picture));
    }
    residual.ready().clear();
    return out;
}

std::vector<cv::Mat1f> pictures(const Slots& slots) {
    if (slots.ndim() != 3 || std::min({slots.shape(0), slots.shape(1), slots.shape(2)}) < 1) {
        throw ArgumentError("slots must have the shape (slots, rows, columns), none of them 0");
    }
    std::vector<cv::Mat1f> out;
    const int rows = static_cast<int>(slots.shape(1));
    const int columns = static_cast<int>(slots.shape(2));
    for (py::ssize_t i = 0; i < slots.shape(0); ++i) {
        out.emplace_back(rows, columns, const_cast<float*>(slots.data(i, 0, 0)));
    }
    return out;
}

template <int Size>
cv::Matx<double, Size, Size> matrix(const Reals& map) {
    if (map.ndim() != 2 || map.shape(0) != Size || map.shape(1) != Size) {
        throw ArgumentError("map must have the shape (" + std::to_string(Size) + ", " + std::to_string(Size) + ")");
    }
    return cv::Matx<double, Size, Size>(map.data());
}

SyncSearch search_of(const Slots& slots, const Reals& seconds) {
    const auto mats = pictures(slots);
    const std::span<const double> times(seconds.data(), static_cast<std::size_t>(seconds.size()));
    const py::gil_scoped_release release;
    return SyncSearch(mats, times);
}

py::array_t<std::complex<float>> phasors(const Slots& slots, const VideoPattern& pattern, const Reals& map,
                                         std::size_t rows, std::size_t columns) {
    const auto mats = pictures(slots);
    const auto transform = matrix<2>(map);
    std::vector<std::complex<float>> values;
    {
        const py::gil_scoped_release release;
        values = sync_phasors(mats, pattern, transform, rows, columns);
    }
    return py::array_t<std::complex<float>>({mats.size(), rows, columns, VideoPattern::kSyncModes}, values.data());
}

py::array_t<std::complex<float>> fold(const Slots& slots, const VideoPattern& pattern, const Reals& map) {
    const auto mats = pictures(slots);
    const auto transform = matrix<3>(map);
    std::vector<std::complex<float>> values;
    {
        const py::gil_scoped_release release;
        values = fold_modes(mats, pattern, transform);
    }
    return py::array_t<std::complex<float>>({mats.size(), VideoPattern::kModes}, values.data());
}

py::tuple tilt(const Slots& slots, const Reals& seconds, const VideoPattern& pattern) {
    const auto mats = pictures(slots);
    const std::span<const double> times(seconds.data(), static_cast<std::size_t>(seconds.size()));
    TiltCandidate found;
    {
        const py::gil_scoped_release release;
        found = best_tilt(mats, times, pattern);
    }
    return py::make_tuple(py::array_t<double>({3, 3}, found.map.val), found.score);
}

py::dict layout(const VideoPattern& pattern) {
    py::array_t<int> places({VideoPattern::kModes, std::size_t{2}});
    py::array_t<int> codes({VideoPattern::kModes, std::size_t{2}});
    py::array_t<float> gains(VideoPattern::kModes);
    py::array_t<std::int8_t> signs({VideoPattern::kModes, std::size_t{2}, VideoPattern::kSlots});
    for (std::size_t n = 0; n < VideoPattern::kModes; ++n) {
        const auto& mode = pattern.modes()[n];
        places.mutable_at(n, 0) = mode.x;
        places.mutable_at(n, 1) = mode.y;
        gains.mutable_at(n) = mode.gain;
        for (std::size_t part = 0; part < 2; ++part) {
            codes.mutable_at(n, part) = mode.code[part];
            std::copy_n(mode.sign[part], VideoPattern::kSlots, signs.mutable_data(n, part, 0));
        }
    }
    py::array_t<int> sync({VideoPattern::kSyncModes, std::size_t{3}});
    py::array_t<float> phases(VideoPattern::kSyncModes);
    for (std::size_t k = 0; k < VideoPattern::kSyncModes; ++k) {
        sync.mutable_at(k, 0) = pattern.sync()[k].x;
        sync.mutable_at(k, 1) = pattern.sync()[k].y;
        sync.mutable_at(k, 2) = pattern.sync()[k].harmonic;
        phases.mutable_at(k) = pattern.sync()[k].phase;
    }
    return py::dict("places"_a = places, "codes"_a = codes, "gains"_a = gains, "signs"_a = signs, "sync"_a = sync,
                    "phases"_a = phases);
}

}  // namespace

void bind_video_mark(py::module_& m) {
    m.doc() = "Kernels of the video watermark.";
    m.attr("TILE") = VideoPattern::kTile;
    m.attr("PERIOD") = VideoPattern::kPeriod;
    m.attr("HARMONICS") = VideoPattern::kHarmonics;
    m.attr("CODE_BITS") = VideoPattern::kCodeBits;
    m.attr("SLOT_SECONDS") = VideoResidual::kSlotSeconds;

    py::class_<VideoPattern>(m, "VideoPattern").def(py::init<const Key&>(), "key"_a).def("layout", &layout);

    py::class_<VideoEmbedder>(m, "VideoEmbedder")
        .def(py::init([](const Key& key, std::uint64_t payload, std::size_t width, std::size_t height,
                         double similarity_loss, double psnr_db, double flat, double contrast, double coring,
                         bool held) {
                 const MarkStrength strength{.similarity_loss = similarity_loss,
                                             .psnr_db = psnr_db,
                                             .flat = flat,
                                             .contrast = contrast,
                                             .coring = coring};
                 return VideoEmbedder(key, payload, width, height, strength, held ? Tempo::kHeld : Tempo::kSmooth);
             }),
             "key"_a, "payload"_a, "width"_a, "height"_a, py::kw_only(),
             "similarity_loss"_a = MarkStrength{}.similarity_loss, "psnr_db"_a = MarkStrength{}.psnr_db,
             "flat"_a = MarkStrength{}.flat, "contrast"_a = MarkStrength{}.contrast, "coring"_a = MarkStrength{}.coring,
             "held"_a = true)
        .def("embed", &embed8, "luma"_a.noconvert(), "seconds"_a)
        .def("embed", &embed16, "luma"_a.noconvert(), "seconds"_a, "bits"_a)
        .def("embed_rgb", &embed_rgb, "frame"_a.noconvert(), "seconds"_a);

    py::class_<VideoResidual>(m, "VideoResidual")
        .def(py::init<std::size_t, std::size_t>(), "width"_a, "height"_a)
        .def_property_readonly("shape",
                               [](const VideoResidual& self) { return py::make_tuple(self.rows(), self.columns()); })
        .def("push", &push8, "luma"_a.noconvert(), "seconds"_a)
        .def("push", &push16, "luma"_a.noconvert(), "seconds"_a, "bits"_a)
        .def("push_rgb", &push_rgb, "frame"_a.noconvert(), "seconds"_a)
        .def("flush", &VideoResidual::flush)
        .def("take", &take);

    py::class_<SyncRanges>(m, "SyncRanges")
        .def(py::init<>())
        .def_readwrite("scale_low", &SyncRanges::scale_low)
        .def_readwrite("scale_high", &SyncRanges::scale_high)
        .def_readwrite("degrees", &SyncRanges::degrees)
        .def_readwrite("speed_low", &SyncRanges::speed_low)
        .def_readwrite("speed_high", &SyncRanges::speed_high)
        .def_readwrite("quarter_turns", &SyncRanges::quarter_turns)
        .def_property_readonly("candidates", &SyncSearch::candidates);

    py::class_<SyncCandidate>(m, "SyncCandidate")
        .def_readonly("scale", &SyncCandidate::scale)
        .def_readonly("degrees", &SyncCandidate::degrees)
        .def_readonly("mirrored", &SyncCandidate::mirrored)
        .def_readonly("speed", &SyncCandidate::speed)
        .def_readonly("score", &SyncCandidate::score);

    py::class_<SyncSearch>(m, "SyncSearch")
        .def(py::init(&search_of), "slots"_a, "seconds"_a)
        .def("best", &SyncSearch::best, "pattern"_a, "ranges"_a, "count"_a, py::call_guard<py::gil_scoped_release>());

    m.def("best_tilt", &tilt, "slots"_a, "seconds"_a, "pattern"_a);
    m.def("sync_phasors", &phasors, "slots"_a, "pattern"_a, "matrix"_a, "rows"_a, "columns"_a);
    m.def("fold_modes", &fold, "slots"_a, "pattern"_a, "matrix"_a);
}

}  // namespace birthmark::bindings
