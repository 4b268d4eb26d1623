#include "birthmark/media/sound_file.hpp"

#include <sndfile.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <string_view>

#include "birthmark/errors.hpp"

namespace birthmark {
namespace {

struct Name {
    std::string_view name;
    int code;
};

constexpr std::array kContainers = {
    Name{"wav", SF_FORMAT_WAV},   Name{"wav", SF_FORMAT_WAVEX}, Name{"flac", SF_FORMAT_FLAC},
    Name{"ogg", SF_FORMAT_OGG},   Name{"opus", SF_FORMAT_OGG},  Name{"mp3", SF_FORMAT_MPEG},
    Name{"aiff", SF_FORMAT_AIFF}, Name{"aif", SF_FORMAT_AIFF},  Name{"caf", SF_FORMAT_CAF},
    Name{"w64", SF_FORMAT_W64},   Name{"rf64", SF_FORMAT_RF64}, Name{"au", SF_FORMAT_AU},
};

constexpr std::array kEncodings = {
    Name{"pcm_16", SF_FORMAT_PCM_16}, Name{"pcm_24", SF_FORMAT_PCM_24},       Name{"pcm_32", SF_FORMAT_PCM_32},
    Name{"pcm_s8", SF_FORMAT_PCM_S8}, Name{"pcm_u8", SF_FORMAT_PCM_U8},       Name{"float", SF_FORMAT_FLOAT},
    Name{"double", SF_FORMAT_DOUBLE}, Name{"ulaw", SF_FORMAT_ULAW},           Name{"alaw", SF_FORMAT_ALAW},
    Name{"vorbis", SF_FORMAT_VORBIS}, Name{"opus", SF_FORMAT_OPUS},           Name{"mp3", SF_FORMAT_MPEG_LAYER_III},
    Name{"gsm610", SF_FORMAT_GSM610}, Name{"ima_adpcm", SF_FORMAT_IMA_ADPCM},
};

template <std::size_t Size>
int code_of(const std::array<Name, Size>& names, std::string_view name, const char* what) {
    std::string allowed;
    for (const Name& entry : names) {
        if (entry.name == name) {
            return entry.code;
        }
        allowed += (allowed.empty() ? "" : ", ") + std::string(entry.name);
    }
    throw ArgumentError(std::string(what) + " is '" + std::string(name) + "'; allowed: " + allowed);
}

template <std::size_t Size>
std::string name_of(const std::array<Name, Size>& names, int code) {
    const auto found = std::find_if(names.begin(), names.end(), [&](const Name& entry) { return entry.code == code; });
    return found == names.end() ? "other" : std::string(found->name);
}

std::string ending_of(const std::filesystem::path& path) {
    std::string ending = path.extension().string();
    std::transform(ending.begin(), ending.end(), ending.begin(), [](unsigned char c) { return std::tolower(c); });
    return ending.empty() ? ending : ending.substr(1);
}

int usual_encoding(std::string_view container) {
    if (container == "ogg") {
        return SF_FORMAT_VORBIS;
    }
    if (container == "opus") {
        return SF_FORMAT_OPUS;
    }
    return container == "mp3" ? SF_FORMAT_MPEG_LAYER_III : SF_FORMAT_PCM_16;
}

}  // namespace

struct SoundFile::Handle {
    Handle() = default;
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;
    ~Handle() { sf_close(file); }

    SNDFILE* file = nullptr;
    SF_INFO info{};
    std::string path;
};

SoundFile::SoundFile(std::unique_ptr<Handle> handle) : handle_(std::move(handle)) {}
SoundFile::~SoundFile() = default;
SoundFile::SoundFile(SoundFile&&) noexcept = default;
SoundFile& SoundFile::operator=(SoundFile&&) noexcept = default;

SoundFile SoundFile::open(const std::filesystem::path& path) {
    auto handle = std::make_unique<Handle>();
    handle->path = path.string();
    handle->file = sf_open(path.c_str(), SFM_READ, &handle->info);
    if (handle->file == nullptr) {
        throw IoError("cannot open sound file '" + handle->path + "': " + sf_strerror(nullptr));
    }
    if (handle->info.channels < 1 || static_cast<std::size_t>(handle->info.channels) > kMaxChannels ||
        handle->info.samplerate < 1) {
        throw IoError("sound file '" + handle->path + "' has " + std::to_string(handle->info.channels) +
                      " channels and rate " + std::to_string(handle->info.samplerate) + "; allowed: 1 to " +
                      std::to_string(kMaxChannels) + " channels");
    }
    return SoundFile(std::move(handle));
}

SoundFile SoundFile::create(const std::filesystem::path& path, const Format& format) {
    const std::string container = format.container.empty() ? ending_of(path) : format.container;
    auto handle = std::make_unique<Handle>();
    handle->path = path.string();
    handle->info.samplerate = format.rate;
    handle->info.channels = static_cast<int>(std::min(format.channels, kMaxChannels + 1));
    handle->info.format = code_of(kContainers, container, "container");
    handle->info.format |=
        format.encoding.empty() ? usual_encoding(container) : code_of(kEncodings, format.encoding, "encoding");
    if (format.rate < 1 || format.channels > kMaxChannels || sf_format_check(&handle->info) == 0) {
        throw ArgumentError("container '" + container + "' cannot hold encoding '" + format.encoding + "' with rate " +
                            std::to_string(format.rate) + " and " + std::to_string(format.channels) + " channels");
    }
    handle->file = sf_open(path.c_str(), SFM_WRITE, &handle->info);
    if (handle->file == nullptr) {
        throw IoError("cannot create sound file '" + handle->path + "': " + sf_strerror(nullptr));
    }
    sf_command(handle->file, SFC_SET_CLIPPING, nullptr, SF_TRUE);
    return SoundFile(std::move(handle));
}

int SoundFile::rate() const { return handle_->info.samplerate; }
std::size_t SoundFile::channels() const { return static_cast<std::size_t>(handle_->info.channels); }

std::string SoundFile::container() const {
    if ((handle_->info.format & SF_FORMAT_SUBMASK) == SF_FORMAT_OPUS) {
        return "opus";
    }
    return name_of(kContainers, handle_->info.format & SF_FORMAT_TYPEMASK);
}

std::string SoundFile::encoding() const { return name_of(kEncodings, handle_->info.format & SF_FORMAT_SUBMASK); }

std::uint64_t SoundFile::frames() const {
    return handle_->info.frames < 0 ? 0 : static_cast<std::uint64_t>(handle_->info.frames);
}

void SoundFile::check(std::size_t samples) const {
    if (handle_->file == nullptr) {
        throw ArgumentError("sound file '" + handle_->path + "' is closed");
    }
    if (samples % channels() != 0) {
        throw ArgumentError("samples has " + std::to_string(samples) + " elements; allowed: multiples of " +
                            std::to_string(channels()) + " channels");
    }
}

void SoundFile::fail(const char* what) const {
    throw IoError(std::string("cannot ") + what + " sound file '" + handle_->path + "': " + sf_strerror(handle_->file));
}

std::size_t SoundFile::read(std::span<float> samples) {
    check(samples.size());
    const sf_count_t frames =
        sf_readf_float(handle_->file, samples.data(), static_cast<sf_count_t>(samples.size() / channels()));
    if (frames < 0 || sf_error(handle_->file) != SF_ERR_NO_ERROR) {
        fail("read");
    }
    const auto count = static_cast<std::size_t>(frames);
    const auto got = samples.first(count * channels());
    if (!std::all_of(got.begin(), got.end(), [](float sample) { return std::isfinite(sample); })) {
        throw IoError("sound file '" + handle_->path + "' has samples that are not finite");
    }
    return count;
}

void SoundFile::seek(std::uint64_t frame) {
    check(0);
    if (sf_seek(handle_->file, static_cast<sf_count_t>(frame), SEEK_SET) < 0) {
        fail("seek in");
    }
}

void SoundFile::write(std::span<const float> samples) {
    check(samples.size());
    const auto frames = static_cast<sf_count_t>(samples.size() / channels());
    if (sf_writef_float(handle_->file, samples.data(), frames) != frames) {
        fail("write");
    }
    handle_->info.frames += frames;
}

void SoundFile::copy_tags(const SoundFile& source) {
    check(0);
    for (int field = SF_STR_FIRST; field <= SF_STR_LAST; ++field) {
        if (const char* text = sf_get_string(source.handle_->file, field); text != nullptr) {
            // Containers lack some of the fields: what one cannot hold is left out.
            sf_set_string(handle_->file, field, text);
        }
    }
}

void SoundFile::close() {
    if (handle_->file != nullptr) {
        const int error = sf_close(handle_->file);
        handle_->file = nullptr;
        if (error != 0) {
            throw IoError("cannot finish sound file '" + handle_->path + "': " + sf_error_number(error));
        }
    }
}

}  // namespace birthmark
