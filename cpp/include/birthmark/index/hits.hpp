#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace birthmark {

/// What is looked up: codes, each with a tag that comes back with its hits. Equal lengths.
struct Probes {
    std::span<const std::uint32_t> codes;
    std::span<const std::uint32_t> tags;
};

/// One element per pair of probe and posting with the same code, in no order.
struct Hits {
    std::vector<std::uint32_t> tags;
    std::vector<std::uint32_t> recordings;
    std::vector<std::uint32_t> positions;

    void reserve(std::size_t count) {
        tags.reserve(count);
        recordings.reserve(count);
        positions.reserve(count);
    }

    void resize(std::size_t count) {
        tags.resize(count);
        recordings.resize(count);
        positions.resize(count);
    }

    void add(std::uint32_t tag, std::uint32_t recording, std::uint32_t position) {
        tags.push_back(tag);
        recordings.push_back(recording);
        positions.push_back(position);
    }
};

/// How much a lookup may give: codes that stand often say little and cost much.
struct HitLimits {
    std::size_t postings;  ///< codes with more are left out
    std::size_t hits;      ///< the rarest codes come first; of those with equally many postings all or none
};

/// One of the codes of a lookup.
struct CodeHits {
    std::size_t postings;
    std::size_t hits;  ///< postings times probes
};

/// Codes with up to this many postings are within the limits; 0 where none is.
std::size_t most_postings(std::vector<CodeHits> codes, const HitLimits& limits);

}  // namespace birthmark
