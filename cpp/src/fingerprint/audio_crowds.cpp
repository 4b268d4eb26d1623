#include "birthmark/fingerprint/audio_crowds.hpp"

#include <algorithm>
#include <bit>

#include "birthmark/fingerprint/audio_codes.hpp"

namespace birthmark {
namespace {

constexpr std::uint32_t kBinRows = 32;
constexpr std::size_t kPartVotes = 16384;
constexpr unsigned kMostPartBits = 8;
constexpr unsigned kFewestTableBits = 10;
constexpr unsigned kMostTableBits = 23;

std::uint32_t hash(std::uint32_t recording) { return recording * 0x9E3779B1U; }

std::uint32_t row_of(std::uint32_t tag) { return tag >> AudioCodes::kShiftBits; }

AudioVote vote_of(const AudioHits& hits, std::size_t i) {
    const std::uint32_t row = row_of(hits.tags[i]);
    const auto shift = static_cast<std::int32_t>(hits.tags[i] & ((1U << AudioCodes::kShiftBits) - 1U));
    return {hits.recordings[i], (hits.positions[i] + AudioCrowds::kMostRows - row) / kBinRows, row, hits.positions[i],
            shift - AudioCodes::kShiftZero};
}

}  // namespace

void AudioCrowds::deal(const AudioHits& hits, std::uint32_t first, std::uint32_t last) {
    const auto inside = [&](std::size_t i) {
        const std::uint32_t row = row_of(hits.tags[i]);
        return row >= first && row < last && row < kMostRows && hits.positions[i] < kMostRows;
    };
    const auto part_bits =
        std::min(static_cast<unsigned>(std::bit_width(hits.tags.size() / kPartVotes)), kMostPartBits);
    const auto part_of = [&](std::size_t i) {
        return part_bits == 0 ? 0U : hash(hits.recordings[i]) >> (32U - part_bits);
    };
    std::vector<std::size_t> starts((std::size_t{1} << part_bits) + 1);
    for (std::size_t i = 0; i < hits.tags.size(); ++i) {
        starts[part_of(i) + 1] += inside(i) ? 1U : 0U;
    }
    for (std::size_t part = 1; part < starts.size(); ++part) {
        starts[part] += starts[part - 1];
    }
    ends_.assign(starts.begin() + 1, starts.end());
    tickets_.resize(ends_.back());
    for (std::size_t i = 0; i < hits.tags.size(); ++i) {
        if (inside(i)) {
            const std::uint32_t place = hash(hits.recordings[i]) % 0xFFFBU + vote_of(hits, i).bin;
            tickets_[starts[part_of(i)]++] = {static_cast<std::uint32_t>(i), place};
        }
    }
}

// Those with enough votes around them, moved to the front in their order.
std::span<AudioCrowds::Ticket> AudioCrowds::crowded(std::span<Ticket> part) {
    const auto bits = static_cast<unsigned>(std::bit_width(8 * part.size()));
    counts_.assign(std::size_t{1} << std::clamp(bits, kFewestTableBits, kMostTableBits), 0);
    const std::size_t mask = counts_.size() - 1;
    for (const Ticket& ticket : part) {
        std::uint8_t& here = counts_[ticket.place & mask];
        here = static_cast<std::uint8_t>(here + (here < UINT8_MAX ? 1U : 0U));
    }
    const auto alone = [&](const Ticket& ticket) {
        const std::size_t here = ticket.place & mask;
        const std::uint32_t around = std::max(counts_[(here + 1) & mask], counts_[(here - 1) & mask]);
        return counts_[here] + around < kFewest;
    };
    const auto end = std::remove_if(part.begin(), part.end(), alone);
    return part.first(static_cast<std::size_t>(end - part.begin()));
}

void AudioCrowds::sift(const AudioHits& hits, std::uint32_t first, std::uint32_t last, std::vector<AudioVote>& kept) {
    kept.clear();
    deal(hits, first, last);
    std::size_t start = 0;
    for (const std::size_t end : ends_) {
        // Among those that are left after the first round hardly any share a count by accident.
        for (const Ticket& ticket : crowded(crowded(std::span(tickets_).subspan(start, end - start)))) {
            kept.push_back(vote_of(hits, ticket.hit));
        }
        start = end;
    }
}

}  // namespace birthmark
