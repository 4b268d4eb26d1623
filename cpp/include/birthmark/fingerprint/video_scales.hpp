#pragma once

#include <cmath>

namespace birthmark {

/// The ladder of sizes at which frames are described.
///
/// At level k a frame is resized so that the square root of its area is 32 * 2^(k/4) pixels. Positions are in units of
/// that root, so a frame of width w and height h spans w / sqrt(w h) by h / sqrt(w h) at every level.
struct VideoScales {
    static constexpr int kLevels = 17;  // 32 to 512 pixels
    static constexpr int kPerOctave = 4;
    static constexpr int kTop = kLevels - 1;

    static float size(int level) {
        return 32.0F * std::exp2(static_cast<float>(level) / static_cast<float>(kPerOctave));
    }
};

}  // namespace birthmark
