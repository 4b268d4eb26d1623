#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "birthmark/keys/key.hpp"
#include "birthmark/voice_signature/model.hpp"

namespace birthmark::voice_signature {

/// The signs of a key: kClasses rows of kBands, each +1 or -1. All that a key decides.
std::vector<std::int8_t> signature_chips(const Key& key);

/// What one sign puts into the bands at strength 1, in dB: one row of kBands for each of kBands signs. The spread keeps
/// the pattern where it lasts: slower than what codecs smooth away, faster than voices differ.
std::vector<float> band_spread();

/// Gains in dB for each class and band at strength 1: the signs, spread.
std::vector<float> signature_pattern(const Key& key);

}  // namespace birthmark::voice_signature
