#include <doctest/doctest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "birthmark/errors.hpp"
#include "birthmark/keys/key_file.hpp"
#include "birthmark/keys/keyed_stream.hpp"
#include "temporary_folder.hpp"

using birthmark::Key;
using birthmark::KeyedStream;

namespace {

Key counting_key() {
    Key::Bytes bytes;
    std::iota(bytes.begin(), bytes.end(), std::uint8_t{0});
    return Key(bytes);
}

}  // namespace

TEST_CASE("streams repeat, and differ by key, label and index") {
    const Key key = counting_key();
    const auto first = [](const Key& k, const char* label, std::uint64_t index) {
        return KeyedStream(k, label, index).next_u64();
    };
    CHECK(first(key, "chips", 0) == first(counting_key(), "chips", 0));
    const std::set<std::uint64_t> values = {first(key, "chips", 0),          first(key, "chips", 1),
                                            first(key, "chip", 0),           first(key.decoy(0), "chips", 0),
                                            first(key.decoy(1), "chips", 0), first(key.decoy(1, "file"), "chips", 0)};
    CHECK(values.size() == 6);
}

TEST_CASE("chips do not depend on how they are asked for") {
    std::vector<std::int8_t> whole(5000);
    KeyedStream(counting_key(), "chips").chips(whole);
    CHECK(std::abs(std::accumulate(whole.begin(), whole.end(), 0)) < 300);
    for (const std::size_t chunk : {1U, 7U, 997U, 4096U}) {
        KeyedStream stream(counting_key(), "chips");
        std::vector<std::int8_t> parts(whole.size());
        for (std::size_t at = 0; at < parts.size(); at += chunk) {
            stream.chips(std::span(parts).subspan(at, std::min(chunk, parts.size() - at)));
        }
        CHECK(parts == whole);
    }
    std::vector<float> floats(whole.size());
    KeyedStream(counting_key(), "chips").chips(floats);
    CHECK(std::equal(floats.begin(), floats.end(), whole.begin()));
}

TEST_CASE("permutation is one, uniform stays below n") {
    KeyedStream stream(counting_key(), "order");
    auto order = stream.permutation(1000);
    CHECK_FALSE(std::is_sorted(order.begin(), order.end()));
    std::sort(order.begin(), order.end());
    for (std::uint32_t i = 0; i < order.size(); ++i) {
        CHECK(order[i] == i);
    }
    CHECK(stream.permutation(0).empty());
    std::vector<int> counts(3);
    for (int i = 0; i < 3000; ++i) {
        ++counts[stream.uniform(3)];
        const double real = stream.uniform_real();
        CHECK((real >= 0.0 && real < 1.0));
    }
    CHECK(*std::min_element(counts.begin(), counts.end()) > 850);
    CHECK_THROWS_AS(stream.uniform(0), birthmark::ArgumentError);
}

TEST_CASE("key files keep the key and are private") {
    const birthmark::test::TemporaryFolder folder;
    const auto path = folder.path() / "a.key";
    const Key key = Key::generate();
    birthmark::save_key(key, path);
    CHECK(birthmark::load_key(path) == key);
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777U) == 0600U);

    const Key other = Key::generate();
    CHECK_FALSE(other == key);
    CHECK_THROWS_AS(birthmark::save_key(other, path), birthmark::ArgumentError);
    CHECK(birthmark::load_key(path) == key);
    birthmark::save_key(other, path, true);
    CHECK(birthmark::load_key(path) == other);
    CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
    CHECK_THROWS_AS(birthmark::load_key(folder.path() / "none.key"), birthmark::IoError);
    CHECK_THROWS_AS(birthmark::save_key(key, folder.path() / "none" / "a.key"), birthmark::IoError);
    CHECK_THROWS_AS(birthmark::load_key(folder.path()), birthmark::IoError);
}

TEST_CASE("damaged key files are refused") {
    const std::string good = birthmark::key_file_text(counting_key());
    CHECK(birthmark::parse_key_file(good) == counting_key());
    for (std::size_t i = 0; i < good.size(); ++i) {
        std::string bad = good;
        bad[i] = static_cast<char>(bad[i] ^ 1);
        CHECK_THROWS_AS(birthmark::parse_key_file(bad), birthmark::FormatError);
        CHECK_THROWS_AS(birthmark::parse_key_file(good.substr(0, i)), birthmark::FormatError);
    }
    CHECK_THROWS_AS(birthmark::parse_key_file(good + "\n"), birthmark::FormatError);
    CHECK_THROWS_AS(birthmark::parse_key_file(std::string(100000, 'x')), birthmark::FormatError);
}
