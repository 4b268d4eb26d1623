#include <pybind11/numpy.h>
#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "bindings.hpp"
#include "birthmark/errors.hpp"
#include "birthmark/index/flat_index.hpp"
#include "birthmark/index/mapped_file.hpp"
#include "birthmark/index/segment.hpp"
#include "birthmark/index/segment_writer.hpp"

namespace py = pybind11;
using namespace py::literals;

namespace birthmark::bindings {
namespace {

using Codes = py::array_t<std::uint32_t, py::array::c_style | py::array::forcecast>;
using Flags = py::array_t<std::uint8_t, py::array::c_style | py::array::forcecast>;
using HitArrays = std::tuple<py::array, py::array, py::array>;

std::span<const std::uint32_t> span_of(const Codes& array) {
    return {array.data(), static_cast<std::size_t>(array.size())};
}

Probes probes_of(const Codes& codes, const Codes& tags) {
    if (codes.size() != tags.size()) {
        throw ArgumentError("codes has " + std::to_string(codes.size()) + " elements and tags " +
                            std::to_string(tags.size()) + "; allowed: equal numbers");
    }
    return {span_of(codes), span_of(tags)};
}

py::array adopt(std::vector<std::uint32_t>&& values) {
    auto* const owned = new std::vector<std::uint32_t>(std::move(values));
    const py::capsule owner(owned, [](void* pointer) { delete static_cast<std::vector<std::uint32_t>*>(pointer); });
    return py::array_t<std::uint32_t>(static_cast<py::ssize_t>(owned->size()), owned->data(), owner);
}

HitArrays arrays_of(Hits&& hits) {
    return {adopt(std::move(hits.tags)), adopt(std::move(hits.recordings)), adopt(std::move(hits.positions))};
}

// A segment and the memory it stands in.
class SegmentFile {
  public:
    explicit SegmentFile(const std::filesystem::path& path) : file_(path), segment_(file_.bytes()) {}
    const Segment& segment() const { return segment_; }

    std::span<const std::uint8_t> flags(const Flags& removed) const {
        if (removed.size() != 0 && removed.size() != static_cast<py::ssize_t>(segment_.recordings())) {
            throw ArgumentError("removed has " + std::to_string(removed.size()) + " elements; allowed: 0 or " +
                                std::to_string(segment_.recordings()));
        }
        return {removed.data(), static_cast<std::size_t>(removed.size())};
    }

  private:
    MappedFile file_;
    Segment segment_;
};

HitArrays lookup(const SegmentFile& file, const Codes& codes, const Codes& tags, std::size_t most_postings,
                 std::size_t most_hits, std::uint32_t first_recording, const Flags& removed) {
    const Probes probes = probes_of(codes, tags);
    const auto flags = file.flags(removed);
    Hits hits;
    {
        const py::gil_scoped_release release;
        file.segment().lookup(probes, {most_postings, most_hits}, first_recording, flags, hits);
    }
    return arrays_of(std::move(hits));
}

void write(const std::filesystem::path& path, const std::vector<std::tuple<py::bytes, py::bytes, Codes, Codes>>& rows) {
    std::vector<SegmentInput> inputs;
    for (const auto& [label, blob, codes, positions] : rows) {
        const std::string_view bytes(blob);
        inputs.push_back({std::string_view(label),
                          {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()},
                          span_of(codes),
                          span_of(positions)});
    }
    const py::gil_scoped_release release;
    write_segment(path, inputs);
}

void merge(const std::filesystem::path& path, const std::vector<std::pair<const SegmentFile*, Flags>>& sources) {
    std::vector<MergeInput> inputs;
    for (const auto& [file, removed] : sources) {
        inputs.push_back({&file->segment(), file->flags(removed)});
    }
    const py::gil_scoped_release release;
    merge_segments(path, inputs);
}

}  // namespace

void bind_index(py::module_& m) {
    py::class_<FlatIndex>(m, "FlatIndex")
        .def(py::init())
        .def("__len__", &FlatIndex::size)
        .def(
            "add",
            [](FlatIndex& index, std::uint32_t recording, const Codes& codes, const Codes& positions) {
                const py::gil_scoped_release release;
                index.add(recording, span_of(codes), span_of(positions));
            },
            "recording"_a, "codes"_a, "positions"_a)
        .def("remove", &FlatIndex::remove, "recording"_a, py::call_guard<py::gil_scoped_release>())
        .def(
            "lookup",
            [](const FlatIndex& index, const Codes& codes, const Codes& tags, std::size_t most_postings,
               std::size_t most_hits) {
                const Probes probes = probes_of(codes, tags);
                Hits hits;
                {
                    const py::gil_scoped_release release;
                    hits = index.lookup(probes, {most_postings, most_hits});
                }
                return arrays_of(std::move(hits));
            },
            "codes"_a, "tags"_a, "most_postings"_a, "most_hits"_a);

    py::class_<SegmentFile>(m, "SegmentFile")
        .def(py::init<const std::filesystem::path&>(), "path"_a)
        .def_property_readonly("recordings", [](const SegmentFile& file) { return file.segment().recordings(); })
        .def_property_readonly("postings", [](const SegmentFile& file) { return file.segment().postings(); })
        .def_property_readonly("rows", [](const SegmentFile& file) { return file.segment().rows(); })
        .def(
            "label",
            [](const SegmentFile& file, std::uint32_t recording) {
                const std::string_view label = file.segment().label(recording);
                return py::bytes(label.data(), label.size());
            },
            "recording"_a)
        .def(
            "blob",
            [](const SegmentFile& file, std::uint32_t recording) {
                const auto blob = file.segment().blob(recording);
                return py::bytes(reinterpret_cast<const char*>(blob.data()), blob.size());
            },
            "recording"_a)
        .def("lookup", &lookup, "codes"_a, "tags"_a, "most_postings"_a, "most_hits"_a, "first_recording"_a,
             "removed"_a);
    m.attr("most_rows") = Segment::kMostRows;
    m.def("write_segment", &write, "path"_a, "recordings"_a);
    m.def("merge_segments", &merge, "path"_a, "segments"_a);
}

}  // namespace birthmark::bindings
