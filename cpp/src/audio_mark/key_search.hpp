#pragma once

#include <array>
#include <span>
#include <utility>
#include <vector>

#include "birthmark/audio_mark/detector.hpp"
#include "birthmark/audio_mark/evidence.hpp"
#include "birthmark/audio_mark/path.hpp"
#include "birthmark/audio_mark/soft_chips.hpp"
#include "birthmark/coding/payload_code.hpp"

namespace birthmark::audio_mark {

/// The search for marks of one key in one span: what was found so far, and which time it explains.
class KeySearch {
  public:
    /// `log10_hypotheses`: everything that the p-values have to count besides paths and payloads. The references must
    /// outlive the search.
    KeySearch(const Pattern& pattern, const PayloadCode& code, const DetectOptions& options, std::size_t key,
              double log10_hypotheses);

    /// Score of the best path in coarse soft chips, in time not yet explained.
    [[nodiscard]] double coarse_score(std::span<const float> soft, double stretch) const;

    /// Follows a warp, one of 10^log10_warps, to detections; true where there were any new ones.
    bool pursue(const PowerMap& map, const Warp& warp, Reading reading, double log10_warps);

    /// Seconds of the span in which marks were found.
    [[nodiscard]] double explained_s() const;

    /// The detections, which leave the search.
    std::vector<Detection> take() { return std::move(found_); }

  private:
    /// Soft chips under a warp with the best path of the sync slots through them.
    struct View {
        Warp warp;
        std::vector<float> soft;
        WindowScores scores;
        Path path;
    };
    struct Decoded {
        std::uint64_t payload = 0;
        bool issued = false;
        double log10_p = 0.0;
    };
    using Codeword = std::array<std::int8_t, kCodeBits>;

    [[nodiscard]] View refine(const PowerMap& map, const Warp& warp, Reading reading) const;
    [[nodiscard]] std::vector<bool> closed(std::size_t windows, double stretch) const;
    [[nodiscard]] std::vector<Path> attempts(const View& view) const;
    [[nodiscard]] std::vector<Decoded> decode(std::span<const float> soft, std::span<const Path> paths) const;
    [[nodiscard]] double log10_payloads(bool issued) const;
    [[nodiscard]] bool names_payload(const Agreement& agreement, bool issued) const;
    [[nodiscard]] double log10_searched(const Path& path, bool issued) const;
    [[nodiscard]] double log10_p(double log10_tail, const Path& path, bool issued) const;
    bool claim(const View& view, const Decoded& decoded);
    bool report(const View& view, const Decoded& decoded, const Block& chips, const Path& part);
    [[nodiscard]] Codeword codeword(std::uint64_t payload) const;

    const Pattern* pattern_;
    const PayloadCode* code_;
    const DetectOptions* options_;
    std::size_t key_;
    double log10_hypotheses_;
    double log10_warps_ = 0.0;  ///< of the warp pursued
    KnownSlots sync_;
    /// Pursued since the last detection: nothing has changed for them.
    std::vector<std::pair<Warp, Reading>> fruitless_;
    std::vector<Detection> found_;
};

}  // namespace birthmark::audio_mark
