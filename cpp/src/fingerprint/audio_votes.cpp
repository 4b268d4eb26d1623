#include "birthmark/fingerprint/audio_votes.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "birthmark/errors.hpp"
#include "birthmark/fingerprint/audio_codes.hpp"
#include "birthmark/fingerprint/audio_crowds.hpp"

namespace birthmark {
namespace {

constexpr std::uint32_t kFewest = 3;  // votes of a candidate
constexpr int kScaleSteps = 12;       // steps of 1 % on either side
constexpr float kOffsetRows = 5.0F;

// Votes of one window that share a recording and two neighbouring bins, sorted by bin.
AudioCandidate fit(std::span<const AudioVote> votes, float middle, std::vector<std::pair<float, std::uint32_t>>& work) {
    AudioCandidate best{votes.front().recording, 0, 0, 1.0F, 0.0F, 0.0F, 0};
    std::array<int, 2 * AudioCodes::kShiftZero + 1> shifts{};
    for (const AudioVote& vote : votes) {
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
            for (const AudioVote& vote : votes) {
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

// Votes of one recording in two neighbouring bins, and how many of them agree on a shift within a band.
struct Group {
    std::size_t first;
    std::size_t last;
    std::uint32_t agree;
};

std::uint32_t most_agreeing(std::span<const AudioVote> votes) {
    std::array<std::uint32_t, 2 * AudioCodes::kShiftZero + 2> shifts{};
    for (const AudioVote& vote : votes) {
        ++shifts[static_cast<std::size_t>(vote.shift + AudioCodes::kShiftZero)];
    }
    std::uint32_t most = 0;
    for (std::size_t i = 1; i + 1 < shifts.size(); ++i) {
        most = std::max(most, shifts[i - 1] + shifts[i] + shifts[i + 1]);
    }
    return most;
}

// Sorts votes by recording and bin and finds the groups that can make a candidate, the most agreeing first.
std::vector<Group> group(std::vector<AudioVote>& votes) {
    std::sort(votes.begin(), votes.end(), [](const AudioVote& a, const AudioVote& b) {
        return a.recording != b.recording ? a.recording < b.recording : a.bin < b.bin;
    });
    std::vector<Group> groups;
    for (std::size_t i = 0; i < votes.size();) {
        const auto end_of = [&votes, i](std::size_t from, std::uint32_t bin) {
            while (from < votes.size() && votes[from].recording == votes[i].recording && votes[from].bin == bin) {
                ++from;
            }
            return from;
        };
        const std::size_t next = end_of(i, votes[i].bin);
        const std::size_t end = end_of(next, votes[i].bin + 1);
        if (end - i >= AudioCrowds::kFewest) {
            const std::uint32_t agree = most_agreeing(std::span(votes).subspan(i, end - i));
            if (agree >= kFewest) {
                groups.push_back({i, end, agree});
            }
        }
        i = next;
    }
    std::stable_sort(groups.begin(), groups.end(), [](const Group& a, const Group& b) { return a.agree > b.agree; });
    return groups;
}

bool better(const AudioCandidate& a, const AudioCandidate& b) {
    if (a.votes != b.votes) {
        return a.votes > b.votes;
    }
    return a.recording != b.recording ? a.recording < b.recording : a.offset < b.offset;
}

// The best `limit` fits. A group has no more votes than agree, so the rest is left when those cannot do better.
std::vector<AudioCandidate> best_fits(std::span<const AudioVote> votes, std::span<const Group> groups, float middle,
                                      std::size_t limit) {
    std::vector<AudioCandidate> best;  // a heap, the worst on top
    std::vector<std::pair<float, std::uint32_t>> work;
    for (const Group& g : groups) {
        if (limit == 0 || (best.size() == limit && g.agree < best.front().votes)) {
            break;
        }
        const AudioCandidate candidate = fit(votes.subspan(g.first, g.last - g.first), middle, work);
        if (candidate.votes < kFewest || (best.size() == limit && !better(candidate, best.front()))) {
            continue;
        }
        if (best.size() == limit) {
            std::pop_heap(best.begin(), best.end(), better);
            best.pop_back();
        }
        best.push_back(candidate);
        std::push_heap(best.begin(), best.end(), better);
    }
    std::sort_heap(best.begin(), best.end(), better);
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
    if (n == 0) {
        return {};
    }
    const auto [lowest, highest] = std::minmax_element(hits.tags.begin(), hits.tags.end());
    const std::uint32_t first_row = *lowest >> AudioCodes::kShiftBits;
    const std::uint32_t last_row = *highest >> AudioCodes::kShiftBits;
    AudioCrowds crowds;
    std::vector<AudioVote> kept;
    std::vector<AudioCandidate> result;
    for (std::uint32_t w = 0; w < AudioWindows::count(rows); ++w) {
        const std::uint32_t first = AudioWindows::first(rows, w);
        const std::uint32_t last = AudioWindows::last(rows, w);
        if (first > last_row || last <= first_row) {
            continue;
        }
        crowds.sift(hits, first, last, kept);
        const std::vector<Group> groups = group(kept);
        for (AudioCandidate& found : best_fits(kept, groups, 0.5F * static_cast<float>(first + last), limit)) {
            found.first = first;
            found.last = last;
            result.push_back(found);
        }
    }
    return result;
}

}  // namespace birthmark
