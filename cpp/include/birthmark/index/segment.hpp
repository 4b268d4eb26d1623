#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "birthmark/index/hits.hpp"

namespace birthmark {

/// First bytes of a segment, version 1; integers are little-endian. Tables follow the data; `crc` covers this header,
/// with 0 in its place, and all from `entries` to the end; the postings and blobs before them are checked as they are
/// read.
struct SegmentHeader {
    static constexpr std::array<std::uint8_t, 4> kMagic{1, 'B', 'M', 'S'};

    std::array<std::uint8_t, 4> magic = kMagic;
    std::uint32_t crc = 0;
    std::uint32_t recordings = 0;
    std::uint32_t directory_shift = 0;  ///< directory entry = code >> shift
    std::uint64_t postings = 0;
    std::uint64_t stream = 0;   ///< offset of the postings
    std::uint64_t entries = 0;  ///< offset of SegmentEntry[recordings]
    std::uint64_t blocks = 0;   ///< offset of SegmentBlock[block_count]
    std::uint64_t block_count = 0;
    std::uint64_t directory = 0;  ///< offset of uint32[directory_count]
    std::uint64_t directory_count = 0;
    std::uint64_t rows = 0;  ///< positions in all, below 2^36
};
static_assert(sizeof(SegmentHeader) == 80);

/// One recording: where its label and its blob are, and the position of its first row in the segment.
struct SegmentEntry {
    std::uint64_t label;
    std::uint64_t blob;
    std::uint64_t base;
    std::uint32_t label_size;
    std::uint32_t blob_size;
};
static_assert(sizeof(SegmentEntry) == 32);

/// 128 postings: the key of the first, and where the gaps to the others start in the stream.
struct SegmentBlock {
    static constexpr std::size_t kPostings = 128;

    std::uint64_t first;
    std::uint64_t offset;
};

/// An immutable part of an index over bytes that are held elsewhere, as a mapped file.
///
/// A posting is the key code << bits of rows() | position in the segment; keys are sorted and stored as variable-length
/// gaps, some three and a half bytes each, in blocks of 128. A lookup goes by directory, block and gaps. Damaged bytes
/// give FormatError or missing hits, never a read outside.
class Segment {
  public:
    static constexpr unsigned kCodeBits = 28;
    static constexpr unsigned kMostPositionBits = 36;
    static constexpr std::uint64_t kMostRows = (std::uint64_t{1} << kMostPositionBits) - 1;

    static unsigned position_bits(std::uint64_t rows) { return static_cast<unsigned>(std::bit_width(rows)); }

    /// Throws FormatError for bytes that no SegmentWriter wrote.
    explicit Segment(std::span<const std::uint8_t> bytes);

    std::uint32_t recordings() const { return header_.recordings; }
    std::uint64_t postings() const { return header_.postings; }
    std::uint64_t rows() const { return header_.rows; }
    std::uint64_t rows(std::uint32_t recording) const { return bases_[recording + std::size_t{1}] - bases_[recording]; }
    std::string_view label(std::uint32_t recording) const;
    std::span<const std::uint8_t> blob(std::uint32_t recording) const;

    /// Adds what the probes hit, recordings numbered from `first_recording`; those with a non-zero byte in `removed`,
    /// which is empty or as long as recordings(), are left out; limits count them, and hits that were there before do
    /// not count. Codes in ascending order, equal ones side by side: quickest, and `limits.hits` holds.
    void lookup(const Probes& probes, const HitLimits& limits, std::uint32_t first_recording,
                std::span<const std::uint8_t> removed, Hits& hits) const;

    /// Every posting in the order of keys: `on_posting(code, recording, position)`.
    template <class OnPosting>
    void for_each(OnPosting&& on_posting) const {
        Block decoded;
        for (std::size_t b = 0; b < header_.block_count; ++b) {
            decode(b, decoded);
            for (std::size_t i = 0; i < decoded.count; ++i) {
                const Place place = place_of(decoded.keys[i] & position_mask_);
                on_posting(static_cast<std::uint32_t>(decoded.keys[i] >> position_bits_), place.recording,
                           place.position);
            }
        }
    }

    /// Walks the postings in the order of keys.
    class Cursor;

    struct Place {
        std::uint32_t recording;
        std::uint32_t position;
    };

  private:
    friend class Cursor;

    struct Block {
        std::size_t count = 0;
        std::array<std::uint64_t, SegmentBlock::kPostings> keys{};
    };

    void place_recordings();
    Place place_of(std::uint64_t position) const;
    void decode(std::size_t index, Block& out) const;
    SegmentEntry entry(std::uint32_t recording) const;
    SegmentBlock block(std::size_t index) const;
    std::uint32_t directory(std::size_t index) const;
    std::size_t block_before(std::uint64_t key) const;

    std::span<const std::uint8_t> bytes_;
    SegmentHeader header_;
    unsigned position_bits_ = 0;
    std::uint64_t position_mask_ = 0;
    std::vector<std::uint64_t> bases_;  // of the recordings, and rows() at the end
    std::vector<std::uint32_t> near_;   // recording at every multiple of 1 << near_shift_, and the last one
    unsigned near_shift_ = 0;
};

class Segment::Cursor {
  public:
    explicit Cursor(const Segment& segment) : segment_(&segment) { load(); }

    bool valid() const { return in_block_ < block_.count; }
    std::uint32_t code() const {
        return static_cast<std::uint32_t>(block_.keys[in_block_] >> segment_->position_bits_);
    }
    Place place() const { return segment_->place_of(block_.keys[in_block_] & segment_->position_mask_); }

    /// The first posting of `code`, or of the next code there is.
    void seek(std::uint32_t code);

    void next() {
        if (++in_block_ == block_.count) {
            ++index_;
            load();
        }
    }

  private:
    void load() {
        in_block_ = 0;
        block_.count = 0;
        if (index_ < segment_->header_.block_count) {
            segment_->decode(index_, block_);
        }
    }

    const Segment* segment_;
    std::size_t index_ = 0;
    std::size_t in_block_ = 0;
    Block block_;
};

}  // namespace birthmark
