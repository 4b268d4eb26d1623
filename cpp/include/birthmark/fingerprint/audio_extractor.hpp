#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "birthmark/fingerprint/audio_bands.hpp"
#include "birthmark/fingerprint/audio_decimator.hpp"
#include "birthmark/fingerprint/audio_fingerprint.hpp"
#include "birthmark/fingerprint/audio_peaks.hpp"
#include "birthmark/fingerprint/audio_whitener.hpp"

namespace birthmark {

/// Samples in, fingerprint out: AudioDecimator -> AudioBands -> AudioWhitener -> AudioPeakPicker. Any division of the
/// samples into chunks gives the same fingerprint.
class AudioExtractor {
  public:
    /// `keep_surface`: false saves 5.7 kB a second where the fingerprint is only stored. Throws ArgumentError for a
    /// rate outside 8 kHz to 768 kHz or 0 channels.
    AudioExtractor(double rate, std::size_t channels, bool keep_surface = true);

    std::size_t channels() const { return decimator_.channels(); }

    void push(std::span<const float> samples);

    /// The fingerprint of everything pushed; starts a new stream.
    AudioFingerprint finish();

  private:
    void take_rows(bool last);
    void take_white(const BandRow& row);

    AudioDecimator decimator_;
    AudioBands bands_;
    AudioWhitener whitener_;
    AudioPeakPicker picker_;
    bool keep_surface_;
    std::vector<float> samples_;      // decimated
    std::uint64_t first_sample_ = 0;  // the stream's index of samples_[0]
    std::uint64_t row_ = 0;           // next row
    BandRow band_row_{};
    AudioFingerprint fingerprint_;
};

}  // namespace birthmark
