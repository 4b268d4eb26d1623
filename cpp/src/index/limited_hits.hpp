#pragma once

#include <cstddef>
#include <vector>

#include "birthmark/index/hits.hpp"

namespace birthmark {

/// Keeps what a lookup adds to hits within limits, code by code. A code that is too frequent among those that were read
/// is too frequent among all, so the limit may fall while they are read.
class LimitedHits {
  public:
    /// `hits` must outlive this object; what it holds already does not count.
    LimitedHits(const HitLimits& limits, Hits& hits);

    /// Codes with more postings need not be read.
    std::size_t most() const { return most_; }

    /// A code with so many postings has been added; `counted` are its hits, those of removed recordings too.
    void end_code(std::size_t postings, std::size_t counted);

    /// After the last code.
    void finish();

  private:
    void sift();
    void move(std::size_t from, std::size_t end, std::size_t to);

    HitLimits limits_;
    Hits& hits_;
    std::size_t begin_;
    std::size_t most_;
    std::size_t counted_ = 0;
    std::vector<CodeHits> codes_;
    std::vector<std::size_t> ends_;  // of each code in hits_
};

}  // namespace birthmark
