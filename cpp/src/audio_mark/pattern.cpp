#include "birthmark/audio_mark/pattern.hpp"

#include <algorithm>

#include "birthmark/keys/keyed_stream.hpp"

namespace birthmark::audio_mark {

Pattern::Pattern(const Key& key) {
    KeyedStream(key, "audio-mark chips").chips(std::span<float>(signs_));

    std::array<bool, kSlots> is_sync{};
    KeyedStream places(key, "audio-mark sync slots");
    for (std::size_t group = 0; group < kSyncSlots; ++group) {
        sync_slots_[group] = group * kSyncEvery + places.uniform(kSyncEvery);
        is_sync[sync_slots_[group]] = true;
    }

    KeyedStream order(key, "audio-mark code bits");
    std::vector<std::uint32_t> bits;
    for (std::size_t pair = 0; pair < kPairs; ++pair) {
        for (const std::uint32_t slot : order.permutation(kSlots)) {
            std::int16_t& bit = code_bits_[slot * kPairs + pair];
            if (is_sync[slot]) {
                bit = kSync;
                continue;
            }
            if (bits.empty()) {
                bits = order.permutation(kCodeBits);
            }
            bit = static_cast<std::int16_t>(bits.back());
            bits.pop_back();
        }
    }
}

Block Pattern::chips(std::span<const std::int8_t> codeword) const {
    Block chips = signs_;
    for (std::size_t i = 0; i < chips.size(); ++i) {
        if (code_bits_[i] != kSync) {
            chips[i] *= static_cast<float>(codeword[static_cast<std::size_t>(code_bits_[i])]);
        }
    }
    return chips;
}

float Pattern::fold(const Block& received, std::span<float> soft_bits) const {
    std::ranges::fill(soft_bits, 0.0F);
    float sync = 0.0F;
    for (std::size_t i = 0; i < received.size(); ++i) {
        const float value = received[i] * signs_[i];
        if (code_bits_[i] == kSync) {
            sync += value;
        } else {
            soft_bits[static_cast<std::size_t>(code_bits_[i])] += value;
        }
    }
    return sync;
}

}  // namespace birthmark::audio_mark
