#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "birthmark/coding/polar_code.hpp"

namespace birthmark {

/// Successive-cancellation list decoder (Tal and Vardy 2015) on log-likelihood ratios (Balatsoukas-Stimming et al.
/// 2015), min-sum, so any positive scale of the soft values gives the same decisions.
///
/// Subtrees of frozen bits and repetition subtrees are decided whole, which is exact under the min-sum metric
/// (Hashemi et al. 2016). Owns all its buffers; decode() allocates nothing. One decoder per thread.
class PolarDecoder {
  public:
    /// `list_size`: a power of two from 1 to 64. `code` must outlive the decoder.
    PolarDecoder(const PolarCode& code, std::size_t list_size);

    [[nodiscard]] const PolarCode& code() const { return *code_; }
    [[nodiscard]] std::size_t list_size() const { return list_size_; }

    /// `soft`: length() finite values, positive for bit 0. Throws ArgumentError otherwise.
    /// Afterwards the surviving paths can be read; paths() is 0 when all soft values are zero.
    void decode(std::span<const float> soft);

    [[nodiscard]] std::size_t paths() const { return paths_; }

    /// Word `word` (32 bits) of the information bits of path `path`, bit k % 32 of word k / 32 being information bit k.
    [[nodiscard]] std::uint32_t information(std::size_t path, std::size_t word) const {
        return information_[word * list_size_ + path];
    }

    /// Sum of soft[i] * chip[i] over the path's codeword, chips +1 for bit 0.
    [[nodiscard]] float correlation(std::size_t path) const { return scale_ * correlation_[path]; }

  private:
    const PolarCode* code_;
    std::size_t list_size_;
    std::size_t paths_ = 0;
    float scale_ = 1.0F;
    std::vector<float> channel_;
    std::vector<float> soft_;
    std::vector<std::uint32_t> lane_;
    std::vector<std::uint32_t> decided_;
    std::vector<std::uint32_t> information_;
    std::vector<float> penalty_;
    std::vector<float> correlation_;
};

}  // namespace birthmark
