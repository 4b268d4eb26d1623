#include <pybind11/numpy.h>
#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include <string>

#include "bindings.hpp"
#include "birthmark/errors.hpp"
#include "birthmark/keys/key_file.hpp"
#include "birthmark/keys/keyed_stream.hpp"

namespace py = pybind11;
using namespace py::literals;

namespace birthmark::bindings {
namespace {

using NoGil = py::call_guard<py::gil_scoped_release>;

Key key_from_bytes(std::string_view bytes) {
    if (bytes.size() != Key::kSize) {
        throw ArgumentError("secret has " + std::to_string(bytes.size()) + " bytes; allowed: 32");
    }
    Key::Bytes copy;
    std::copy(bytes.begin(), bytes.end(), copy.begin());
    return Key(copy);
}

template <class Number>
py::array_t<Number> chips(KeyedStream& stream, std::size_t count) {
    py::array_t<Number> signs(static_cast<py::ssize_t>(count));
    stream.chips(std::span(signs.mutable_data(), count));
    return signs;
}

py::array_t<std::uint32_t> permutation(KeyedStream& stream, std::size_t n) {
    const auto order = stream.permutation(n);
    return py::array_t<std::uint32_t>(static_cast<py::ssize_t>(order.size()), order.data());
}

}  // namespace

void bind_keys(py::module_& m) {
    py::class_<Key>(m, "Key")
        .def(py::init(&key_from_bytes), "secret"_a)
        .def_static("generate", &Key::generate)
        .def_static("load", &load_key, "path"_a, NoGil())
        .def("save", &save_key, "path"_a, py::kw_only(), "overwrite"_a = false, NoGil())
        .def("decoy", &Key::decoy, "index"_a, "context"_a = "")
        .def("secret",
             [](const Key& key) { return py::bytes(reinterpret_cast<const char*>(key.bytes().data()), Key::kSize); })
        .def_property_readonly("id", &Key::id)
        .def(
            "__eq__", [](const Key& key, const Key& other) { return key == other; }, py::is_operator())
        .def("__hash__", [](const Key& key) { return py::hash(py::str(key.id())); })
        .def("__repr__", [](const Key& key) { return "Key(id='" + key.id() + "')"; });

    py::class_<KeyedStream>(m, "KeyedStream")
        .def(py::init<const Key&, std::string_view, std::uint64_t>(), "key"_a, "label"_a, "index"_a = 0)
        .def("next_u64", &KeyedStream::next_u64)
        .def("uniform", &KeyedStream::uniform, "n"_a)
        .def("uniform_real", &KeyedStream::uniform_real)
        .def("chips", &chips<std::int8_t>, "count"_a)
        .def("permutation", &permutation, "n"_a);
}

}  // namespace birthmark::bindings
