#include <algorithm>
#include <vector>

#include "birthmark/index/segment_writer.hpp"

namespace birthmark {
namespace {

constexpr std::uint32_t kGone = 0xFFFFFFFFU;

struct Source {
    Segment::Cursor cursor;
    std::vector<std::uint32_t> numbers;  // in the merged segment
};

struct Next {
    std::uint32_t code;
    std::uint32_t recording;
    std::uint32_t position;
    std::size_t source;

    // The heap of <algorithm> keeps the largest on top.
    bool operator<(const Next& other) const {
        if (code != other.code) {
            return code > other.code;
        }
        return recording != other.recording ? recording > other.recording : position > other.position;
    }
};

// The next posting of a source that is not dropped.
bool advance(Source& source, std::size_t index, Next& next) {
    for (; source.cursor.valid(); source.cursor.next()) {
        const Segment::Place place = source.cursor.place();
        const std::uint32_t recording = source.numbers[place.recording];
        if (recording != kGone) {
            next = {source.cursor.code(), recording, place.position, index};
            source.cursor.next();
            return true;
        }
    }
    return false;
}

}  // namespace

void merge_segments(const std::filesystem::path& path, std::span<const MergeInput> inputs) {
    SegmentWriter writer(path);
    std::vector<Source> sources;
    for (const MergeInput& input : inputs) {
        Source source{Segment::Cursor(*input.segment), {}};
        for (std::uint32_t i = 0; i < input.segment->recordings(); ++i) {
            const bool gone = !input.removed.empty() && input.removed[i] != 0;
            source.numbers.push_back(
                gone ? kGone
                     : writer.add_recording(input.segment->label(i), input.segment->blob(i), input.segment->rows(i)));
        }
        sources.push_back(std::move(source));
    }
    std::vector<Next> heap;
    Next next{};
    for (std::size_t i = 0; i < sources.size(); ++i) {
        if (advance(sources[i], i, next)) {
            heap.push_back(next);
        }
    }
    std::make_heap(heap.begin(), heap.end());
    while (!heap.empty()) {
        std::pop_heap(heap.begin(), heap.end());
        const Next top = heap.back();
        heap.pop_back();
        writer.add_posting(top.code, top.recording, top.position);
        if (advance(sources[top.source], top.source, next)) {
            heap.push_back(next);
            std::push_heap(heap.begin(), heap.end());
        }
    }
    writer.finish();
}

}  // namespace birthmark
