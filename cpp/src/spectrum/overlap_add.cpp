#include "birthmark/spectrum/overlap_add.hpp"

#include <algorithm>
#include <string>

#include "birthmark/errors.hpp"

namespace birthmark {

OverlapAdd::OverlapAdd(std::size_t size, std::size_t hop) : hop_(hop), sum_(size), done_(hop) {
    if (hop < 1 || hop > size) {
        throw ArgumentError("hop is " + std::to_string(hop) + "; allowed: 1 to size, " + std::to_string(size));
    }
}

std::span<const float> OverlapAdd::add(std::span<const float> frame) {
    if (frame.size() != sum_.size()) {
        throw ArgumentError("frame has " + std::to_string(frame.size()) +
                            " samples; allowed: " + std::to_string(sum_.size()));
    }
    for (std::size_t n = 0; n < sum_.size(); ++n) {
        sum_[n] += frame[n];
    }
    const auto split = sum_.begin() + static_cast<std::ptrdiff_t>(hop_);
    std::copy(sum_.begin(), split, done_.begin());
    std::fill(std::copy(split, sum_.end(), sum_.begin()), sum_.end(), 0.0F);
    return done_;
}

std::span<const float> OverlapAdd::tail() const { return std::span(sum_).first(sum_.size() - hop_); }

void OverlapAdd::reset() { std::fill(sum_.begin(), sum_.end(), 0.0F); }

}  // namespace birthmark
