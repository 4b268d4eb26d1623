#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "birthmark/coding/crc.hpp"
#include "birthmark/coding/polar_code.hpp"
#include "birthmark/coding/polar_decoder.hpp"

namespace birthmark {

/// The error-correcting code of the audio and the video mark, format version 1: 64 payload bits and their CRC in a
/// polar code of 128, 256, 512 or 1024 bits. Immutable; may be shared by threads.
///
/// Chips are +1 for bit 0 and -1 for bit 1; soft values have the sign of the chip that they speak for.
class PayloadCode {
  public:
    static constexpr std::size_t kPayloadBits = 64;
    static constexpr Crc kCrc{6, 0x21};               ///< x^6 + x^5 + 1
    static constexpr std::uint32_t kTaps = 0xb4d6cU;  ///< of PolarCode's parities

    /// Throws ArgumentError unless `code_bits` is 128, 256, 512 or 1024.
    explicit PayloadCode(std::size_t code_bits);

    [[nodiscard]] std::size_t size() const { return polar_.length(); }
    [[nodiscard]] const PolarCode& polar() const { return polar_; }

    /// `chips`: size() values, +1 or -1. Throws ArgumentError for another size.
    void encode(std::uint64_t payload, std::span<std::int8_t> chips) const;

    /// The same as bits: size() / 64 words, bit i % 64 of word i / 64 being code bit i.
    void codeword(std::uint64_t payload, std::span<std::uint64_t> words) const;

  private:
    PolarCode polar_;
};

/// One answer of PayloadDecoder.
struct Candidate {
    std::uint64_t payload = 0;
    float correlation = 0.0F;  ///< sum of soft[i] * chip[i] over the codeword found
    bool valid = false;        ///< the check bits agree with the payload, so it is a codeword of the code
};

/// List decoder for a PayloadCode. Owns its buffers, allocates only when made; one per thread.
class PayloadDecoder {
  public:
    /// `list_size`: a power of two from 1 to 64; 8 is quick, 32 gains some 0.3 dB. `code` must outlive the decoder.
    PayloadDecoder(const PayloadCode& code, std::size_t list_size);

    /// `soft`: code.size() finite values of any positive scale; throws ArgumentError otherwise.
    ///
    /// Returns up to list_size candidates, the valid ones first, each group by falling correlation; none when all soft
    /// values are zero. The span is good until the next call. A valid candidate alone proves nothing: noise passes
    /// the check, too. Significance comes from the correlation and the number of payloads that it was searched over.
    std::span<const Candidate> decode(std::span<const float> soft);

  private:
    PolarDecoder polar_;
    std::vector<Candidate> candidates_;
};

}  // namespace birthmark
