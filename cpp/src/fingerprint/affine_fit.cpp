#include "birthmark/fingerprint/affine_fit.hpp"

#include <cmath>
#include <cstddef>

namespace birthmark {
namespace {

constexpr double kRidge = 0.05;  // against the summed squared spread of the points, in units of the frame's area root

struct Means {
    double from_x = 0.0;
    double from_y = 0.0;
    double error_x = 0.0;
    double error_y = 0.0;
};

double error_x(const Affine& map, const PointPair& pair) {
    return static_cast<double>(pair.to_x - (map[0] * pair.from_x + map[1] * pair.from_y + map[2]));
}
double error_y(const Affine& map, const PointPair& pair) {
    return static_cast<double>(pair.to_y - (map[3] * pair.from_x + map[4] * pair.from_y + map[5]));
}

Means means_of(const Affine& map, std::span<const PointPair> pairs) {
    Means means;
    const double share = 1.0 / static_cast<double>(pairs.size());
    for (const PointPair& pair : pairs) {
        means.from_x += share * static_cast<double>(pair.from_x);
        means.from_y += share * static_cast<double>(pair.from_y);
        means.error_x += share * error_x(map, pair);
        means.error_y += share * error_y(map, pair);
    }
    return means;
}

}  // namespace

float affine_scale(const Affine& map) { return std::sqrt(std::abs(map[0] * map[4] - map[1] * map[3])); }

bool affine_is_plausible(const Affine& map) {
    for (const float value : map) {
        if (!std::isfinite(value) || std::abs(value) > 64.0F) {
            return false;
        }
    }
    const float determinant = map[0] * map[4] - map[1] * map[3];
    const float energy = map[0] * map[0] + map[1] * map[1] + map[3] * map[3] + map[4] * map[4];
    // Of singular values s >= t: energy / determinant = s/t + t/s.
    constexpr float kSqueeze = 1.6F + 1.0F / 1.6F;
    return determinant > 1.0F / 256.0F && determinant < 256.0F && energy < kSqueeze * determinant;
}

Affine refine_affine(const Affine& start, std::span<const PointPair> pairs) {
    if (pairs.empty()) {
        return start;
    }
    const Means mean = means_of(start, pairs);
    double xx = kRidge;
    double xy = 0.0;
    double yy = kRidge;
    std::array<double, 4> right{};
    for (const PointPair& pair : pairs) {
        const double x = static_cast<double>(pair.from_x) - mean.from_x;
        const double y = static_cast<double>(pair.from_y) - mean.from_y;
        const double ex = error_x(start, pair) - mean.error_x;
        const double ey = error_y(start, pair) - mean.error_y;
        xx += x * x;
        xy += x * y;
        yy += y * y;
        right[0] += x * ex;
        right[1] += y * ex;
        right[2] += x * ey;
        right[3] += y * ey;
    }
    const double determinant = xx * yy - xy * xy;
    const std::array<double, 4> change{
        (yy * right[0] - xy * right[1]) / determinant, (xx * right[1] - xy * right[0]) / determinant,
        (yy * right[2] - xy * right[3]) / determinant, (xx * right[3] - xy * right[2]) / determinant};
    Affine map = start;
    map[0] += static_cast<float>(change[0]);
    map[1] += static_cast<float>(change[1]);
    map[2] += static_cast<float>(mean.error_x - change[0] * mean.from_x - change[1] * mean.from_y);
    map[3] += static_cast<float>(change[2]);
    map[4] += static_cast<float>(change[3]);
    map[5] += static_cast<float>(mean.error_y - change[2] * mean.from_x - change[3] * mean.from_y);
    return map;
}

}  // namespace birthmark
