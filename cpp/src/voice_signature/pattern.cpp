#include "birthmark/voice_signature/pattern.hpp"

#include <algorithm>

#include "birthmark/keys/keyed_stream.hpp"

namespace birthmark::voice_signature {

std::vector<std::int8_t> signature_chips(const Key& key) {
    std::vector<std::int8_t> signs(kClasses * kBands);
    KeyedStream(key, "voice-signature", kVersion).chips(signs);
    return signs;
}

std::vector<float> signature_pattern(const Key& key) {
    const auto signs = signature_chips(key);
    std::vector<float> pattern(signs.size());
    std::transform(signs.begin(), signs.end(), pattern.begin(),
                   [](std::int8_t sign) { return static_cast<float>(kDepth) * static_cast<float>(sign); });
    return pattern;
}

}  // namespace birthmark::voice_signature
