#include "birthmark/video_mark/fine_detail.hpp"

#include <algorithm>
#include <cstdint>

#include "birthmark/multiversion.hpp"

namespace birthmark {
namespace {

constexpr std::size_t kNone = ~std::size_t{0};

template <class Pixel>
BIRTHMARK_MULTIVERSION void convert(const Pixel* in, float* out, std::size_t width) {
    for (std::size_t x = 0; x < width; ++x) {
        out[x] = static_cast<float>(in[x]);
    }
}

/// 1 4 6 4 1 down the columns.
BIRTHMARK_MULTIVERSION void sum_down(const std::array<const float*, 5>& rows, float* out, std::size_t width) {
    const auto [a, b, c, d, e] = rows;
    for (std::size_t x = 0; x < width; ++x) {
        out[x] = a[x] + e[x] + 4.0F * (b[x] + d[x]) + 6.0F * c[x];
    }
}

/// Pixels less 1 4 6 4 1 across the sums, which begin two places before the first pixel.
BIRTHMARK_MULTIVERSION void take_mean(const float* pixels, const float* sums, float* out, std::size_t width) {
    for (std::size_t x = 0; x < width; ++x) {
        const float sum = sums[x] + sums[x + 4] + 4.0F * (sums[x + 1] + sums[x + 3]) + 6.0F * sums[x + 2];
        out[x] = pixels[x] - sum * (1.0F / 256.0F);
    }
}

}  // namespace

FineDetail::FineDetail(std::size_t width) : sums_(width + 2 * kReach), detail_(width) {
    for (auto& line : lines_) {
        line.resize(width);
    }
    begin();
}

void FineDetail::begin() { loaded_.fill(kNone); }

template <class Pixel>
const float* FineDetail::row(const Plane<const Pixel>& picture, std::size_t y) {
    const std::size_t width = detail_.size();
    std::array<const float*, kLines> rows{};
    for (std::size_t i = 0; i < kLines; ++i) {
        const std::size_t near = std::min(std::max(y + i, kReach) - kReach, picture.height - 1);
        auto& line = lines_[near % kLines];
        if (loaded_[near % kLines] != near) {
            loaded_[near % kLines] = near;
            convert(picture.row(near), line.data(), width);
        }
        rows[i] = line.data();
    }
    sum_down(rows, sums_.data() + kReach, width);
    std::fill_n(sums_.begin(), kReach, sums_[kReach]);
    std::fill_n(sums_.end() - kReach, kReach, sums_[kReach + width - 1]);
    take_mean(rows[kReach], sums_.data(), detail_.data(), width);
    return detail_.data();
}

template const float* FineDetail::row(const Plane<const std::uint8_t>&, std::size_t);
template const float* FineDetail::row(const Plane<const std::uint16_t>&, std::size_t);

}  // namespace birthmark
