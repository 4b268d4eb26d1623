#pragma once

#include <pybind11/pybind11.h>

namespace birthmark::bindings {

// One function per folder of cpp/src that Python needs, each in bind_<folder>.cpp. They convert, they never compute.
void bind_errors(pybind11::module_& m);
void bind_keys(pybind11::module_& m);
void bind_media(pybind11::module_& m);
void bind_coding(pybind11::module_& m);
void bind_audio_mark(pybind11::module_& m);
void bind_video_mark(pybind11::module_& m);
void bind_audio_fingerprint(pybind11::module_& m);
void bind_index(pybind11::module_& m);
void bind_video_fingerprint(pybind11::module_& m);
void bind_voice_signature(pybind11::module_& m);

}  // namespace birthmark::bindings
