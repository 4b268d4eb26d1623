#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "birthmark/index/segment.hpp"

namespace birthmark {

/// Writes a segment: recordings first, then postings in the order of keys, then finish(), which syncs to the disk. The
/// file is no segment before finish() has returned. Errors of the disk are IoError.
class SegmentWriter {
  public:
    explicit SegmentWriter(const std::filesystem::path& path);

    /// Positions of the recording's postings must be below `rows`. Returns its number. Throws ArgumentError past 2^32 -
    /// 1 rows in all or after the first posting.
    std::uint32_t add_recording(std::string_view label, std::span<const std::uint8_t> blob, std::uint64_t rows);

    /// Codes below 2^28, keys in ascending order; throws ArgumentError otherwise.
    void add_posting(std::uint32_t code, std::uint32_t recording, std::uint32_t position);

    void finish();

  private:
    struct Close {
        void operator()(std::FILE* file) const { std::fclose(file); }
    };

    void write(const void* data, std::size_t size);
    void align();
    std::vector<std::uint32_t> make_directory(std::uint32_t shift) const;

    std::filesystem::path path_;
    std::unique_ptr<std::FILE, Close> file_;
    std::uint64_t written_ = 0;
    std::uint64_t rows_ = 0;
    std::uint64_t last_key_ = 0;
    unsigned position_bits_ = 0;
    SegmentHeader header_;
    std::vector<SegmentEntry> entries_;
    std::vector<std::uint64_t> sizes_;
    std::vector<SegmentBlock> blocks_;
};

/// One recording to put into a segment.
struct SegmentInput {
    std::string_view label;
    std::span<const std::uint8_t> blob;
    std::span<const std::uint32_t> codes;
    std::span<const std::uint32_t> positions;
};

/// Sorts and writes a whole segment. Throws ArgumentError for different numbers of codes and positions.
void write_segment(const std::filesystem::path& path, std::span<const SegmentInput> inputs);

/// A segment to merge; recordings with a non-zero byte in `removed` (empty or one each) are dropped.
struct MergeInput {
    const Segment* segment;
    std::span<const std::uint8_t> removed;
};

/// Merges segments without holding their postings in memory. Recordings keep their order.
void merge_segments(const std::filesystem::path& path, std::span<const MergeInput> inputs);

/// CRC-32 (IEEE 802.3) of `bytes` after `crc`.
std::uint32_t crc32(std::span<const std::uint8_t> bytes, std::uint32_t crc = 0);

}  // namespace birthmark
