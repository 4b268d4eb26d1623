#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <vector>

#include "arrays.hpp"
#include "bindings.hpp"
#include "birthmark/voice_signature/detector.hpp"
#include "birthmark/voice_signature/embedder.hpp"
#include "birthmark/voice_signature/pattern.hpp"

namespace py = pybind11;
using namespace py::literals;

namespace birthmark::bindings {
namespace {

using namespace voice_signature;

template <class Number>
py::array_t<Number> matrix(const std::vector<Number>& values, std::size_t rows) {
    return py::array_t<Number>({static_cast<py::ssize_t>(rows), static_cast<py::ssize_t>(values.size() / rows)},
                               values.data());
}

py::array_t<float> embed_block(SignatureEmbedder& embedder, const py::array& samples) {
    const Samples block = samples_from(samples);
    if (block.channels != embedder.channels()) {
        throw ArgumentError("samples has " + std::to_string(block.channels) +
                            " channels; allowed: " + std::to_string(embedder.channels()));
    }
    std::vector<float> out;
    {
        const py::gil_scoped_release release;
        embedder.push(block.span(), out);
    }
    return to_array(out, block.channels, block.array.ndim() == 1);
}

py::array_t<float> embed_end(SignatureEmbedder& embedder) {
    std::vector<float> out;
    {
        const py::gil_scoped_release release;
        embedder.flush(out);
    }
    return to_array(out, embedder.channels(), embedder.channels() == 1);
}

void analyse_block(SignatureAnalyser& analyser, const py::array& samples) {
    const Samples block = samples_from(samples);
    if (block.channels != 1) {
        throw ArgumentError("samples has " + std::to_string(block.channels) + " channels; allowed: 1");
    }
    const py::gil_scoped_release release;
    analyser.push(block.span());
}

py::list analyse_end(SignatureAnalyser& analyser) {
    std::vector<Moments> all;
    {
        const py::gil_scoped_release release;
        all = analyser.finish();
    }
    py::list result;
    for (const Moments& moments : all) {
        result.append(py::make_tuple(moments.weight, matrix(moments.p, 1), matrix(moments.x, 1), matrix(moments.xx, 1),
                                     matrix(moments.pp, kClasses), matrix(moments.px, kClasses)));
    }
    return result;
}

}  // namespace

void bind_voice_signature(py::module_& m) {
    m.attr("VERSION") = kVersion;
    m.attr("CLASSES") = kClasses;
    m.attr("BANDS") = kBands;
    m.attr("FRAME_SECONDS") = SignatureAnalyser::frame_seconds();
    m.def(
        "chips", [](const Key& key) { return matrix(signature_chips(key), kClasses); }, "key"_a);
    m.def("band_spread", [] { return matrix(band_spread(), kBands); });
    m.def(
        "pattern", [](const Key& key) { return matrix(signature_pattern(key), kClasses); }, "key"_a);

    py::class_<SignatureEmbedder>(m, "SignatureEmbedder")
        .def(py::init<const Key&, double, std::size_t, double>(), "key"_a, "rate"_a, "channels"_a = 1,
             "strength"_a = 1.0)
        .def_property_readonly("latency", &SignatureEmbedder::latency)
        .def("process", &embed_block, "samples"_a)
        .def("flush", &embed_end);

    py::class_<SignatureAnalyser>(m, "SignatureAnalyser")
        .def(py::init([](double rate, const std::vector<double>& warps) { return SignatureAnalyser(rate, warps); }),
             "rate"_a, "warps"_a)
        .def("push", &analyse_block, "samples"_a)
        .def("finish", &analyse_end);
}

}  // namespace birthmark::bindings
