// Any bytes as an index segment: refused or read without leaving them. The checksum is set right first, so that what
// lies behind it is reached too.
#include <cstring>
#include <vector>

#include "birthmark/errors.hpp"
#include "birthmark/index/segment.hpp"
#include "birthmark/index/segment_writer.hpp"

namespace {

using birthmark::SegmentHeader;

void mend(std::vector<unsigned char>& bytes) {
    SegmentHeader header;
    if (bytes.size() < sizeof(header)) {
        return;
    }
    std::memcpy(&header, bytes.data(), sizeof(header));
    if (header.entries > bytes.size()) {
        return;
    }
    header.crc = 0;
    header.crc = birthmark::crc32(std::span(bytes).subspan(header.entries),
                                  birthmark::crc32({reinterpret_cast<const unsigned char*>(&header), sizeof(header)}));
    std::memcpy(bytes.data(), &header, sizeof(header));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    std::vector<unsigned char> bytes(data, data + size);
    mend(bytes);
    try {
        const birthmark::Segment segment(bytes);
        std::vector<std::uint32_t> codes;
        for (std::uint32_t code = 0; code < 40; ++code) {
            codes.push_back(code * code * code * 100);
        }
        birthmark::Hits hits;
        segment.lookup({codes, codes}, {1000, 2000}, 0, {}, hits);
        for (std::uint32_t i = 0; i < segment.recordings() && i < 50; ++i) {
            segment.label(i);
            segment.blob(i);
        }
        std::size_t count = 0;
        for (birthmark::Segment::Cursor cursor(segment); cursor.valid() && count < 10000; cursor.next()) {
            count += cursor.code() > 0 ? 1U : 0U;
            static_cast<void>(cursor.place());
        }
    } catch (const birthmark::FormatError&) {
        return 0;
    }
    return 0;
}
