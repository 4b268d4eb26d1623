#include "birthmark/video_mark/fine_detail.hpp"

#include <algorithm>
#include <type_traits>

#include "birthmark/multiversion.hpp"

namespace birthmark {
namespace {

constexpr std::size_t kNone = ~std::size_t{0};

/// 1 4 6 4 1 down the columns: less than 16 times a pixel of 12 bits, which 16 bits hold.
BIRTHMARK_MULTIVERSION void sum_down(const std::array<const std::uint16_t*, 5>& rows, std::uint16_t* out,
                                     std::size_t width) {
#pragma omp simd
    for (std::size_t x = 0; x < width; ++x) {
        const unsigned near = rows[1][x] + rows[3][x];
        out[x] = static_cast<std::uint16_t>(rows[0][x] + rows[4][x] + 4U * near + 6U * rows[2][x]);
    }
}

/// Pixels less 1 4 6 4 1 across the sums, which begin two places before the first pixel. `Sum` holds 256 pixels.
template <class Sum>
BIRTHMARK_MULTIVERSION void take_mean(const std::uint16_t* pixels, const std::uint16_t* sums, float* out,
                                      std::size_t width) {
#pragma omp simd
    for (std::size_t x = 0; x < width; ++x) {
        const auto sum = static_cast<Sum>(sums[x] + sums[x + 4] + 4U * (sums[x + 1] + sums[x + 3]) + 6U * sums[x + 2]);
        out[x] = static_cast<float>(pixels[x]) - static_cast<float>(sum) * (1.0F / 256.0F);
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
    std::array<const std::uint16_t*, kLines> rows{};
    for (std::size_t i = 0; i < kLines; ++i) {
        const std::size_t near = std::min(std::max(y + i, kReach) - kReach, picture.height - 1);
        auto& line = lines_[near % kLines];
        if (loaded_[near % kLines] != near) {
            loaded_[near % kLines] = near;
            std::copy_n(picture.row(near), width, line.begin());
        }
        rows[i] = line.data();
    }
    sum_down(rows, sums_.data() + kReach, width);
    std::fill_n(sums_.begin(), kReach, sums_[kReach]);
    std::fill_n(sums_.end() - kReach, kReach, sums_[kReach + width - 1]);
    take_mean<std::conditional_t<sizeof(Pixel) == 1, std::uint16_t, std::uint32_t>>(rows[kReach], sums_.data(),
                                                                                    detail_.data(), width);
    return detail_.data();
}

template const float* FineDetail::row(const Plane<const std::uint8_t>&, std::size_t);
template const float* FineDetail::row(const Plane<const std::uint16_t>&, std::size_t);

}  // namespace birthmark
