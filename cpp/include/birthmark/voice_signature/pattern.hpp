#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "birthmark/keys/key.hpp"
#include "birthmark/voice_signature/model.hpp"

namespace birthmark::voice_signature {

/// The signs of a key: kClasses rows of kBands, each +1 or -1. All that a key decides.
std::vector<std::int8_t> signature_chips(const Key& key);

/// Gains in dB for each class and band at strength 1: kDepth times the signs.
std::vector<float> signature_pattern(const Key& key);

}  // namespace birthmark::voice_signature
