#include <pybind11/pybind11.h>

#include "bindings.hpp"
#include "birthmark/version.hpp"

namespace py = pybind11;
using namespace birthmark::bindings;

PYBIND11_MODULE(_core, m, py::mod_gil_not_used()) {
    m.doc() = "The C++ core of birthmark.";
    m.attr("__version__") = birthmark::version();
    m.attr("fft_backend") = birthmark::fft_backend();

    bind_errors(m);
    auto keys = m.def_submodule("keys");
    bind_keys(keys);
    auto media = m.def_submodule("media");
    bind_media(media);
    auto coding = m.def_submodule("coding");
    bind_coding(coding);
    auto audio_mark = m.def_submodule("audio_mark");
    bind_audio_mark(audio_mark);
    auto video_mark = m.def_submodule("video_mark");
    bind_video_mark(video_mark);
    auto audio_fingerprint = m.def_submodule("audio_fingerprint");
    bind_audio_fingerprint(audio_fingerprint);
    auto index = m.def_submodule("index");
    bind_index(index);
    auto video_fingerprint = m.def_submodule("video_fingerprint");
    bind_video_fingerprint(video_fingerprint);
    auto voice_signature = m.def_submodule("voice_signature");
    bind_voice_signature(voice_signature);
}
