#include "birthmark/index/segment_writer.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <string>

#include "birthmark/errors.hpp"

namespace birthmark {
namespace {

constexpr std::array<std::uint32_t, 256> crc_table() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < 256; ++i) {
        std::uint32_t value = i;
        for (int bit = 0; bit < 8; ++bit) {
            value = (value >> 1U) ^ ((value & 1U) != 0 ? 0xEDB88320U : 0U);
        }
        table[i] = value;
    }
    return table;
}

constexpr std::array<std::uint32_t, 256> kCrcTable = crc_table();
constexpr std::uint64_t kMostRows = Segment::kMostRows;
constexpr std::uint64_t kMostBytes = 0xFFFFFFFFU;

}  // namespace

std::uint32_t crc32(std::span<const std::uint8_t> bytes, std::uint32_t crc) {
    crc = ~crc;
    for (const std::uint8_t byte : bytes) {
        crc = (crc >> 8U) ^ kCrcTable[(crc ^ byte) & 0xFFU];
    }
    return ~crc;
}

SegmentWriter::SegmentWriter(const std::filesystem::path& path) : path_(path), file_(std::fopen(path.c_str(), "wb")) {
    if (!file_) {
        throw IoError(path.string() + ": " + std::strerror(errno));
    }
    const SegmentHeader blank{};
    write(&blank, sizeof(blank));
}

void SegmentWriter::write(const void* data, std::size_t size) {
    if (size > 0 && std::fwrite(data, 1, size, file_.get()) != size) {
        throw IoError(path_.string() + ": " + std::strerror(errno));
    }
    written_ += size;
}

void SegmentWriter::align() {
    constexpr std::array<char, 8> zeros{};
    write(zeros.data(), (8 - written_ % 8) % 8);
}

std::uint32_t SegmentWriter::add_recording(std::string_view label, std::span<const std::uint8_t> blob,
                                           std::uint64_t rows) {
    if (header_.postings > 0) {
        throw ArgumentError("recordings come before postings");
    }
    if (rows_ + rows > kMostRows || label.size() > kMostBytes || blob.size() > kMostBytes) {
        throw ArgumentError("rows of the segment are " + std::to_string(rows_ + rows) + "; allowed: at most " +
                            std::to_string(kMostRows));
    }
    const SegmentEntry entry{written_, written_ + label.size(), rows_, static_cast<std::uint32_t>(label.size()),
                             static_cast<std::uint32_t>(blob.size())};
    write(label.data(), label.size());
    write(blob.data(), blob.size());
    entries_.push_back(entry);
    sizes_.push_back(rows);
    rows_ += rows;
    return static_cast<std::uint32_t>(entries_.size() - 1);
}

void SegmentWriter::add_posting(std::uint32_t code, std::uint32_t recording, std::uint32_t position) {
    if (recording >= entries_.size() || position >= sizes_[recording]) {
        throw ArgumentError("position is " + std::to_string(position) + " in recording " + std::to_string(recording) +
                            "; allowed: below the rows of a recording that was added");
    }
    if (header_.postings == 0) {
        header_.stream = written_;
        position_bits_ = Segment::position_bits(rows_);
    }
    const std::uint64_t key =
        (static_cast<std::uint64_t>(code) << position_bits_) | (entries_[recording].base + position);
    if (key < last_key_ || (code >> Segment::kCodeBits) != 0) {
        throw ArgumentError("code is " + std::to_string(code) + "; allowed: below 2^28, codes and positions ascending");
    }
    if (header_.postings % SegmentBlock::kPostings == 0) {
        blocks_.push_back({key, written_});
    } else {
        std::array<std::uint8_t, 10> bytes{};
        std::size_t size = 0;
        std::uint64_t gap = key - last_key_;
        for (; gap >= 0x80U; gap >>= 7U) {
            bytes[size++] = static_cast<std::uint8_t>(gap | 0x80U);
        }
        bytes[size++] = static_cast<std::uint8_t>(gap);
        write(bytes.data(), size);
    }
    last_key_ = key;
    ++header_.postings;
}

// Entry s is the first block whose first code, shifted, is s or more; the last entry is the number of blocks.
std::vector<std::uint32_t> SegmentWriter::make_directory(std::uint32_t shift) const {
    const std::size_t slots = static_cast<std::size_t>((last_key_ >> position_bits_) >> shift) + 1;
    std::vector<std::uint32_t> directory(slots + 1);
    std::size_t block = 0;
    for (std::size_t slot = 0; slot < slots; ++slot) {
        while (block < blocks_.size() && ((blocks_[block].first >> position_bits_) >> shift) < slot) {
            ++block;
        }
        directory[slot] = static_cast<std::uint32_t>(block);
    }
    directory[slots] = static_cast<std::uint32_t>(blocks_.size());
    return directory;
}

void SegmentWriter::finish() {
    if (header_.postings == 0) {
        header_.stream = written_;
    }
    align();
    // About one slot for two blocks.
    const auto code_bits = static_cast<int>(std::bit_width(last_key_ >> position_bits_));
    const int slot_bits = std::max(1, static_cast<int>(std::bit_width(blocks_.size())) - 1);
    header_.directory_shift = static_cast<std::uint32_t>(std::max(0, code_bits - slot_bits));
    const std::vector<std::uint32_t> directory = make_directory(header_.directory_shift);
    header_.rows = rows_;
    header_.recordings = static_cast<std::uint32_t>(entries_.size());
    header_.entries = written_;
    header_.blocks = header_.entries + entries_.size() * sizeof(SegmentEntry);
    header_.block_count = blocks_.size();
    header_.directory = header_.blocks + blocks_.size() * sizeof(SegmentBlock);
    header_.directory_count = directory.size();
    std::uint32_t crc = crc32({reinterpret_cast<const std::uint8_t*>(&header_), sizeof(header_)});
    const auto table = [&](const auto& rows) {
        const std::span<const std::uint8_t> bytes(reinterpret_cast<const std::uint8_t*>(rows.data()),
                                                  rows.size() * sizeof(rows[0]));
        crc = crc32(bytes, crc);
        write(bytes.data(), bytes.size());
    };
    table(entries_);
    table(blocks_);
    table(directory);
    header_.crc = crc;
    if (std::fseek(file_.get(), 0, SEEK_SET) != 0) {
        throw IoError(path_.string() + ": " + std::strerror(errno));
    }
    write(&header_, sizeof(header_));
    if (std::fflush(file_.get()) != 0 || ::fsync(::fileno(file_.get())) != 0) {
        throw IoError(path_.string() + ": " + std::strerror(errno));
    }
    file_.reset();
}

void write_segment(const std::filesystem::path& path, std::span<const SegmentInput> inputs) {
    SegmentWriter writer(path);
    struct Posting {
        std::uint32_t code;
        std::uint32_t recording;
        std::uint32_t position;
    };
    std::vector<Posting> postings;
    for (const SegmentInput& input : inputs) {
        if (input.codes.size() != input.positions.size()) {
            throw ArgumentError("codes has " + std::to_string(input.codes.size()) + " elements and positions " +
                                std::to_string(input.positions.size()) + "; allowed: equal numbers");
        }
        std::uint64_t rows = 1;
        for (const std::uint32_t position : input.positions) {
            rows = std::max(rows, std::uint64_t{position} + 1);
        }
        const std::uint32_t recording = writer.add_recording(input.label, input.blob, rows);
        for (std::size_t i = 0; i < input.codes.size(); ++i) {
            postings.push_back({input.codes[i], recording, input.positions[i]});
        }
    }
    std::sort(postings.begin(), postings.end(), [](const Posting& a, const Posting& b) {
        return a.code != b.code             ? a.code < b.code
               : a.recording != b.recording ? a.recording < b.recording
                                            : a.position < b.position;
    });
    for (const Posting& posting : postings) {
        writer.add_posting(posting.code, posting.recording, posting.position);
    }
    writer.finish();
}

}  // namespace birthmark
