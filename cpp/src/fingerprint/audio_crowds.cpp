#include "birthmark/fingerprint/audio_crowds.hpp"

#include <algorithm>
#include <bit>
#include <iterator>

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
    votes_.resize(ends_.back());
    for (std::size_t i = 0; i < hits.tags.size(); ++i) {
        if (inside(i)) {
            const std::uint32_t row = row_of(hits.tags[i]);
            const auto shift = static_cast<std::int32_t>(hits.tags[i] & ((1U << AudioCodes::kShiftBits) - 1U));
            votes_[starts[part_of(i)]++] = {hits.recordings[i], (hits.positions[i] + kMostRows - row) / kBinRows, row,
                                            hits.positions[i], shift - AudioCodes::kShiftZero};
        }
    }
}

// Neighbouring bins are neighbours.
std::size_t AudioCrowds::slot(const AudioVote& vote) const {
    return (hash(vote.recording) % 0xFFFBU + vote.bin) & (counts_.size() - 1);
}

bool AudioCrowds::enough(const AudioVote& vote) const {
    const std::size_t here = slot(vote);
    const std::size_t mask = counts_.size() - 1;
    const std::uint32_t around = std::max(counts_[(here + 1) & mask], counts_[(here - 1) & mask]);
    return counts_[here] + around >= kFewest;
}

void AudioCrowds::sift_part(std::span<const AudioVote> votes, std::vector<AudioVote>& kept) {
    const auto count = [this](std::span<const AudioVote> those) {
        const auto bits = static_cast<unsigned>(std::bit_width(8 * those.size()));
        counts_.assign(std::size_t{1} << std::clamp(bits, kFewestTableBits, kMostTableBits), 0);
        for (const AudioVote& vote : those) {
            std::uint8_t& here = counts_[slot(vote)];
            here = static_cast<std::uint8_t>(here + (here < UINT8_MAX ? 1U : 0U));
        }
    };
    const std::size_t before = kept.size();
    count(votes);
    std::copy_if(votes.begin(), votes.end(), std::back_inserter(kept),
                 [this](const AudioVote& v) { return enough(v); });
    // Among those that are left hardly any share a count by accident.
    count(std::span(kept).subspan(before));
    const auto alone = [this](const AudioVote& v) { return !enough(v); };
    kept.erase(std::remove_if(kept.begin() + static_cast<std::ptrdiff_t>(before), kept.end(), alone), kept.end());
}

void AudioCrowds::sift(const AudioHits& hits, std::uint32_t first, std::uint32_t last, std::vector<AudioVote>& kept) {
    kept.clear();
    deal(hits, first, last);
    std::size_t start = 0;
    for (const std::size_t end : ends_) {
        sift_part(std::span(votes_).subspan(start, end - start), kept);
        start = end;
    }
}

}  // namespace birthmark
