#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "birthmark/errors.hpp"
#include "birthmark/index/flat_index.hpp"
#include "birthmark/index/mapped_file.hpp"
#include "birthmark/index/segment.hpp"
#include "birthmark/index/segment_writer.hpp"
#include "temporary_folder.hpp"

using namespace birthmark;

namespace {

constexpr std::size_t kAll = 1000000000;

struct Recording {
    std::string label;
    std::vector<std::uint8_t> blob;
    std::vector<std::uint32_t> codes;
    std::vector<std::uint32_t> positions;
};

std::vector<Recording> recordings(std::size_t count, std::size_t postings, std::uint32_t codes, unsigned seed) {
    std::mt19937 random(seed);
    std::vector<Recording> result(count);
    for (std::size_t i = 0; i < count; ++i) {
        result[i].label = "recording " + std::to_string(i);
        result[i].blob.assign(i, static_cast<std::uint8_t>(i));
        for (std::size_t p = 0; p < postings * (i % 3); ++p) {
            result[i].codes.push_back(static_cast<std::uint32_t>(random()) % codes);
            result[i].positions.push_back(static_cast<std::uint32_t>(random()) >> (p % 32));
        }
    }
    return result;
}

void write(const std::filesystem::path& path, const std::vector<Recording>& from) {
    std::vector<SegmentInput> inputs;
    for (const Recording& r : from) {
        inputs.push_back({r.label, r.blob, r.codes, r.positions});
    }
    write_segment(path, inputs);
}

using Rows = std::vector<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>>;

Rows rows_of(const Hits& hits) {
    Rows rows;
    for (std::size_t i = 0; i < hits.tags.size(); ++i) {
        rows.emplace_back(hits.tags[i], hits.recordings[i], hits.positions[i]);
    }
    std::sort(rows.begin(), rows.end());
    return rows;
}

struct Query {
    std::vector<std::uint32_t> codes;
    std::vector<std::uint32_t> tags;
};

Query query(std::uint32_t codes, bool sorted) {
    Query q;
    std::mt19937 random(99);
    for (std::uint32_t i = 0; i < 400; ++i) {
        q.codes.push_back(static_cast<std::uint32_t>(random()) % (codes + codes / 4 + 2));
        q.tags.push_back(i);
    }
    if (sorted) {
        std::sort(q.codes.begin(), q.codes.end());
    }
    return q;
}

}  // namespace

TEST_CASE("crc32 gives the check value of the standard") {
    const std::string text = "123456789";
    CHECK(crc32({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}) == 0xCBF43926U);
}

TEST_CASE("the rarest codes come first, those with equally many postings together") {
    const std::vector<CodeHits> codes{{7, 70}, {2, 2}, {1, 5}, {7, 7}, {3, 3}};
    CHECK(most_postings(codes, {100, 87}) == 100);
    CHECK(most_postings(codes, {7, 87}) == 7);
    CHECK(most_postings(codes, {100, 86}) == 6);
    CHECK(most_postings(codes, {100, 9}) == 2);
    CHECK(most_postings(codes, {2, 9}) == 2);
    CHECK(most_postings(codes, {100, 4}) == 0);
    CHECK(most_postings({}, {100, 4}) == 100);
}

TEST_CASE("a segment answers as the flat index does") {
    const test::TemporaryFolder folder;
    const auto path = folder.path() / "a.seg";
    for (const std::uint32_t codes : {1U, 50U, 5000U, 1U << 28U}) {
        CAPTURE(codes);
        const auto all = recordings(9, 700, codes, codes);
        write(path, all);
        const MappedFile file(path);
        const Segment segment(file.bytes());
        FlatIndex flat;
        std::vector<std::uint8_t> removed(all.size());
        for (std::uint32_t i = 0; i < all.size(); ++i) {
            CHECK(segment.label(i) == all[i].label);
            CHECK(std::ranges::equal(segment.blob(i), all[i].blob));
            flat.add(i + 100, all[i].codes, all[i].positions);
        }
        for (const bool sorted : {false, true}) {
            const Query q = query(codes, sorted);
            for (const HitLimits limits : {HitLimits{4, kAll}, {kAll, kAll}, {kAll, 300}, {kAll, 20000}, {3, 20}}) {
                if (limits.hits < kAll && !sorted) {
                    continue;
                }
                CAPTURE(limits.hits);
                Hits hits;
                segment.lookup({q.codes, q.tags}, limits, 100, {}, hits);
                CHECK(hits.tags.size() <= limits.hits);
                CHECK(rows_of(hits) == rows_of(flat.lookup({q.codes, q.tags}, limits)));
            }
        }
        removed[2] = 1;
        flat.remove(102);
        const Query q = query(codes, false);
        Hits hits;
        segment.lookup({q.codes, q.tags}, {kAll, kAll}, 100, removed, hits);
        CHECK(rows_of(hits) == rows_of(flat.lookup({q.codes, q.tags}, {kAll, kAll})));
        CHECK_THROWS_AS(segment.label(9), FormatError);
        CHECK_THROWS_AS(segment.blob(9), FormatError);
    }
}

TEST_CASE("merged segments answer as their parts, without what was removed") {
    const test::TemporaryFolder folder;
    const auto first = recordings(5, 300, 200, 1);
    const auto second = recordings(4, 500, 200, 2);
    write(folder.path() / "1", first);
    write(folder.path() / "2", second);
    const MappedFile file1(folder.path() / "1");
    const MappedFile file2(folder.path() / "2");
    const Segment segment1(file1.bytes());
    const Segment segment2(file2.bytes());
    const std::vector<std::uint8_t> removed{0, 1, 0, 0, 1};
    const std::vector<MergeInput> inputs{{&segment1, removed}, {&segment2, {}}};
    merge_segments(folder.path() / "3", inputs);
    const MappedFile file3(folder.path() / "3");
    const Segment merged(file3.bytes());
    CHECK(merged.recordings() == 7);
    FlatIndex flat;
    std::uint32_t number = 0;
    for (std::size_t i = 0; i < first.size(); ++i) {
        if (removed[i] == 0) {
            CHECK(merged.label(number) == first[i].label);
            flat.add(number++, first[i].codes, first[i].positions);
        }
    }
    for (const Recording& r : second) {
        CHECK(std::ranges::equal(merged.blob(number), r.blob));
        flat.add(number++, r.codes, r.positions);
    }
    CHECK(merged.postings() == flat.size());
    const Query q = query(200, true);
    Hits hits;
    merged.lookup({q.codes, q.tags}, {kAll, kAll}, 0, {}, hits);
    CHECK(rows_of(hits) == rows_of(flat.lookup({q.codes, q.tags}, {kAll, kAll})));
}

TEST_CASE("empty segments and refused input") {
    const test::TemporaryFolder folder;
    write_segment(folder.path() / "empty", {});
    const MappedFile file(folder.path() / "empty");
    const Segment segment(file.bytes());
    const std::vector<std::uint32_t> one{1};
    Hits hits;
    segment.lookup({one, one}, {10, 10}, 0, {}, hits);
    CHECK(hits.tags.empty());
    CHECK_THROWS_AS(write_segment("/nowhere/at/all", {}), IoError);
    CHECK_THROWS_AS(MappedFile("/nowhere/at/all"), IoError);
    SegmentWriter writer(folder.path() / "x");
    CHECK(writer.add_recording("a", {}, 10) == 0);
    writer.add_posting(5, 0, 3);
    CHECK_THROWS_AS(writer.add_posting(5, 0, 2), ArgumentError);
    CHECK_THROWS_AS(writer.add_posting(5, 0, 10), ArgumentError);
    CHECK_THROWS_AS(writer.add_posting(1U << 28U, 0, 0), ArgumentError);
    CHECK_THROWS_AS(writer.add_posting(5, 1, 0), ArgumentError);
    CHECK_THROWS_AS(writer.add_recording("b", {}, 1), ArgumentError);
    const std::vector<std::uint32_t> two{1, 2};
    CHECK_THROWS_AS(FlatIndex().add(0, one, two), ArgumentError);
}
