#include "birthmark/coding/payload_code.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "birthmark/coding/information_set.hpp"
#include "birthmark/errors.hpp"

namespace birthmark {

PayloadCode::PayloadCode(std::size_t code_bits) : polar_(information_set(code_bits), kTaps) {}

void PayloadCode::codeword(std::uint64_t payload, std::span<std::uint64_t> words) const {
    if (words.size() != size() / 64) {
        throw ArgumentError("words has " + std::to_string(words.size()) +
                            " elements; allowed: " + std::to_string(size() / 64));
    }
    const std::array<std::uint64_t, 2> information{payload, kCrc(payload)};
    polar_.encode(information, words);
}

void PayloadCode::encode(std::uint64_t payload, std::span<std::int8_t> chips) const {
    if (chips.size() != size()) {
        throw ArgumentError("chips has " + std::to_string(chips.size()) +
                            " elements; allowed: " + std::to_string(size()));
    }
    std::array<std::uint64_t, 16> words{};
    codeword(payload, std::span(words).first(size() / 64));
    for (std::size_t i = 0; i < chips.size(); ++i) {
        chips[i] = ((words[i / 64] >> (i % 64)) & 1U) != 0 ? std::int8_t{-1} : std::int8_t{1};
    }
}

PayloadDecoder::PayloadDecoder(const PayloadCode& code, std::size_t list_size)
    : polar_(code.polar(), list_size), candidates_(list_size) {}

std::span<const Candidate> PayloadDecoder::decode(std::span<const float> soft) {
    polar_.decode(soft);
    for (std::size_t path = 0; path < polar_.paths(); ++path) {
        const std::uint64_t payload = polar_.information(path, 0) | std::uint64_t{polar_.information(path, 1)} << 32;
        const bool valid = polar_.information(path, 2) == PayloadCode::kCrc(payload);
        candidates_[path] = {payload, polar_.correlation(path), valid};
    }
    const auto found = std::span(candidates_).first(polar_.paths());
    std::sort(found.begin(), found.end(), [](const Candidate& a, const Candidate& b) {
        if (a.valid != b.valid) return a.valid;
        if (a.correlation != b.correlation) return a.correlation > b.correlation;
        return a.payload < b.payload;
    });
    return found;
}

}  // namespace birthmark
