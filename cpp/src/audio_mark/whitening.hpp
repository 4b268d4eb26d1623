#pragma once

#include <array>
#include <cstddef>

namespace birthmark::audio_mark {

/// Figures of the function that makes soft chips.
struct Whitening {
    static constexpr std::size_t kSlots = 5;  ///< two slots before to two slots after
    static constexpr std::size_t kTaps = 6;   ///< tiles 2p - 2 to 2p + 3, per dB
    static constexpr std::size_t kHidden = 6;
    using Filter = std::array<std::array<float, kTaps>, kSlots>;

    Filter predictor;
    std::array<Filter, kHidden> reliability;
    std::array<float, kHidden> reliability_offset;
    std::array<float, kHidden> weight;
    float weight_offset;
};

}  // namespace birthmark::audio_mark
