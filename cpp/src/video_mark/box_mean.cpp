#include "birthmark/video_mark/box_mean.hpp"

#include <array>
#include <opencv2/core.hpp>
#include <utility>

#include "birthmark/multiversion.hpp"

namespace birthmark {
namespace {

std::vector<int> mirrored(std::size_t count, std::size_t reach) {
    std::vector<int> places;
    for (std::size_t i = 0; i < count + 2 * reach; ++i) {
        places.push_back(cv::borderInterpolate(static_cast<int>(i) - static_cast<int>(reach), static_cast<int>(count),
                                               cv::BORDER_REFLECT_101));
    }
    return places;
}

template <std::size_t... K>
BIRTHMARK_MULTIVERSION void sum_down(const std::array<const float*, sizeof...(K)>& rows, float* out, std::size_t width,
                                     std::index_sequence<K...> /*rows*/) {
#pragma omp simd
    for (std::size_t x = 0; x < width; ++x) {
        out[x] = (rows[K][x] + ...);
    }
}

template <std::size_t... K>
BIRTHMARK_MULTIVERSION void mean_across(const float* sums, float* out, std::size_t width,
                                        std::index_sequence<K...> /*columns*/) {
    constexpr float kShare = 1.0F / static_cast<float>(sizeof...(K) * sizeof...(K));
#pragma omp simd
    for (std::size_t x = 0; x < width; ++x) {
        out[x] = (sums[x + K] + ...) * kShare;
    }
}

}  // namespace

template <std::size_t Size>
BoxMean<Size>::BoxMean(std::size_t rows, std::size_t columns)
    : rows_(mirrored(rows, kReach)), columns_(mirrored(columns, kReach)), sums_(columns_.size()) {}

template <std::size_t Size>
void BoxMean<Size>::operator()(const cv::Mat1f& in, cv::Mat1f& out) {
    constexpr auto kPlaces = std::make_index_sequence<Size>();
    const std::size_t width = columns_.size() - 2 * kReach;
    const std::size_t right = kReach + width;
    std::array<const float*, Size> around{};
    for (std::size_t y = 0; y + 2 * kReach < rows_.size(); ++y) {
        for (std::size_t k = 0; k < Size; ++k) {
            around[k] = in.ptr<float>(rows_[y + k]);
        }
        sum_down(around, &sums_[kReach], width, kPlaces);
        for (std::size_t i = 0; i < kReach; ++i) {
            sums_[i] = sums_[kReach + static_cast<std::size_t>(columns_[i])];
            sums_[right + i] = sums_[kReach + static_cast<std::size_t>(columns_[right + i])];
        }
        mean_across(sums_.data(), out.ptr<float>(static_cast<int>(y)), width, kPlaces);
    }
}

template class BoxMean<3>;
template class BoxMean<11>;
template class BoxMean<17>;

}  // namespace birthmark
