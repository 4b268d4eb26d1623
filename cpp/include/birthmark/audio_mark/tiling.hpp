#pragma once

#include <array>
#include <cstddef>

namespace birthmark::audio_mark {

/// Where the audio mark lives, format version 1. Everything happens at 16 kHz.
///
/// A *tile* is 4 bins of 31.25 Hz by one *slot* of 32 ms. Tiles 2p and 2p + 1 of a slot are *pair* p: a chip makes one
/// louder and the other quieter, so that the level of the critical band around them hardly changes. 64 slots of 27
/// pairs are a *block* of 2.048 s, repeated for as long as the recording lasts. Pairs 0 to 12 lie below 3.5 kHz: they
/// alone carry the whole code through a telephone.
inline constexpr double kRate = 16000.0;
inline constexpr std::size_t kFrame = 512;        ///< samples per analysis frame (Hann)
inline constexpr std::size_t kSlotSamples = 512;  ///< samples per slot
inline constexpr std::size_t kSlots = 64;         ///< slots per block
inline constexpr std::size_t kPairs = 27;
inline constexpr std::size_t kTiles = 2 * kPairs;
inline constexpr std::size_t kTileBins = 4;
inline constexpr std::size_t kFirstBin = 7;
inline constexpr std::size_t kLastBin = kFirstBin + kTiles * kTileBins;  ///< one past the last marked bin
inline constexpr std::size_t kCodeBits = 256;
inline constexpr std::size_t kSyncEvery = 8;  ///< one slot of every 8 carries known chips
inline constexpr std::size_t kSyncSlots = kSlots / kSyncEvery;
inline constexpr double kSlotSeconds = kSlotSamples / kRate;
inline constexpr double kBlockSeconds = kSlotSeconds * kSlots;

/// Power added to each tile before its logarithm, at full scale 1: digital silence stays silent.
inline constexpr float kFloor = 1e-7F;

/// Centre frequency of a tile in Hz.
double tile_centre_hz(std::size_t tile);

/// Width of the critical band around a frequency, both in Hz (Zwicker and Terhardt, 1980).
double critical_band_hz(double hz);

/// Largest gain of each tile in dB at strength 1: more where the critical band spans several tiles, since their changes
/// average out in it, and less where a pair is wider than a third of an octave: there the ear, and the intelligibility
/// measure STOI, hear the energy move from one band to the next.
const std::array<float, kTiles>& gain_profile();

}  // namespace birthmark::audio_mark
