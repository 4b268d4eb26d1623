#include "birthmark/index/hits.hpp"

#include <algorithm>

namespace birthmark {

std::size_t most_postings(std::vector<CodeHits> codes, const HitLimits& limits) {
    std::sort(codes.begin(), codes.end(), [](const CodeHits& a, const CodeHits& b) { return a.postings < b.postings; });
    std::size_t hits = 0;
    for (const CodeHits& code : codes) {
        hits += code.hits;
        if (code.postings > limits.postings || hits > limits.hits) {
            return code.postings > 0 ? std::min(limits.postings, code.postings - 1) : 0;
        }
    }
    return limits.postings;
}

}  // namespace birthmark
