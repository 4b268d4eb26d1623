#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace birthmark::voice_signature {

/// Weakens a mark where the marked sound would leave full scale: gives host + g (marked - host) with a factor g that
/// changes linearly over each block, so that no sample exceeds 1, or the host's own where that is beyond 1.
class PeakGuard {
  public:
    explicit PeakGuard(std::size_t channels) : channels_(channels) {}

    /// Takes a block of host and marked frames, interleaved and of equal size, and appends the block before it to
    /// `out`.
    void push(std::span<const float> host, std::span<const float> marked, std::vector<float>& out);

    /// Appends the last block to `out` and starts anew.
    void flush(std::vector<float>& out);

  private:
    void give(float last, std::vector<float>& out);

    std::size_t channels_;
    std::vector<float> host_;
    std::vector<float> marked_;
    float allowed_ = 1.0F;  // largest factor that the held block bears
    float first_ = 1.0F;    // factor at its start
};

}  // namespace birthmark::voice_signature
