#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "birthmark/fingerprint/audio_votes.hpp"

namespace birthmark {

/// A hit as a vote for a place: `bin` is reference row - query row in steps of half a second.
struct AudioVote {
    std::uint32_t recording;
    std::uint32_t bin;
    std::uint32_t row;
    std::uint32_t position;
    std::int32_t shift;
};

/// Sifts hits: of a million by chance in a large index a few thousand are not alone in their place.
///
/// Hits are dealt by recording into parts whose counts fit into the cache; there each recording and bin has a hashed
/// count, which is never too small. 8 bytes a hit, and votes only of those that are kept.
class AudioCrowds {
  public:
    /// Votes that a bin and the fuller of its neighbours need in all.
    static constexpr std::uint32_t kFewest = 4;
    static constexpr std::uint32_t kMostRows = 1U << 24U;  ///< positions and rows from here on are passed over

    /// Puts into `kept` the hits of the query's rows [first, last) whose place has enough votes. Hits have equal
    /// lengths.
    void sift(const AudioHits& hits, std::uint32_t first, std::uint32_t last, std::vector<AudioVote>& kept);

  private:
    /// A hit, and the place that its recording and bin share with few others; neighbouring bins are neighbours.
    struct Ticket {
        std::uint32_t hit;
        std::uint32_t place;
    };

    void deal(const AudioHits& hits, std::uint32_t first, std::uint32_t last);
    std::span<Ticket> crowded(std::span<Ticket> part);

    std::vector<Ticket> tickets_;
    std::vector<std::size_t> ends_;  // of the parts in tickets_
    std::vector<std::uint8_t> counts_;
};

}  // namespace birthmark
