#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include <string>
#include <vector>

#include "arrays.hpp"
#include "bindings.hpp"
#include "birthmark/media/resampler.hpp"
#include "birthmark/media/sound_file.hpp"

namespace py = pybind11;
using namespace py::literals;

namespace birthmark::bindings {
namespace {

void check_channels(const Samples& samples, std::size_t channels) {
    if (samples.channels != channels) {
        throw ArgumentError("samples has " + std::to_string(samples.channels) +
                            " channels; allowed: " + std::to_string(channels));
    }
}

ResampleQuality quality_from(const std::string& name) {
    if (name == "low") {
        return ResampleQuality::low;
    }
    if (name == "medium") {
        return ResampleQuality::medium;
    }
    if (name == "high") {
        return ResampleQuality::high;
    }
    if (name == "very_high") {
        return ResampleQuality::very_high;
    }
    throw ArgumentError("quality is '" + name + "'; allowed: low, medium, high, very_high");
}

py::array_t<float> resample_array(const py::array& array, double in_rate, double out_rate, const std::string& quality) {
    const Samples samples = samples_from(array);
    std::vector<float> out;
    {
        const py::gil_scoped_release release;
        out = resample(samples.span(), in_rate, out_rate, samples.channels, quality_from(quality));
    }
    return to_array(out, samples.channels, array.ndim() == 1);
}

py::array_t<float> push(Resampler& resampler, const py::array& array, bool last) {
    const Samples samples = samples_from(array);
    check_channels(samples, resampler.channels());
    std::vector<float> out;
    {
        const py::gil_scoped_release release;
        resampler.push(samples.span(), out);
        if (last) {
            resampler.flush(out);
        }
    }
    return to_array(out, samples.channels, array.ndim() == 1);
}

py::array_t<float> read(SoundFile& file, std::size_t frames) {
    std::vector<float> samples(frames * file.channels());
    std::size_t got = 0;
    {
        const py::gil_scoped_release release;
        got = file.read(samples);
    }
    return to_array(std::span(samples).first(got * file.channels()), file.channels(), false);
}

void write(SoundFile& file, const py::array& array) {
    const Samples samples = samples_from(array);
    check_channels(samples, file.channels());
    const py::gil_scoped_release release;
    file.write(samples.span());
}

}  // namespace

void bind_media(py::module_& m) {
    m.def("resample", &resample_array, "samples"_a, "in_rate"_a, "out_rate"_a, "quality"_a = "high");

    py::class_<Resampler>(m, "Resampler")
        .def(py::init([](double in_rate, double out_rate, std::size_t channels, const std::string& quality) {
                 return Resampler(in_rate, out_rate, channels, quality_from(quality));
             }),
             "in_rate"_a, "out_rate"_a, "channels"_a = 1, "quality"_a = "high")
        .def("push", &push, "samples"_a, py::kw_only(), "last"_a = false);

    py::class_<SoundFile>(m, "SoundFile")
        .def_static("open", &SoundFile::open, "path"_a)
        .def_static(
            "create",
            [](const std::filesystem::path& path, int rate, std::size_t channels, std::string container,
               std::string encoding) {
                return SoundFile::create(path, {rate, channels, std::move(container), std::move(encoding)});
            },
            "path"_a, "rate"_a, "channels"_a, py::kw_only(), "container"_a = "", "encoding"_a = "")
        .def_property_readonly("rate", &SoundFile::rate)
        .def_property_readonly("channels", &SoundFile::channels)
        .def_property_readonly("frames", &SoundFile::frames)
        .def_property_readonly("container", &SoundFile::container)
        .def_property_readonly("encoding", &SoundFile::encoding)
        .def("read", &read, "frames"_a)
        .def("seek", &SoundFile::seek, "frame"_a)
        .def("write", &write, "samples"_a)
        .def("copy_tags", &SoundFile::copy_tags, "source"_a)
        .def("close", &SoundFile::close);
}

}  // namespace birthmark::bindings
