#pragma once

#include <array>
#include <cstddef>

namespace birthmark::voice_signature {

/// Version of the definition below: the first byte of whatever depends on it.
inline constexpr int kVersion = 1;

// Frames: 32 ms every 8 ms.
inline constexpr double kFrameSeconds = 0.032;
inline constexpr std::size_t kOverlap = 4;

// Class features: cosine transform of the log spectrum between 300 and 3400 Hz, what a telephone keeps.
inline constexpr std::size_t kFeatureBands = 20;
inline constexpr double kFeatureLow = 300.0;
inline constexpr double kFeatureHigh = 3400.0;
inline constexpr std::size_t kFeatures = 3;

// Carrier bands, triangles equally spaced on the mel scale.
inline constexpr std::size_t kBands = 48;
inline constexpr double kBandLow = 200.0;
inline constexpr double kBandHigh = 7000.0;

inline constexpr std::size_t kClasses = 32;

/// How a sign spreads over bands: Gaussians of unit sum and these standard deviations in bands, the narrow one plus
/// `smooth` times the medium one less (1 + smooth) times the wide one; `depth` is its root mean square in dB.
struct Spread {
    double smooth;
    double depth;
};
inline constexpr double kNarrow = 0.35;
inline constexpr double kMedium = 1.2;
inline constexpr double kWide = 3.5;
inline constexpr std::size_t kTelephoneBands = 34;   ///< bands up to 3.4 kHz
inline constexpr Spread kTelephoneSpread{1.2, 3.8};  ///< what a codec's ten parameters still say, and fine detail
inline constexpr Spread kUpperSpread{0.0, 5.7};      ///< fine detail alone, which a clone learns

inline constexpr std::size_t kLookahead = 125;   ///< frames of future in the running mean, 1 s
inline constexpr double kMeanFrames = 250.0;     ///< time constant of the running mean, 2 s
inline constexpr double kPeakDecay = 0.016;      ///< dB a frame, 2 dB a second
inline constexpr double kActiveRange = 30.0;     ///< dB below the running peak where a frame counts half
inline constexpr double kActiveSlope = 2.5;      ///< dB
inline constexpr double kClassWidth = 0.3;       ///< standard deviation of the soft classes, in feature units
inline constexpr std::size_t kSmoothFrames = 7;  ///< length of the Hann window that smooths the classes in time

/// Standard deviation of each feature and centres of the classes in those units, from experiments/signature_model.py.
extern const std::array<float, kFeatures> kFeatureScale;
extern const std::array<std::array<float, kFeatures>, kClasses> kCentres;

}  // namespace birthmark::voice_signature
