#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "bindings.hpp"
#include "birthmark/coding/issued_ids.hpp"
#include "birthmark/coding/payload_code.hpp"
#include "birthmark/errors.hpp"

namespace py = pybind11;

namespace birthmark::bindings {
namespace {

using Soft = py::array_t<float, py::array::c_style | py::array::forcecast>;
using Payloads = py::array_t<std::uint64_t, py::array::c_style | py::array::forcecast>;

template <class Array>
auto view(const Array& array) {
    return std::span<const typename Array::value_type>(array.data(), static_cast<std::size_t>(array.size()));
}

py::array_t<std::int8_t> encode(const PayloadCode& code, std::uint64_t payload) {
    py::array_t<std::int8_t> chips(static_cast<py::ssize_t>(code.size()));
    code.encode(payload, std::span(chips.mutable_data(), code.size()));
    return chips;
}

/// A decoder with the code that it needs; threads that share one take turns.
class Decoder {
  public:
    Decoder(std::size_t code_bits, std::size_t list_size) : code_(code_bits), decoder_(code_, list_size) {}
    Decoder(const Decoder&) = delete;
    Decoder& operator=(const Decoder&) = delete;

    std::vector<Candidate> decode(const Soft& soft) {
        const auto values = view(soft);
        const py::gil_scoped_release release;
        const std::lock_guard lock(mutex_);
        const auto found = decoder_.decode(values);
        return {found.begin(), found.end()};
    }

  private:
    PayloadCode code_;
    PayloadDecoder decoder_;
    std::mutex mutex_;
};

std::vector<std::vector<IssuedIds::Match>> best_of_each(const IssuedIds& issued, const Soft& soft, std::size_t count) {
    if (soft.ndim() != 2 || static_cast<std::size_t>(soft.shape(1)) != issued.code_bits()) {
        throw ArgumentError("soft must have the shape (any number, " + std::to_string(issued.code_bits()) + ")");
    }
    const auto values = view(soft);
    const py::gil_scoped_release release;
    return issued.best_of_each(values, count);
}

}  // namespace

void bind_coding(py::module_& m) {
    m.doc() = "Error-correcting code of the marks, and search among issued IDs.";

    py::class_<PayloadCode>(m, "PayloadCode")
        .def(py::init<std::size_t>(), py::arg("code_bits"))
        .def("__len__", &PayloadCode::size)
        .def("encode", &encode, py::arg("payload"));

    py::class_<Candidate>(m, "Candidate")
        .def_readonly("payload", &Candidate::payload)
        .def_readonly("correlation", &Candidate::correlation)
        .def_readonly("valid", &Candidate::valid);

    py::class_<Decoder>(m, "PayloadDecoder")
        .def(py::init<std::size_t, std::size_t>(), py::arg("code_bits"), py::arg("list_size") = 8)
        .def("decode", &Decoder::decode, py::arg("soft"));

    py::class_<IssuedIds::Match>(m, "Match")
        .def_readonly("id", &IssuedIds::Match::id)
        .def_readonly("correlation", &IssuedIds::Match::correlation);

    py::class_<IssuedIds, std::shared_ptr<IssuedIds>>(m, "IssuedIds")
        .def(py::init([](std::size_t code_bits, const Payloads& ids) {
                 const auto values = view(ids);
                 const py::gil_scoped_release release;
                 return IssuedIds(code_bits, values);
             }),
             py::arg("code_bits"), py::arg("ids"))
        .def("__len__", &IssuedIds::size)
        .def(
            "best",
            [](const IssuedIds& issued, const Soft& soft, std::size_t count) {
                const auto values = view(soft);
                const py::gil_scoped_release release;
                return issued.best(values, count);
            },
            py::arg("soft"), py::arg("count") = 1)
        .def("best_of_each", &best_of_each, py::arg("soft"), py::arg("count") = 1);
}

}  // namespace birthmark::bindings
