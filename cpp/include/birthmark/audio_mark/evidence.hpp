#pragma once

#include <cstdint>
#include <span>

#include "birthmark/audio_mark/pattern.hpp"

namespace birthmark::audio_mark {

/// How well a folded block agrees with the chips of a key and payload.
struct Agreement {
    double z = 0.0;            ///< correlation over the Euclidean norm of the block
    double log10_tail = 0.0;   ///< that chips of independent fair signs agree as well, see log10_tail()
    double log10_bits = 0.0;   ///< the same of the code bits alone, without the sync chips, which no payload decides
    double reliability = 0.0;  ///< share of code bits whose soft value has the payload's sign

    Agreement() = default;
    Agreement(const Block& received, const Pattern& pattern, std::span<const std::int8_t> codeword);
};

/// log10 of an upper bound of the probability that sum(sign * block) / |block| reaches `z` for independent fair signs.
/// It holds for every block, marked or not, speech or not, since the block does not know the key. The smaller of two:
/// 3.18 times the normal tail, which bounds every weighted sum of signs (Bentkus and Dzindzalieta, Bernoulli 21, 2015),
/// and Chernoff's bound exp(-l z) prod(cosh(l block / |block|)) for this very block, which far out is the sharper one.
double log10_tail(std::span<const float> block, double z);

/// No z below this makes log10_tail(block, z) as small as `wanted`: cheap, and some 5 % lower than need be.
double least_z(std::span<const float> block, double wanted);

}  // namespace birthmark::audio_mark
