#include <algorithm>
#include <string>

#include "birthmark/errors.hpp"
#include "birthmark/fingerprint/audio_fingerprint.hpp"

namespace birthmark {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kAudio = 1;
constexpr std::uint32_t kEscape = 31;
constexpr std::uint32_t kMaxRows = 1U << 24U;  // 74 hours
constexpr int kBump = 20;                      // surface steps of the weakest peak
constexpr int kBumpStep = 5;

void put_varint(std::vector<std::uint8_t>& out, std::uint32_t value) {
    while (value >= 0x80U) {
        out.push_back(static_cast<std::uint8_t>(value | 0x80U));
        value >>= 7U;
    }
    out.push_back(static_cast<std::uint8_t>(value));
}

// Reads from the front of `bytes`.
std::uint32_t take_varint(std::span<const std::uint8_t>& bytes) {
    std::uint32_t value = 0;
    for (unsigned shift = 0; shift < 32; shift += 7) {
        if (bytes.empty()) {
            throw FormatError("audio fingerprint: ends within a number");
        }
        const std::uint32_t byte = bytes.front();
        bytes = bytes.subspan(1);
        if (shift == 28 && byte > 0x0FU) {
            break;
        }
        value |= (byte & 0x7FU) << shift;
        if (byte < 0x80U) {
            if (byte == 0 && shift > 0) {
                break;
            }
            return value;
        }
    }
    throw FormatError("audio fingerprint: a number is not in its shortest form of at most 32 bits");
}

}  // namespace

std::vector<std::uint8_t> serialize(const AudioFingerprint& fingerprint) {
    std::vector<std::uint8_t> out{kVersion, kAudio};
    out.reserve(12 + 2 * fingerprint.peaks.size());
    put_varint(out, fingerprint.rows);
    put_varint(out, static_cast<std::uint32_t>(fingerprint.peaks.size()));
    std::uint32_t last = 0;
    for (const AudioPeak& peak : fingerprint.peaks) {
        const std::uint32_t gap = peak.row - last;
        const std::uint32_t word = static_cast<std::uint32_t>(peak.band) |
                                   (static_cast<std::uint32_t>(peak.strength) << 7U) | (std::min(gap, kEscape) << 11U);
        out.push_back(static_cast<std::uint8_t>(word));
        out.push_back(static_cast<std::uint8_t>(word >> 8U));
        if (gap >= kEscape) {
            put_varint(out, gap - kEscape);
        }
        last = peak.row;
    }
    return out;
}

AudioFingerprint deserialize_audio(std::span<const std::uint8_t> bytes) {
    if (bytes.size() < 2 || bytes[0] != kVersion || bytes[1] != kAudio) {
        throw FormatError("audio fingerprint: does not start with version 1 and medium 1 (audio)");
    }
    bytes = bytes.subspan(2);
    AudioFingerprint fingerprint;
    fingerprint.rows = take_varint(bytes);
    const std::uint32_t count = take_varint(bytes);
    if (fingerprint.rows > kMaxRows || count > bytes.size() / 2) {
        throw FormatError("audio fingerprint: says " + std::to_string(fingerprint.rows) + " rows and " +
                          std::to_string(count) + " peaks in " + std::to_string(bytes.size()) + " bytes");
    }
    fingerprint.peaks.reserve(count);
    AudioPeak last{0, 0, 0};
    for (std::uint32_t i = 0; i < count; ++i) {
        if (bytes.size() < 2) {
            throw FormatError("audio fingerprint: ends within a peak");
        }
        const std::uint32_t word = bytes[0] | (static_cast<std::uint32_t>(bytes[1]) << 8U);
        bytes = bytes.subspan(2);
        std::uint32_t gap = word >> 11U;
        if (gap == kEscape) {
            const std::uint32_t rest = take_varint(bytes);
            gap += std::min(rest, kMaxRows);
        }
        const AudioPeak peak{last.row + gap, static_cast<std::uint8_t>(word & 0x7FU),
                             static_cast<std::uint8_t>((word >> 7U) & 0x0FU)};
        const bool ordered = i == 0 || peak.row > last.row || peak.band > last.band;
        if (peak.row >= fingerprint.rows || peak.band >= AudioGrid::kBands || !ordered) {
            throw FormatError("audio fingerprint: peak " + std::to_string(i) +
                              " is outside the recording or out of order");
        }
        fingerprint.peaks.push_back(peak);
        last = peak;
    }
    if (!bytes.empty()) {
        throw FormatError("audio fingerprint: " + std::to_string(bytes.size()) + " bytes follow its end");
    }
    return fingerprint;
}

void restore_surface(AudioFingerprint& fingerprint) {
    constexpr int bands = AudioGrid::kBands;
    const auto rows = static_cast<std::int64_t>(fingerprint.rows);
    fingerprint.surface.assign(static_cast<std::size_t>(rows) * AudioGrid::kBands, 0);
    for (const AudioPeak& peak : fingerprint.peaks) {
        const int height = kBump + kBumpStep * peak.strength;
        for (int dr = -1; dr <= 1; ++dr) {
            for (int db = -1; db <= 1; ++db) {
                const std::int64_t row = static_cast<std::int64_t>(peak.row) + dr;
                const int band = peak.band + db;
                if (row < 0 || row >= rows || band < 0 || band >= bands) {
                    continue;
                }
                auto& cell = fingerprint.surface[static_cast<std::size_t>(row * bands + band)];
                const int value = height >> ((dr != 0 ? 1 : 0) + (db != 0 ? 1 : 0));
                cell = static_cast<std::int8_t>(std::max<int>(cell, std::min(value, 96)));
            }
        }
    }
}

}  // namespace birthmark
