#include <exception>

#include "bindings.hpp"
#include "birthmark/errors.hpp"

namespace py = pybind11;

namespace birthmark::bindings {
namespace {

void raise(const char* name, const Error& error) {
    const py::object type = py::module_::import("birthmark.errors").attr(name);
    PyErr_SetString(type.ptr(), error.what());
}

void translate(std::exception_ptr pointer) {
    try {
        if (pointer) {
            std::rethrow_exception(pointer);
        }
    } catch (const ArgumentError& error) {
        raise("ArgumentError", error);
    } catch (const FormatError& error) {
        raise("FormatError", error);
    } catch (const IoError& error) {
        raise("MediaError", error);
    } catch (const Error& error) {
        raise("Error", error);
    }
}

}  // namespace

void bind_errors(py::module_&) { py::register_local_exception_translator(&translate); }

}  // namespace birthmark::bindings
