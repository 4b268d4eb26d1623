#include <pybind11/stl.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "arrays.hpp"
#include "bindings.hpp"
#include "birthmark/fingerprint/audio_codes.hpp"
#include "birthmark/fingerprint/audio_extractor.hpp"
#include "birthmark/fingerprint/audio_verifier.hpp"
#include "birthmark/fingerprint/audio_votes.hpp"

namespace py = pybind11;
using namespace py::literals;

namespace birthmark::bindings {
namespace {

using Codes = py::array_t<std::uint32_t, py::array::c_style | py::array::forcecast>;

py::array_t<std::uint32_t> array_of(const std::vector<std::uint32_t>& values) {
    return py::array_t<std::uint32_t>(static_cast<py::ssize_t>(values.size()), values.data());
}

std::span<const std::uint32_t> span_of(const Codes& array) {
    return {array.data(), static_cast<std::size_t>(array.size())};
}

void push(AudioExtractor& extractor, const py::array& array) {
    const Samples samples = samples_from(array);
    if (samples.channels != extractor.channels()) {
        throw ArgumentError("samples has " + std::to_string(samples.channels) +
                            " channels; allowed: " + std::to_string(extractor.channels()));
    }
    const py::gil_scoped_release release;
    extractor.push(samples.span());
}

AudioFingerprint fingerprint_of(const py::array& array, double rate, bool keep_surface) {
    const Samples samples = samples_from(array);
    const py::gil_scoped_release release;
    AudioExtractor extractor(rate, samples.channels, keep_surface);
    extractor.push(samples.span());
    return extractor.finish();
}

py::array_t<std::int32_t> peaks_of(const AudioFingerprint& fingerprint) {
    py::array_t<std::int32_t> out({static_cast<py::ssize_t>(fingerprint.peaks.size()), py::ssize_t{3}});
    auto cells = out.mutable_unchecked<2>();
    for (py::ssize_t i = 0; i < cells.shape(0); ++i) {
        const AudioPeak& peak = fingerprint.peaks[static_cast<std::size_t>(i)];
        cells(i, 0) = static_cast<std::int32_t>(peak.row);
        cells(i, 1) = peak.band;
        cells(i, 2) = peak.strength;
    }
    return out;
}

py::array_t<std::int8_t> surface_of(const AudioFingerprint& fingerprint) {
    constexpr auto bands = static_cast<py::ssize_t>(AudioGrid::kBands);
    const auto rows = static_cast<py::ssize_t>(fingerprint.surface.size()) / bands;
    return py::array_t<std::int8_t>({rows, bands}, fingerprint.surface.data());
}

std::vector<AudioCandidate> vote_on(const Codes& tags, const Codes& recordings, const Codes& positions,
                                    std::uint32_t rows, std::size_t limit) {
    const py::gil_scoped_release release;
    return vote({span_of(tags), span_of(recordings), span_of(positions)}, rows, limit);
}

void bind_audio_results(py::module_& m) {
    py::class_<AudioCandidate>(m, "AudioCandidate")
        .def_readonly("recording", &AudioCandidate::recording)
        .def_readonly("first", &AudioCandidate::first)
        .def_readonly("last", &AudioCandidate::last)
        .def_readonly("scale", &AudioCandidate::scale)
        .def_readonly("offset", &AudioCandidate::offset)
        .def_readonly("shift", &AudioCandidate::shift)
        .def_readonly("votes", &AudioCandidate::votes);
    py::class_<AudioAlignment>(m, "AudioAlignment")
        .def_readonly("query_start", &AudioAlignment::query_start)
        .def_readonly("query_end", &AudioAlignment::query_end)
        .def_readonly("reference_start", &AudioAlignment::reference_start)
        .def_readonly("reference_end", &AudioAlignment::reference_end)
        .def_readonly("speed", &AudioAlignment::speed)
        .def_readonly("semitones", &AudioAlignment::semitones)
        .def_readonly("score", &AudioAlignment::score)
        .def_property_readonly("partials", [](const AudioAlignment& a) { return a.partials.direct; })
        .def_property_readonly("partials_in_room", [](const AudioAlignment& a) { return a.partials.room; })
        .def_readonly("log10_p", &AudioAlignment::log10_p)
        .def_property_readonly("peaks", [](const AudioAlignment& a) { return a.partials.peaks; })
        .def_readonly("decoys", &AudioAlignment::decoys);
}

}  // namespace

void bind_audio_fingerprint(py::module_& m) {
    py::class_<AudioFingerprint>(m, "AudioFingerprint")
        .def_readonly("rows", &AudioFingerprint::rows)
        .def_property_readonly("seconds", &AudioFingerprint::seconds)
        .def_property_readonly("peaks", &peaks_of)
        .def_property_readonly("surface", &surface_of)
        .def("serialize",
             [](const AudioFingerprint& fingerprint) {
                 const auto bytes = serialize(fingerprint);
                 return py::bytes(reinterpret_cast<const char*>(bytes.data()), bytes.size());
             })
        .def_static("deserialize",
                    [](const py::bytes& data) {
                        const std::string_view text(data);
                        return deserialize_audio({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
                    })
        .def_property_readonly(
            "has_surface",
            [](const AudioFingerprint& fingerprint) { return fingerprint.rows == 0 || !fingerprint.surface.empty(); })
        .def("restore_surface", &restore_surface, py::call_guard<py::gil_scoped_release>())
        .def("postings",
             [](const AudioFingerprint& fingerprint) {
                 const AudioPostings postings = AudioCodes::postings(fingerprint);
                 return std::make_pair(array_of(postings.codes), array_of(postings.rows));
             })
        .def(
            "probes",
            [](const AudioFingerprint& fingerprint, std::uint32_t first, std::uint32_t last) {
                const AudioProbes probes = AudioCodes::probes(fingerprint, first, last);
                return std::make_pair(array_of(probes.codes), array_of(probes.tags));
            },
            "first"_a, "last"_a);

    py::class_<AudioExtractor>(m, "AudioExtractor")
        .def(py::init<double, std::size_t, bool>(), "rate"_a, "channels"_a = 1, "keep_surface"_a = true)
        .def("push", &push, "samples"_a)
        .def("finish", &AudioExtractor::finish, py::call_guard<py::gil_scoped_release>());
    m.def("fingerprint_audio", &fingerprint_of, "samples"_a, "rate"_a, "keep_surface"_a = true);

    bind_audio_results(m);
    m.def("vote", &vote_on, "tags"_a, "recordings"_a, "positions"_a, "rows"_a, "limit"_a);
    py::class_<AudioVerifier>(m, "AudioVerifier")
        .def(py::init<const AudioFingerprint&, double>(), "query"_a, "search_rows"_a, py::keep_alive<1, 2>(),
             py::call_guard<py::gil_scoped_release>())
        .def(
            "verify",
            [](const AudioVerifier& verifier, const AudioFingerprint& reference,
               const std::vector<AudioCandidate>& candidates,
               double most_log10_p) { return verifier.verify(reference, candidates, most_log10_p); },
            "reference"_a, "candidates"_a, "most_log10_p"_a = 0.0, py::call_guard<py::gil_scoped_release>());
    m.attr("row_seconds") = AudioGrid::kRowSeconds;
    m.attr("window_rows") = AudioWindows::kRows;
    m.attr("hop_rows") = AudioWindows::kHop;
}

}  // namespace birthmark::bindings
