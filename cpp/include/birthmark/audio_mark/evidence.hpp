#pragma once

#include <span>

#include "birthmark/audio_mark/pattern.hpp"

namespace birthmark::audio_mark {

/// How well a folded block agrees with the chips of a key and payload.
struct Agreement {
    double z = 0.0;            ///< correlation over the Euclidean norm of the block
    double reliability = 0.0;  ///< share of code bits whose soft value has the payload's sign

    Agreement() = default;
    Agreement(const Block& received, const Pattern& pattern, std::span<const std::int8_t> codeword);
};

/// log10 of the probability that chips of independent fair signs reach a z at least this large: 3.18 times the normal
/// tail, which bounds every weighted sum of signs (Bentkus and Dzindzalieta, Bernoulli 21, 2015). It holds for every
/// received block, marked or not, speech or not, since the block does not know the key.
double log10_tail(double z);

}  // namespace birthmark::audio_mark
