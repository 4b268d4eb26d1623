#include "birthmark/index/segment.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>
#include <vector>

#include "birthmark/errors.hpp"
#include "birthmark/index/segment_writer.hpp"
#include "limited_hits.hpp"

namespace birthmark {
namespace {

static_assert(std::endian::native == std::endian::little, "segments are read in place");

template <class T>
T read(std::span<const std::uint8_t> bytes, std::uint64_t offset) {
    T value{};
    std::memcpy(&value, bytes.data() + offset, sizeof(T));
    return value;
}

constexpr unsigned kMostNearBits = 22;
constexpr double kUsualHits = 4e-7;  // hits per probe and posting
constexpr double kMostReserved = 1e8;

bool fits(std::uint64_t offset, std::uint64_t count, std::uint64_t size, std::uint64_t end) {
    return offset <= end && count <= (end - offset) / size;
}

}  // namespace

Segment::Segment(std::span<const std::uint8_t> bytes) : bytes_(bytes) {
    const auto refuse = [](const char* why) { throw FormatError(std::string("index segment: ") + why); };
    if (bytes.size() < sizeof(SegmentHeader)) {
        refuse("shorter than its header");
    }
    header_ = read<SegmentHeader>(bytes, 0);
    if (header_.magic != SegmentHeader::kMagic) {
        refuse("does not start with version 1 and BMS");
    }
    const std::uint64_t end = bytes.size();
    const std::uint64_t block_count = (header_.postings + SegmentBlock::kPostings - 1) / SegmentBlock::kPostings;
    if (!fits(header_.entries, header_.recordings, sizeof(SegmentEntry), end) ||
        !fits(header_.blocks, header_.block_count, sizeof(SegmentBlock), end) ||
        !fits(header_.directory, header_.directory_count, sizeof(std::uint32_t), end) ||
        header_.stream > header_.entries || header_.postings > end || header_.block_count != block_count ||
        header_.directory_shift > 31 || header_.rows > kMostRows ||
        (header_.postings > 0 && header_.directory_count < 2)) {
        refuse("tables do not fit into the file");
    }
    SegmentHeader blank = header_;
    blank.crc = 0;
    const std::uint32_t crc =
        crc32(bytes.subspan(header_.entries), crc32({reinterpret_cast<const std::uint8_t*>(&blank), sizeof(blank)}));
    if (crc != header_.crc) {
        refuse("checksum of the tables is wrong");
    }
    position_bits_ = position_bits(header_.rows);
    position_mask_ = (std::uint64_t{1} << position_bits_) - 1;
    place_recordings();
}

// Bases of the recordings side by side, and where to start looking among them.
void Segment::place_recordings() {
    bases_.reserve(header_.recordings + std::size_t{1});
    for (std::uint32_t i = 0; i < header_.recordings; ++i) {
        const std::uint64_t base = entry(i).base;
        if (base > header_.rows || (i > 0 && base < bases_.back())) {
            throw FormatError("index segment: recordings are out of order");
        }
        bases_.push_back(base);
    }
    bases_.push_back(header_.rows);
    // Some two steps a recording, so that few recordings lie between two of them.
    const auto steps = std::clamp(static_cast<unsigned>(std::bit_width(header_.recordings)) + 1U, 10U, kMostNearBits);
    near_shift_ = position_bits_ > steps ? position_bits_ - steps : 0U;
    std::uint32_t recording = 0;
    for (std::uint64_t at = 0; at <= header_.rows; at += std::uint64_t{1} << near_shift_) {
        while (recording + 1 < header_.recordings && bases_[recording + 1] <= at) {
            ++recording;
        }
        near_.push_back(recording);
    }
    near_.push_back(header_.recordings > 0 ? header_.recordings - 1 : 0);
}

SegmentEntry Segment::entry(std::uint32_t recording) const {
    return read<SegmentEntry>(bytes_, header_.entries + std::uint64_t{recording} * sizeof(SegmentEntry));
}

SegmentBlock Segment::block(std::size_t index) const {
    return read<SegmentBlock>(bytes_, header_.blocks + index * sizeof(SegmentBlock));
}

std::uint32_t Segment::directory(std::size_t index) const {
    return read<std::uint32_t>(bytes_, header_.directory + index * sizeof(std::uint32_t));
}

std::string_view Segment::label(std::uint32_t recording) const {
    const SegmentEntry e = recording < header_.recordings ? entry(recording) : SegmentEntry{};
    if (recording >= header_.recordings || !fits(e.label, e.label_size, 1, bytes_.size())) {
        throw FormatError("index segment: no label for recording " + std::to_string(recording));
    }
    return {reinterpret_cast<const char*>(bytes_.data() + e.label), e.label_size};
}

std::span<const std::uint8_t> Segment::blob(std::uint32_t recording) const {
    const SegmentEntry e = recording < header_.recordings ? entry(recording) : SegmentEntry{};
    if (recording >= header_.recordings || !fits(e.blob, e.blob_size, 1, bytes_.size())) {
        throw FormatError("index segment: no fingerprint for recording " + std::to_string(recording));
    }
    return bytes_.subspan(e.blob, e.blob_size);
}

Segment::Place Segment::place_of(std::uint64_t position) const {
    const std::size_t step = std::min<std::uint64_t>(position >> near_shift_, near_.size() - 2);
    const auto first = bases_.begin() + near_[step];
    const auto last = bases_.begin() + near_[step + 1] + 1;
    const auto base = std::upper_bound(first + 1, last, position) - 1;
    return {static_cast<std::uint32_t>(base - bases_.begin()), static_cast<std::uint32_t>(position - *base)};
}

void Segment::decode(std::size_t index, Block& out) const {
    const SegmentBlock start = block(index);
    const std::uint64_t before = index * SegmentBlock::kPostings;
    out.count = static_cast<std::size_t>(
        std::min<std::uint64_t>(SegmentBlock::kPostings, header_.postings - std::min(before, header_.postings)));
    std::uint64_t key = start.first;
    std::uint64_t offset = start.offset;
    const std::uint64_t end = header_.entries;
    for (std::size_t i = 0; i < out.count; ++i) {
        std::uint64_t gap = 0;
        for (unsigned shift = 0; i > 0 && shift < 64; shift += 7) {
            if (offset >= end) {
                throw FormatError("index segment: postings run past their end");
            }
            const std::uint64_t byte = bytes_[offset++];
            gap |= (byte & 0x7FU) << shift;
            if (byte < 0x80U) {
                break;
            }
        }
        key += gap;
        out.keys[i] = key;
    }
}

// Last block whose first key is below `key`, or block 0.
std::size_t Segment::block_before(std::uint64_t key) const {
    const std::uint64_t slot =
        std::min((key >> position_bits_) >> header_.directory_shift, header_.directory_count - 2);
    std::size_t low = std::min<std::uint64_t>(directory(slot), header_.block_count);
    std::size_t high = std::min<std::uint64_t>(directory(slot + 1), header_.block_count);
    while (low < high) {
        const std::size_t middle = low + (high - low) / 2;
        if (block(middle).first < key) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low > 0 ? low - 1 : 0;
}

// Moves to the first posting of a code; codes that ascend by little stay in the block that is decoded.
void Segment::Cursor::seek(std::uint32_t code) {
    const std::uint64_t key = static_cast<std::uint64_t>(code) << segment_->position_bits_;
    if (block_.count == 0 || key <= block_.keys[0] || key > block_.keys[block_.count - 1]) {
        const bool next = block_.count > 0 && key > block_.keys[0] && index_ + 1 < segment_->header_.block_count &&
                          segment_->block(index_ + 1).first >= key;
        const std::size_t wanted = next ? index_ + 1 : segment_->block_before(key);
        if (wanted != index_ || block_.count == 0) {
            index_ = wanted;
            load();
        }
    }
    const std::uint64_t* const keys = block_.keys.data();
    in_block_ = static_cast<std::size_t>(std::lower_bound(keys, keys + block_.count, key) - keys);
    if (in_block_ == block_.count) {
        ++index_;
        load();
    }
}

void Segment::lookup(const Probes& probes, const HitLimits& limits, std::uint32_t first_recording,
                     std::span<const std::uint8_t> removed, Hits& hits) const {
    if (header_.postings == 0 || header_.recordings == 0) {
        return;
    }
    // Room for what speech finds, so that the arrays seldom move.
    const double pairs = static_cast<double>(probes.codes.size()) * static_cast<double>(header_.postings);
    const double most_room = std::min(kMostReserved, static_cast<double>(limits.hits));
    hits.reserve(hits.tags.size() + static_cast<std::size_t>(std::min(kUsualHits * pairs, most_room)));
    Cursor cursor(*this);
    LimitedHits limited(limits, hits);
    std::vector<Place> places;
    for (std::size_t i = 0, next = 0; i < probes.codes.size(); i = next) {
        const std::uint32_t code = probes.codes[i];
        while (next < probes.codes.size() && probes.codes[next] == code) {
            ++next;
        }
        if ((code >> kCodeBits) != 0) {
            continue;
        }
        places.clear();
        std::size_t count = 0;
        for (cursor.seek(code); cursor.valid() && cursor.code() == code && count <= limited.most(); cursor.next()) {
            const Place place = cursor.place();
            ++count;
            if (removed.empty() || removed[place.recording] == 0) {
                places.push_back(place);
            }
        }
        if (count > limited.most()) {
            continue;
        }
        for (const std::uint32_t tag : probes.tags.subspan(i, next - i)) {
            for (const Place& place : places) {
                hits.add(tag, first_recording + place.recording, place.position);
            }
        }
        limited.end_code(count, count * (next - i));
    }
    limited.finish();
}

}  // namespace birthmark
