#include "birthmark/fingerprint/audio_votes.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <string>

#include "birthmark/errors.hpp"
#include "birthmark/fingerprint/audio_codes.hpp"

namespace birthmark {
namespace {

constexpr std::uint32_t kBinRows = 32;         // coarse bins of reference row - query row
constexpr std::uint32_t kBinZero = 1U << 24U;  // keeps the difference positive
constexpr std::uint32_t kFewest = 3;           // votes of a candidate
constexpr int kScaleSteps = 12;                // steps of 1 % on either side
constexpr float kOffsetRows = 5.0F;
constexpr unsigned kTableBits = 22;

struct Vote {
    std::uint32_t recording;
    std::uint32_t bin;
    std::uint32_t row;
    std::uint32_t position;
    int shift;
};

std::uint32_t bin_of(std::uint32_t row, std::uint32_t position) { return (position + kBinZero - row) / kBinRows; }

std::size_t slot(std::uint32_t recording, std::uint32_t bin, unsigned bits) {
    const std::uint64_t key = (static_cast<std::uint64_t>(recording) << 32U) | bin;
    return static_cast<std::size_t>((key * 0x9E3779B97F4A7C15ULL) >> (64U - bits));
}

// Votes of one window that share a recording and two neighbouring bins, sorted by bin.
AudioCandidate fit(std::span<const Vote> votes, float middle, std::vector<std::pair<float, std::uint32_t>>& work) {
    AudioCandidate best{votes.front().recording, 0, 0, 1.0F, 0.0F, 0.0F, 0};
    std::array<int, 2 * AudioCodes::kShiftZero + 1> shifts{};
    for (const Vote& vote : votes) {
        for (int around = -1; around <= 1; ++around) {
            ++shifts[static_cast<std::size_t>(std::clamp(vote.shift + around + AudioCodes::kShiftZero, 0, 16))];
        }
    }
    const int top = *std::max_element(shifts.begin(), shifts.end());
    for (int centre = -AudioCodes::kShift; centre <= AudioCodes::kShift; ++centre) {
        const int support = shifts[static_cast<std::size_t>(centre + AudioCodes::kShiftZero)];
        if (support < static_cast<int>(kFewest) || support * 4 < top * 3) {
            continue;
        }
        for (int step = -kScaleSteps; step <= kScaleSteps; ++step) {
            const float scale = 1.0F + 0.01F * static_cast<float>(step);
            work.clear();
            float shift_sum = 0.0F;
            for (const Vote& vote : votes) {
                if (std::abs(vote.shift - centre) <= 1) {
                    work.emplace_back(
                        static_cast<float>(vote.position) - scale * (static_cast<float>(vote.row) - middle) - middle,
                        vote.row);
                    shift_sum += static_cast<float>(vote.shift);
                }
            }
            if (work.size() <= best.votes) {
                continue;
            }
            std::sort(work.begin(), work.end());
            // The fullest stretch of offsets; many codes of one query row count once.
            for (std::size_t i = 0, j = 0; i < work.size(); ++i) {
                j = std::max(j, i);
                while (j < work.size() && work[j].first <= work[i].first + kOffsetRows) {
                    ++j;
                }
                const auto count = static_cast<std::uint32_t>(j - i);
                const bool nearer = std::abs(scale - 1.0F) < std::abs(best.scale - 1.0F);
                if (count > best.votes || (count == best.votes && nearer)) {
                    const float offset = work[i + (j - i) / 2].first;
                    best.scale = scale;
                    best.offset = offset + middle - scale * middle;
                    best.shift = shift_sum / static_cast<float>(work.size());
                    best.votes = count;
                }
            }
        }
    }
    return best;
}

}  // namespace

std::uint32_t AudioWindows::count(std::uint32_t rows) {
    return rows <= kRows + kHop ? 1 : (rows - kRows + kHop - 1) / kHop + 1;
}

std::uint32_t AudioWindows::first(std::uint32_t rows, std::uint32_t window) {
    return count(rows) == 1 ? 0 : std::min(window * kHop, rows - kRows);
}

std::uint32_t AudioWindows::last(std::uint32_t rows, std::uint32_t window) {
    return count(rows) == 1 ? rows : first(rows, window) + kRows;
}

std::vector<AudioCandidate> vote(const AudioHits& hits, std::uint32_t rows, std::size_t limit) {
    const std::size_t n = hits.tags.size();
    if (hits.recordings.size() != n || hits.positions.size() != n) {
        throw ArgumentError("hits has " + std::to_string(n) + " tags, " + std::to_string(hits.recordings.size()) +
                            " recordings and " + std::to_string(hits.positions.size()) +
                            " positions; allowed: equal numbers");
    }
    std::vector<AudioCandidate> result;
    // Indices of the hits of each half second stretch of query would cost a sort; windows are few, so one pass each.
    std::vector<std::uint32_t> order(n);
    const std::uint32_t windows = AudioWindows::count(rows);
    const unsigned bits = std::clamp(static_cast<unsigned>(std::bit_width(2 * n / windows + 1)), 10U, kTableBits);
    std::vector<std::uint16_t> table(std::size_t{1} << bits);
    std::vector<Vote> kept;
    std::vector<AudioCandidate> found;
    std::vector<std::pair<float, std::uint32_t>> work;
    std::uint32_t first_row = UINT32_MAX;
    std::uint32_t last_row = 0;
    for (std::size_t i = 0; i < n; ++i) {
        first_row = std::min(first_row, hits.tags[i] >> AudioCodes::kShiftBits);
        last_row = std::max(last_row, hits.tags[i] >> AudioCodes::kShiftBits);
    }
    for (std::uint32_t w = 0; w < windows; ++w) {
        const std::uint32_t first = AudioWindows::first(rows, w);
        const std::uint32_t last = AudioWindows::last(rows, w);
        if (n == 0 || first > last_row || last <= first_row) {
            continue;
        }
        std::fill(table.begin(), table.end(), std::uint16_t{0});
        std::size_t inside = 0;
        for (std::size_t i = 0; i < n; ++i) {
            const std::uint32_t row = hits.tags[i] >> AudioCodes::kShiftBits;
            if (row < first || row >= last || hits.positions[i] >= kBinZero || row >= kBinZero) {
                continue;
            }
            order[inside++] = static_cast<std::uint32_t>(i);
            std::uint16_t& count = table[slot(hits.recordings[i], bin_of(row, hits.positions[i]), bits)];
            count = static_cast<std::uint16_t>(count + (count < UINT16_MAX ? 1U : 0U));
        }
        kept.clear();
        for (std::size_t k = 0; k < inside; ++k) {
            const std::size_t i = order[k];
            const std::uint32_t row = hits.tags[i] >> AudioCodes::kShiftBits;
            const std::uint32_t bin = bin_of(row, hits.positions[i]);
            const std::uint32_t around =
                table[slot(hits.recordings[i], bin, bits)] + std::max(table[slot(hits.recordings[i], bin + 1, bits)],
                                                                      table[slot(hits.recordings[i], bin - 1, bits)]);
            if (around >= kFewest + 1) {
                const int shift = static_cast<int>(hits.tags[i] & 15U) - AudioCodes::kShiftZero;
                kept.push_back({hits.recordings[i], bin, row, hits.positions[i], shift});
            }
        }
        std::sort(kept.begin(), kept.end(), [](const Vote& a, const Vote& b) {
            return a.recording != b.recording ? a.recording < b.recording : a.bin < b.bin;
        });
        found.clear();
        const float middle = 0.5F * static_cast<float>(first + last);
        for (std::size_t i = 0; i < kept.size();) {
            std::size_t next = i;
            while (next < kept.size() && kept[next].recording == kept[i].recording && kept[next].bin == kept[i].bin) {
                ++next;
            }
            std::size_t end = next;
            while (end < kept.size() && kept[end].recording == kept[i].recording && kept[end].bin == kept[i].bin + 1) {
                ++end;
            }
            if (end - i > kFewest) {
                AudioCandidate candidate = fit(std::span(kept).subspan(i, end - i), middle, work);
                candidate.first = first;
                candidate.last = last;
                if (candidate.votes >= kFewest) {
                    found.push_back(candidate);
                }
            }
            i = next;
        }
        const std::size_t best = std::min(limit, found.size());
        std::partial_sort(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(best), found.end(),
                          [](const AudioCandidate& a, const AudioCandidate& b) { return a.votes > b.votes; });
        result.insert(result.end(), found.begin(), found.begin() + static_cast<std::ptrdiff_t>(best));
    }
    return result;
}

}  // namespace birthmark
