#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace birthmark {

/// A place where a window of the query may stand in a recording: reference row = scale * query row + offset, query band
/// = reference band + shift.
struct AudioCandidate {
    std::uint32_t recording;
    std::uint32_t first;  ///< rows of the query that the window covers
    std::uint32_t last;
    float scale;
    float offset;
    float shift;
    std::uint32_t votes;
};

/// Windows of a query that are searched one by one, so that a short passage is found in a long file.
struct AudioWindows {
    static constexpr std::uint32_t kRows = 312;  ///< 5 s
    static constexpr std::uint32_t kHop = 156;

    static std::uint32_t count(std::uint32_t rows);
    static std::uint32_t first(std::uint32_t rows, std::uint32_t window);
    static std::uint32_t last(std::uint32_t rows, std::uint32_t window);
};

/// Hits of probes: element i says that the code with tags[i] stands at positions[i] of recordings[i].
struct AudioHits {
    std::span<const std::uint32_t> tags;
    std::span<const std::uint32_t> recordings;
    std::span<const std::uint32_t> positions;
};

/// The best `limit` candidates of each window of a query of `rows` rows, most votes first. Hits of one candidate agree
/// in recording, shift (within a band), scale (0.88 to 1.12) and offset (within 5 rows). Throws ArgumentError
/// for hits of different lengths.
std::vector<AudioCandidate> vote(const AudioHits& hits, std::uint32_t rows, std::size_t limit);

}  // namespace birthmark
