#include <doctest/doctest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <vector>

#include "birthmark/errors.hpp"
#include "birthmark/media/sound_file.hpp"
#include "noise.hpp"
#include "temporary_folder.hpp"

using birthmark::SoundFile;
using birthmark::test::noise;

namespace {

std::vector<float> read_all(const std::filesystem::path& path, std::size_t block) {
    SoundFile file = SoundFile::open(path);
    std::vector<float> all;
    std::vector<float> samples(block * file.channels());
    while (const std::size_t frames = file.read(samples)) {
        all.insert(all.end(), samples.begin(), samples.begin() + static_cast<std::ptrdiff_t>(frames * file.channels()));
    }
    return all;
}

void write_all(const std::filesystem::path& path, const SoundFile::Format& format, std::span<const float> samples) {
    SoundFile file = SoundFile::create(path, format);
    file.write(samples);
    CHECK(file.frames() == samples.size() / format.channels);
    file.close();
}

}  // namespace

TEST_CASE("float files come back bit by bit, in blocks of any size") {
    const birthmark::test::TemporaryFolder folder;
    const auto path = folder.path() / "a.wav";
    const auto samples = noise(3 * 1001);
    write_all(path, {.rate = 22050, .channels = 3, .encoding = "float"}, samples);
    for (const std::size_t block : {1U, 7U, 997U, 4096U}) {
        CHECK(read_all(path, block) == samples);
    }
    SoundFile file = SoundFile::open(path);
    CHECK(file.rate() == 22050);
    CHECK(file.channels() == 3);
    CHECK(file.frames() == 1001);
    CHECK(file.container() == "wav");
    CHECK(file.encoding() == "float");
    file.seek(1000);
    std::vector<float> rest(6);
    CHECK(file.read(rest) == 1);
    CHECK(rest[0] == samples[3000]);
    CHECK_THROWS_AS(file.seek(5000), birthmark::IoError);
}

TEST_CASE("the file name chooses the container") {
    const birthmark::test::TemporaryFolder folder;
    auto samples = noise(16000);
    for (float& sample : samples) {
        sample *= 0.5F;  // no peak above 1
    }
    for (const char* name : {"a.wav", "a.FLAC", "a.ogg", "a.opus", "a.mp3", "a.aiff"}) {
        CAPTURE(name);
        write_all(folder.path() / name, {.rate = 16000}, samples);
        SoundFile file = SoundFile::open(folder.path() / name);
        CHECK(file.rate() == 16000);
        std::string ending = std::filesystem::path(name).extension().string().substr(1);
        CHECK(file.container() == (ending == "FLAC" ? "flac" : ending));
        CHECK(read_all(folder.path() / name, 4096).size() >= samples.size());
    }
    CHECK(birthmark::test::snr_db(samples, read_all(folder.path() / "a.FLAC", 4096)) > 80.0);
}

TEST_CASE("integer files clip and keep text fields") {
    const birthmark::test::TemporaryFolder folder;
    write_all(folder.path() / "a.wav", {.rate = 8000}, std::vector<float>{1.5F, -1.5F});
    const auto back = read_all(folder.path() / "a.wav", 2);
    CHECK(back[0] > 0.9999F);
    CHECK(back[1] == -1.0F);
    {
        const SoundFile source = SoundFile::open(folder.path() / "a.wav");
        SoundFile copy = SoundFile::create(folder.path() / "b.flac", {.rate = 8000});
        copy.copy_tags(source);
        copy.close();
        CHECK_THROWS_AS(copy.write(back), birthmark::ArgumentError);
    }
}

TEST_CASE("what cannot be opened or written is refused with the reason") {
    const birthmark::test::TemporaryFolder folder;
    const auto path = folder.path() / "a.wav";
    CHECK_THROWS_AS(SoundFile::open(path), birthmark::IoError);
    std::ofstream(path) << "no sound";
    CHECK_THROWS_AS(SoundFile::open(path), birthmark::IoError);
    CHECK_THROWS_AS(SoundFile::create(path, {.rate = 8000, .container = "zip"}), birthmark::ArgumentError);
    CHECK_THROWS_AS(SoundFile::create(path, {.rate = 8000, .encoding = "opus"}), birthmark::ArgumentError);
    CHECK_THROWS_AS(SoundFile::create(path, {.rate = 8000, .channels = 1000}), birthmark::ArgumentError);
    CHECK_THROWS_AS(SoundFile::create(path, {.rate = 0}), birthmark::ArgumentError);
    CHECK_THROWS_AS(SoundFile::create(folder.path() / "none" / "a.wav", {.rate = 8000}), birthmark::IoError);

    write_all(path, {.rate = 8000, .encoding = "float"}, std::vector<float>{0.0F, std::nanf("")});
    CHECK_THROWS_AS(read_all(path, 16), birthmark::IoError);
    SoundFile stereo = SoundFile::create(path, {.rate = 8000, .channels = 2});
    CHECK_THROWS_AS(stereo.write(std::vector<float>(3)), birthmark::ArgumentError);
}
