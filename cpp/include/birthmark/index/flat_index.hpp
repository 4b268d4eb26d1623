#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "birthmark/index/hits.hpp"

namespace birthmark {

/// Brute force, the oracle of every other index: a list of postings that each lookup reads from end to end.
class FlatIndex {
  public:
    /// Throws ArgumentError for different numbers of codes and positions.
    void add(std::uint32_t recording, std::span<const std::uint32_t> codes, std::span<const std::uint32_t> positions);

    /// Number of postings that are gone.
    std::size_t remove(std::uint32_t recording);

    std::size_t size() const { return postings_.size(); }

    Hits lookup(const Probes& probes, const HitLimits& limits) const;

  private:
    struct Posting {
        std::uint32_t code;
        std::uint32_t recording;
        std::uint32_t position;
    };

    std::vector<Posting> postings_;
};

}  // namespace birthmark
