#include "limited_hits.hpp"

#include <algorithm>

namespace birthmark {

LimitedHits::LimitedHits(const HitLimits& limits, Hits& hits)
    : limits_(limits), hits_(hits), begin_(hits.tags.size()), most_(limits.postings) {}

void LimitedHits::end_code(std::size_t postings, std::size_t counted) {
    codes_.push_back({postings, counted});
    ends_.push_back(hits_.tags.size());
    counted_ += counted;
    if (counted_ / 2 > limits_.hits) {
        sift();
    }
}

void LimitedHits::finish() {
    if (counted_ > limits_.hits) {
        sift();
    }
}

void LimitedHits::sift() {
    most_ = most_postings(codes_, limits_);
    std::size_t kept = 0;
    std::size_t to = begin_;
    std::size_t from = begin_;
    counted_ = 0;
    for (std::size_t i = 0; i < codes_.size(); ++i) {
        const std::size_t end = ends_[i];
        if (codes_[i].postings <= most_) {
            move(from, end, to);
            to += end - from;
            counted_ += codes_[i].hits;
            codes_[kept] = codes_[i];
            ends_[kept++] = to;
        }
        from = end;
    }
    codes_.resize(kept);
    ends_.resize(kept);
    hits_.resize(to);
}

void LimitedHits::move(std::size_t from, std::size_t end, std::size_t to) {
    for (auto* column : {&hits_.tags, &hits_.recordings, &hits_.positions}) {
        const auto begin = column->begin();
        std::copy(begin + static_cast<std::ptrdiff_t>(from), begin + static_cast<std::ptrdiff_t>(end),
                  begin + static_cast<std::ptrdiff_t>(to));
    }
}

}  // namespace birthmark
