#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "birthmark/audio_mark/level_map.hpp"
#include "birthmark/coding/issued_ids.hpp"
#include "birthmark/keys/key.hpp"

namespace birthmark::audio_mark {

/// One mark found.
struct Detection {
    std::uint64_t payload = 0;
    std::size_t key = 0;   ///< index into the keys searched
    double start_s = 0.0;  ///< in the suspect
    double end_s = 0.0;
    double speed = 1.0;            ///< tempo of the suspect relative to the original
    double pitch = 1.0;            ///< frequencies of the suspect relative to the original
    double log10_p = 0.0;          ///< counts everything searched in the file
    double z = 0.0;                ///< agreement with the chips of key and payload, in standard deviations
    double reliability = 0.0;      ///< share of code bits received with the right sign
    bool issued = false;           ///< found among the issued IDs rather than decoded blindly
    std::vector<float> soft_bits;  ///< kCodeBits received soft code bits, positive for code bit 0
};

/// Which changes of clock and pitch are searched.
enum class Search {
    plain,  ///< none
    full,   ///< speed, tempo or pitch by up to 11 % either way, in steps of 1 %, then refined
};

struct DetectOptions {
    Search search = Search::full;
    double max_log10_p = -6.0;   ///< detections above are not reported
    std::size_t list_size = 32;  ///< of the list decoder
    std::size_t threads = 1;
    const IssuedIds* issued = nullptr;  ///< known payloads, of kCodeBits; must outlive the detector
};

/// Finds marks of several keys in a span of audio given as a PowerMap. Knows nothing of files and streams.
class Detector {
  public:
    /// Throws ArgumentError for no keys, or options out of range.
    Detector(std::span<const Key> keys, const DetectOptions& options);
    ~Detector();
    Detector(Detector&&) noexcept;
    Detector& operator=(Detector&&) noexcept;

    /// All marks in the span, times in seconds from its first frame's slot. `log10_hypotheses` is added to each log10_p
    /// before it is judged: what the caller searched besides.
    std::vector<Detection> detect(const PowerMap& map, double log10_hypotheses) const;

    [[nodiscard]] const DetectOptions& options() const;

  private:
    struct Engine;
    std::unique_ptr<Engine> engine_;
};

}  // namespace birthmark::audio_mark
