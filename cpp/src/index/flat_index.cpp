#include "birthmark/index/flat_index.hpp"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "birthmark/errors.hpp"

namespace birthmark {

void FlatIndex::add(std::uint32_t recording, std::span<const std::uint32_t> codes,
                    std::span<const std::uint32_t> positions) {
    if (codes.size() != positions.size()) {
        throw ArgumentError("codes has " + std::to_string(codes.size()) + " elements and positions " +
                            std::to_string(positions.size()) + "; allowed: equal numbers");
    }
    for (std::size_t i = 0; i < codes.size(); ++i) {
        postings_.push_back({codes[i], recording, positions[i]});
    }
}

std::size_t FlatIndex::remove(std::uint32_t recording) {
    return std::erase_if(postings_, [recording](const Posting& posting) { return posting.recording == recording; });
}

Hits FlatIndex::lookup(const Probes& probes, const HitLimits& limits) const {
    std::unordered_map<std::uint32_t, std::size_t> counts;
    std::unordered_multimap<std::uint32_t, std::uint32_t> tags;
    for (std::size_t i = 0; i < probes.codes.size(); ++i) {
        counts[probes.codes[i]] = 0;
        tags.emplace(probes.codes[i], probes.tags[i]);
    }
    for (const Posting& posting : postings_) {
        const auto count = counts.find(posting.code);
        if (count != counts.end()) {
            ++count->second;
        }
    }
    std::vector<CodeHits> codes;
    for (const auto& [code, count] : counts) {
        codes.push_back({count, count * tags.count(code)});
    }
    const std::size_t most = most_postings(std::move(codes), limits);
    Hits hits;
    for (const Posting& posting : postings_) {
        const auto count = counts.find(posting.code);
        if (count == counts.end() || count->second > most) {
            continue;
        }
        const auto [from, to] = tags.equal_range(posting.code);
        for (auto it = from; it != to; ++it) {
            hits.add(it->second, posting.recording, posting.position);
        }
    }
    return hits;
}

}  // namespace birthmark
