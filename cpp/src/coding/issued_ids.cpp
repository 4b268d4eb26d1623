#include "birthmark/coding/issued_ids.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>

#include "birthmark/coding/payload_code.hpp"
#include "birthmark/errors.hpp"
#include "nibble_scores.hpp"

namespace birthmark {
namespace {

using detail::kBlock;

constexpr std::size_t kGroupBytes = std::size_t{1} << 16;
constexpr std::size_t kFetchAhead =
    4;  // blocks; a search that skips columns is no sequence that the processor foresees

/// Bring bytes that will be needed soon from memory.
void fetch(std::span<const std::uint8_t> bytes, std::size_t first, std::size_t size) {
    constexpr std::size_t kLine = 64;
    const std::size_t end = std::min(bytes.size(), first + size);
    for (std::size_t at = first; at < end; at += kLine) __builtin_prefetch(bytes.data() + at);
}

/// Codewords of many payloads. The code is affine, so a payload's codeword is the sum of eight table entries.
class FastEncoder {
  public:
    explicit FastEncoder(const PayloadCode& code) : words_(code.size() / 64), table_(kEntries * words_) {
        std::vector<std::uint64_t> zero(words_);
        code.codeword(0, zero);
        for (std::size_t entry = 0; entry < kEntries; ++entry) {
            const auto out = std::span(table_).subspan(entry * words_, words_);
            code.codeword(std::uint64_t{entry % 256} << (8 * (entry / 256)), out);
            // The constant part belongs into one of the eight tables only.
            if (entry >= 256) {
                for (std::size_t w = 0; w < words_; ++w) out[w] ^= zero[w];
            }
        }
    }

    void encode(std::uint64_t payload, std::span<std::uint64_t> words) const {
        std::fill(words.begin(), words.end(), 0);
        for (std::size_t byte = 0; byte < 8; ++byte) {
            const std::size_t entry = byte * 256 + ((payload >> (8 * byte)) & 0xff);
            for (std::size_t w = 0; w < words_; ++w) words[w] ^= table_[entry * words_ + w];
        }
    }

  private:
    static constexpr std::size_t kEntries = std::size_t{8} * 256;
    std::size_t words_;
    std::vector<std::uint64_t> table_;
};

/// The search for one soft vector: tables, the best so far, and the quantised score that a payload must reach.
class Search {
  public:
    Search(std::span<const float> soft, std::size_t count, float at_least)
        : tables_(soft),
          count_(count),
          at_least_(at_least),
          wanted_(tables_.lowest_quantised(at_least)),
          decisive_(tables_.decisive_columns(wanted_)) {
        best_.reserve(count + 1);
    }

    void scan(const std::uint8_t* block, std::size_t first, std::size_t size) {
        alignas(64) detail::NibbleScores::Score score;
        if (tables_.score_block(block, decisive_, score) + tables_.rest(decisive_) < wanted_) return;
        if (decisive_ < tables_.columns()) tables_.score_block(block, tables_.columns(), score);
        for (std::size_t j = 0; j < size; ++j) {
            if (score[j] >= wanted_) offer(first + j, tables_.exact(block, j));
        }
    }

    [[nodiscard]] std::span<const std::pair<float, std::size_t>> best() const { return best_; }

  private:
    void offer(std::size_t index, float score) {
        if (score < at_least_) return;
        const auto before = [](const auto& a, const auto& b) { return a.first > b.first; };
        const std::pair<float, std::size_t> entry{score, index};
        best_.insert(std::upper_bound(best_.begin(), best_.end(), entry, before), entry);
        if (best_.size() > count_) best_.pop_back();
        if (best_.size() == count_) wanted_ = std::max(wanted_, int{tables_.lowest_quantised(best_.back().first)});
    }

    detail::NibbleScores tables_;
    std::size_t count_;
    float at_least_;
    int wanted_;
    std::size_t decisive_;
    std::vector<std::pair<float, std::size_t>> best_;
};

}  // namespace

IssuedIds::IssuedIds(std::size_t code_bits, std::span<const std::uint64_t> ids)
    : code_bits_(code_bits), ids_(ids.begin(), ids.end()) {
    fill();
}

void IssuedIds::fill() {
    const FastEncoder encoder{PayloadCode(code_bits_)};
    const std::size_t columns = code_bits_ / 8;
    blocks_.resize((ids_.size() + kBlock - 1) / kBlock * kBlock * columns);
    std::array<std::uint64_t, 16> words{};
    for (std::size_t i = 0; i < ids_.size(); ++i) {
        encoder.encode(ids_[i], std::span(words).first(code_bits_ / 64));
        std::uint8_t* to = blocks_.data() + i / kBlock * kBlock * columns + i % kBlock;
        for (std::size_t c = 0; c < columns; ++c) {
            to[c * kBlock] = static_cast<std::uint8_t>(words[c / 8] >> (8 * (c % 8)));
        }
    }
}

std::vector<IssuedIds::Match> IssuedIds::best(std::span<const float> soft, std::size_t count) const {
    if (soft.size() != code_bits_) {
        throw ArgumentError("soft has " + std::to_string(soft.size()) +
                            " values; allowed: " + std::to_string(code_bits_));
    }
    return std::move(best_of_each(soft, count).front());
}

std::vector<std::vector<IssuedIds::Match>> IssuedIds::best_of_each(std::span<const float> soft, std::size_t count,
                                                                   std::span<const float> at_least) const {
    if (soft.size() % code_bits_ != 0) {
        throw ArgumentError("soft has " + std::to_string(soft.size()) + " values; allowed: a multiple of " +
                            std::to_string(code_bits_));
    }
    for (const float value : soft) {
        if (!std::isfinite(value)) throw ArgumentError("soft holds a value that is not finite");
    }
    std::vector<std::vector<Match>> matches(soft.size() / code_bits_);
    if (!at_least.empty() && at_least.size() != matches.size()) {
        throw ArgumentError("at_least has " + std::to_string(at_least.size()) + " values; allowed: none or " +
                            std::to_string(matches.size()));
    }
    count = std::min(count, ids_.size());
    if (count == 0) return matches;
    std::vector<Search> searches;
    searches.reserve(matches.size());
    for (std::size_t h = 0; h < matches.size(); ++h) {
        const float lowest = at_least.empty() ? -std::numeric_limits<float>::infinity() : at_least[h];
        searches.emplace_back(soft.subspan(h * code_bits_, code_bits_), count, lowest);
    }
    // Blocks go through all searches in groups that stay in the second-level cache.
    const std::size_t block_bytes = kBlock * code_bits_ / 8;
    const std::size_t blocks = blocks_.size() / block_bytes;
    const std::size_t group_blocks = kGroupBytes / block_bytes;
    for (std::size_t group = 0; group < blocks; group += group_blocks) {
        for (auto& search : searches) {
            for (std::size_t block = group; block < std::min(group + group_blocks, blocks); ++block) {
                if (&search == searches.data()) fetch(blocks_, (block + kFetchAhead) * block_bytes, block_bytes);
                const std::size_t first = block * kBlock;
                search.scan(blocks_.data() + block * block_bytes, first, std::min(kBlock, ids_.size() - first));
            }
        }
    }
    for (std::size_t h = 0; h < matches.size(); ++h) {
        for (const auto& [score, index] : searches[h].best()) matches[h].push_back({ids_[index], score});
    }
    return matches;
}

}  // namespace birthmark
