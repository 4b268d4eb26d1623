#pragma once

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

    void add(std::uint32_t tag, std::uint32_t recording, std::uint32_t position) {
        tags.push_back(tag);
        recordings.push_back(recording);
        positions.push_back(position);
    }
};

}  // namespace birthmark
