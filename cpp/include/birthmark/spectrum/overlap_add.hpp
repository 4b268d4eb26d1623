#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace birthmark {

/// Adds frames of `size` samples that start every `hop` samples; each added frame completes `hop` output samples.
class OverlapAdd {
  public:
    /// Throws ArgumentError unless 1 <= hop <= size.
    OverlapAdd(std::size_t size, std::size_t hop);

    /// Adds the next frame and returns the `hop` samples that no later frame will change. The view holds until the next
    /// call.
    std::span<const float> add(std::span<const float> frame);

    /// The size - hop samples still in the making, as they are.
    std::span<const float> tail() const;

    /// Back to silence.
    void reset();

  private:
    std::size_t hop_;
    std::vector<float> sum_;
    std::vector<float> done_;
};

}  // namespace birthmark
