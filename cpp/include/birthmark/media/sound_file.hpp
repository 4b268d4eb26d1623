#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

namespace birthmark {

/// One sound file, read or written block by block through libsndfile (WAV, FLAC, Ogg Vorbis and Opus, MP3, AIFF, CAF,
/// ...). Samples are interleaved float32 in [-1, 1]. Memory does not grow with the length of the file.
class SoundFile {
  public:
    /// What a new file is to be. Empty names follow the file name: the format from its ending, the encoding that is
    /// usual for the format (16-bit integers for WAV and FLAC).
    struct Format {
        int rate = 0;
        std::size_t channels = 1;
        std::string container = {};  ///< "wav", "flac", "ogg", "opus", "mp3", "aiff", "caf", "w64", "rf64", "au"
        std::string encoding = {};   ///< "pcm_16", "pcm_24", "pcm_32", "float", "vorbis", "opus", "mp3", "ulaw", "alaw"
    };

    static constexpr std::size_t kMaxChannels = 64;

    /// Opens for reading. Throws IoError where the file cannot be opened or is no sound file that libsndfile knows.
    static SoundFile open(const std::filesystem::path& path);

    /// Opens for writing, replacing what is there. Throws ArgumentError for a format that cannot be written, IoError
    /// where the file system refuses.
    static SoundFile create(const std::filesystem::path& path, const Format& format);

    ~SoundFile();
    SoundFile(SoundFile&&) noexcept;
    SoundFile& operator=(SoundFile&&) noexcept;

    int rate() const;
    std::size_t channels() const;
    std::string container() const;
    std::string encoding() const;

    /// Frames in the file as its header says, or those written so far. Compressed and damaged files may hold fewer:
    /// read() tells.
    std::uint64_t frames() const;

    /// Fills `samples` (a multiple of channels() long) and returns the number of frames read, 0 at the end. Throws
    /// IoError on damage and where samples are not finite.
    std::size_t read(std::span<float> samples);

    /// Moves to a frame before reading. Throws IoError where the file cannot be searched.
    void seek(std::uint64_t frame);

    /// Writes whole frames. Integer encodings clip to [-1, 1] in place of wrapping round.
    void write(std::span<const float> samples);

    /// Copies title, artist, comment and the other text fields. Call before the first write().
    void copy_tags(const SoundFile& source);

    /// Ends a file that was written; throws IoError where the last bytes cannot be written. The destructor closes too,
    /// without a word.
    void close();

  private:
    struct Handle;
    explicit SoundFile(std::unique_ptr<Handle> handle);

    void check(std::size_t samples) const;
    [[noreturn]] void fail(const char* what) const;

    std::unique_ptr<Handle> handle_;
};

}  // namespace birthmark
