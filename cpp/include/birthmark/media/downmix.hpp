#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace birthmark {

/// Two ways to make one signal of many channels, appended to: their mean, and a mix with uneven weights of the same
/// energy, which channels in opposite phase survive.
struct Downmix {
    std::vector<float> mean;
    std::vector<float> uneven;

    /// `samples`: interleaved.
    void add(std::span<const float> samples, std::size_t channels);

    /// The mean, or the uneven mix where the channels cancel in the mean over [begin, begin + count).
    [[nodiscard]] const std::vector<float>& audible(std::size_t begin, std::size_t count) const;

    void drop(std::size_t frames);
    void pad(std::size_t frames);
};

}  // namespace birthmark
