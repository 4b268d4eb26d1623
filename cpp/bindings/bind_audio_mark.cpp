#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <memory>
#include <utility>
#include <vector>

#include "arrays.hpp"
#include "bindings.hpp"
#include "birthmark/audio_mark/detect_stream.hpp"
#include "birthmark/audio_mark/embed_stream.hpp"
#include "birthmark/audio_mark/pattern.hpp"
#include "birthmark/audio_mark/soft_chips.hpp"
#include "birthmark/audio_mark/tiling.hpp"

namespace py = pybind11;

namespace birthmark::bindings {
namespace {

using namespace audio_mark;

void check_channels(const Samples& samples, std::size_t channels) {
    if (samples.channels != channels) {
        throw ArgumentError("samples has " + std::to_string(samples.channels) +
                            " channels; allowed: " + std::to_string(channels) + ", as the stream was made for");
    }
}

/// EmbedStream with numpy arrays.
class PyEmbedStream {
  public:
    PyEmbedStream(double rate, std::size_t channels, const Key& key, std::uint64_t payload, double strength)
        : channels_(channels), stream_(rate, channels, key, payload, strength) {}

    py::array_t<float> process(const py::array& array) {
        const Samples samples = samples_from(array);
        check_channels(samples, channels_);
        mono_shape_ = array.ndim() == 1;
        std::vector<float> out;
        {
            const py::gil_scoped_release release;
            stream_.push(samples.span(), out);
        }
        return to_array(out, channels_, mono_shape_);
    }

    std::pair<py::array_t<float>, EmbedReport> flush() {
        std::vector<float> out;
        EmbedReport report;
        {
            const py::gil_scoped_release release;
            report = stream_.flush(out);
        }
        return {to_array(out, channels_, mono_shape_), report};
    }

  private:
    std::size_t channels_;
    bool mono_shape_ = true;
    EmbedStream stream_;
};

/// DetectStream with numpy arrays; keeps the issued IDs alive.
class PyDetectStream {
  public:
    PyDetectStream(double rate, std::size_t channels, const std::vector<Key>& keys, Search search, double max_log10_p,
                   std::shared_ptr<IssuedIds> issued, std::size_t threads)
        : channels_(channels),
          issued_(std::move(issued)),
          stream_(rate, channels, keys, options(search, max_log10_p, threads)) {}

    void process(const py::array& array) {
        const Samples samples = samples_from(array);
        check_channels(samples, channels_);
        const py::gil_scoped_release release;
        stream_.push(samples.span());
    }

    std::vector<Detection> found() const { return stream_.found(); }

    std::vector<Detection> flush() {
        const py::gil_scoped_release release;
        return stream_.flush();
    }

  private:
    DetectOptions options(Search search, double max_log10_p, std::size_t threads) const {
        DetectOptions chosen;
        chosen.search = search;
        chosen.max_log10_p = max_log10_p;
        chosen.issued = issued_.get();
        chosen.threads = threads;
        return chosen;
    }

    std::size_t channels_;
    std::shared_ptr<IssuedIds> issued_;
    DetectStream stream_;
};

/// Tile levels of a 16 kHz signal, one frame from its first sample on every 8 ms.
LevelMap level_map(const Samples& samples, double stretch, double shift, std::size_t phases) {
    check_channels(samples, 1);
    PowerMap map;
    const std::span<const float> all = samples.span();
    for (std::size_t begin = 0; begin + kFrame <= all.size(); begin += PowerMap::kHop) {
        map.add(all.subspan(begin, kFrame));
    }
    std::vector<float> bands;
    LevelMap levels;
    map.bands(shift, bands);
    PowerMap::levels(bands, stretch, phases, levels);
    return levels;
}

py::array_t<float> levels_of(const py::array& array, double stretch, double shift, std::size_t phases) {
    const LevelMap levels = level_map(samples_from(array), stretch, shift, phases);
    py::array_t<float> out({static_cast<py::ssize_t>(levels.rows()), static_cast<py::ssize_t>(kTiles)});
    for (std::size_t r = 0; r < levels.rows(); ++r) {
        for (std::size_t tile = 0; tile < kTiles; ++tile) {
            out.mutable_at(static_cast<py::ssize_t>(r), static_cast<py::ssize_t>(tile)) = levels.level(r, tile);
        }
    }
    return out;
}

py::array_t<float> soft_chips_of(const py::array& array, double stretch, double shift, std::size_t phases,
                                 Reading reading) {
    std::vector<float> soft;
    audio_mark::soft_chips(level_map(samples_from(array), stretch, shift, phases), phases, reading, soft);
    return py::array_t<float>({static_cast<py::ssize_t>(soft.size() / kPairs), static_cast<py::ssize_t>(kPairs)},
                              soft.data());
}

py::array_t<float> without_bias(const py::array& array, std::size_t phases) {
    const Samples soft = samples_from(array, "soft_chips");
    check_channels(soft, kPairs);
    std::vector<float> out(soft.span().begin(), soft.span().end());
    remove_bias(out, phases);
    return to_array(out, kPairs, false);
}

/// The chips of a block: (slots, pairs) signs.
py::array_t<float> chips_of(const Key& key, std::uint64_t payload) {
    std::array<std::int8_t, kCodeBits> codeword{};
    PayloadCode(kCodeBits).encode(payload, codeword);
    const Block chips = Pattern(key).chips(codeword);
    return py::array_t<float>({static_cast<py::ssize_t>(kSlots), static_cast<py::ssize_t>(kPairs)}, chips.data());
}

}  // namespace

void bind_audio_mark(py::module_& m) {
    m.doc() = "The audio watermark: kernels behind birthmark.watermark.";
    m.attr("LATENCY_SECONDS") = EmbedStream::kLatencySeconds;
    m.attr("SPAN_SECONDS") = DetectStream::kSpanSeconds;
    m.attr("CODE_BITS") = kCodeBits;

    py::class_<EmbedReport>(m, "EmbedReport")
        .def_readonly("seconds", &EmbedReport::seconds)
        .def_readonly("log10_p", &EmbedReport::log10_p)
        .def_readonly("reliability", &EmbedReport::reliability)
        .def_readonly("snr_db", &EmbedReport::snr_db)
        .def_readonly("segmental_snr_db", &EmbedReport::segmental_snr_db)
        .def_readonly("loudness_change_lu", &EmbedReport::loudness_change_lu)
        .def_readonly("masking_margin_db", &EmbedReport::masking_margin_db);

    py::class_<PyEmbedStream>(m, "EmbedStream")
        .def(py::init<double, std::size_t, const Key&, std::uint64_t, double>(), py::arg("rate"), py::arg("channels"),
             py::arg("key"), py::arg("payload"), py::arg("strength") = 1.0)
        .def("process", &PyEmbedStream::process, py::arg("samples"))
        .def("flush", &PyEmbedStream::flush);

    py::class_<Detection>(m, "Detection")
        .def_readonly("payload", &Detection::payload)
        .def_readonly("key", &Detection::key)
        .def_readonly("start_s", &Detection::start_s)
        .def_readonly("end_s", &Detection::end_s)
        .def_readonly("speed", &Detection::speed)
        .def_readonly("pitch", &Detection::pitch)
        .def_readonly("log10_p", &Detection::log10_p)
        .def_readonly("z", &Detection::z)
        .def_readonly("reliability", &Detection::reliability)
        .def_readonly("issued", &Detection::issued)
        .def_property_readonly("soft_bits", [](const Detection& d) {
            return py::array_t<float>(static_cast<py::ssize_t>(d.soft_bits.size()), d.soft_bits.data());
        });

    py::enum_<Search>(m, "Search").value("plain", Search::plain).value("full", Search::full);

    py::class_<PyDetectStream>(m, "DetectStream")
        .def(py::init<double, std::size_t, const std::vector<Key>&, Search, double, std::shared_ptr<IssuedIds>,
                      std::size_t>(),
             py::arg("rate"), py::arg("channels"), py::arg("keys"), py::arg("search") = Search::full,
             py::arg("max_log10_p") = -6.0, py::arg("issued") = nullptr, py::arg("threads") = 1)
        .def("process", &PyDetectStream::process, py::arg("samples"))
        .def("found", &PyDetectStream::found)
        .def("flush", &PyDetectStream::flush);

    py::enum_<Reading>(m, "Reading")
        .value("waveform", Reading::waveform)
        .value("vocoder", Reading::vocoder)
        .value("noise", Reading::noise);

    m.def("chips", &chips_of, py::arg("key"), py::arg("payload"));
    m.def("levels", &levels_of, py::arg("samples"), py::arg("stretch") = 1.0, py::arg("shift") = 1.0,
          py::arg("phases") = 1);
    m.def("soft_chips", &soft_chips_of, py::arg("samples"), py::arg("stretch") = 1.0, py::arg("shift") = 1.0,
          py::arg("phases") = 4, py::arg("reading") = Reading::waveform);
    m.def("without_bias", &without_bias, py::arg("soft_chips"), py::arg("phases") = 4);
}

}  // namespace birthmark::bindings
