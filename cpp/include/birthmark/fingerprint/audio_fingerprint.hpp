#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "birthmark/fingerprint/audio_bands.hpp"

namespace birthmark {

/// A local maximum of the whitened spectrogram.
struct AudioPeak {
    std::uint32_t row;      ///< 16 ms rows from the start
    std::uint8_t band;      ///< 0 to 91
    std::uint8_t strength;  ///< 0 to 15, steps of 0.2 of whitened height above 0.3

    auto operator<=>(const AudioPeak&) const = default;
};

/// The audio fingerprint of one recording: some 40 peaks a second, sorted by row and band.
///
/// `surface` is the whitened spectrogram in steps of 1/32, clipped to -1 ... 3: a query that was extracted here is
/// compared with it in full. It is never stored; a stored fingerprint used as a query has peaks alone.
struct AudioFingerprint {
    std::uint32_t rows = 0;
    std::vector<AudioPeak> peaks;
    std::vector<std::int8_t> surface;

    double seconds() const { return rows * AudioGrid::kRowSeconds; }
};

/// Version 1: bytes 1 (version) and 1 (audio), rows and number of peaks as variable-length integers, then 16 bits a
/// peak, low byte first: band (7 bits), strength (4 bits), rows since the last peak (5 bits; 31 means that a
/// variable-length integer of the rest follows).
std::vector<std::uint8_t> serialize(const AudioFingerprint& fingerprint);

/// Throws FormatError for bytes that serialize() cannot have written.
AudioFingerprint deserialize_audio(std::span<const std::uint8_t> bytes);

/// A surface for a fingerprint that has none: each peak a bump of its strength.
void restore_surface(AudioFingerprint& fingerprint);

}  // namespace birthmark
