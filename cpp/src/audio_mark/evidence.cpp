#include "birthmark/audio_mark/evidence.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <numeric>

namespace birthmark::audio_mark {
namespace {

constexpr double kSignSums = 3.1787;  // 1 / (4 P(N(0,1) >= sqrt 2))
constexpr double kFarOut = 8.0;       // below, Chernoff's bound is hardly ever the smaller one
constexpr int kMostSteps = 12;
constexpr double kNearEnough = 0.01;
constexpr double kLargest = 1e4;
constexpr double kAnyZ = 8.0;      // least_z: where exp(-kAnyZ) is enough, z is not worth a bound
constexpr double kSigns = 0.1932;  // ln 2 - 1/2

/// Chernoff's bound for signs with the weights of `block`. It holds for every l; Newton's method nears the best from
/// below, since the slope of log cosh is concave.
double log10_chernoff(std::span<const float> block, double z) {
    const double norm = std::sqrt(std::inner_product(block.begin(), block.end(), block.begin(), 0.0));
    if (norm <= 0.0) return 0.0;
    double l = z;
    for (int step = 0; step < kMostSteps; ++step) {
        double sum = 0.0;
        double slope = 1e-9;
        for (const float value : block) {
            const double weight = std::abs(static_cast<double>(value)) / norm;
            const double decay = std::exp(-2.0 * l * weight);
            const double tanh = (1.0 - decay) / (1.0 + decay);
            sum += weight * tanh;
            slope += weight * weight * (1.0 - tanh * tanh);
        }
        const double change = (z - sum) / slope;
        if (!(change > kNearEnough * l)) break;
        l = std::min(l + change, kLargest);
    }
    double sum = -l * z;
    for (const float value : block) {
        const double x = l * std::abs(static_cast<double>(value)) / norm;
        sum += x + std::log1p(std::exp(-2.0 * x)) - std::numbers::ln2;
    }
    return std::min(0.0, sum * std::numbers::log10e);
}

double standard_score(std::span<const float> values, double sum) {
    const double norm = std::sqrt(std::inner_product(values.begin(), values.end(), values.begin(), 0.0));
    return norm > 0.0 ? sum / norm : 0.0;
}

}  // namespace

Agreement::Agreement(const Block& received, const Pattern& pattern, std::span<const std::int8_t> codeword) {
    std::array<float, kCodeBits> soft{};
    const double sync = pattern.fold(received, soft);
    double bits = 0.0;
    std::size_t agreeing = 0;
    for (std::size_t bit = 0; bit < kCodeBits; ++bit) {
        const float value = soft[bit] * static_cast<float>(codeword[bit]);
        bits += value;
        agreeing += value > 0.0F ? 1U : 0U;
    }
    z = standard_score(received, sync + bits);
    log10_tail = audio_mark::log10_tail(received, z);
    log10_bits = audio_mark::log10_tail(soft, standard_score(soft, bits));
    reliability = static_cast<double>(agreeing) / kCodeBits;
}

double log10_tail(std::span<const float> block, double z) {
    if (z <= 0.0) return 0.0;
    const double exact = std::erfc(z / std::numbers::sqrt2) / 2.0;
    // Far out the normal tail is its density over z, from above.
    const double log10_normal =
        z < 30.0 ? std::log10(exact)
                 : -z * z / 2.0 * std::numbers::log10e - std::log10(z * std::sqrt(2.0 * std::numbers::pi));
    const double any_block = std::min(0.0, log10_normal + std::log10(kSignSums));
    return z < kFarOut ? any_block : std::min(any_block, log10_chernoff(block, z));
}

/// Chernoff's bound is exp(-I(z)), and I(z) is at most the relative entropy of signs with the means m = z block /
/// |block|, which for |m| <= 1 is at most the sum of m^2 / 2 + (ln 2 - 1/2) m^4. The other bound, 3.18 times the normal
/// tail, is above exp(-z^2 / 2) / z. So no z below the root of z^2 / 2 + (ln 2 - 1/2) z^4 sum(block^4) / |block|^4 =
/// -ln(wanted) - ln(z) will do.
double least_z(std::span<const float> block, double wanted) {
    const double nats = -wanted * std::numbers::ln10;
    double squares = 0.0;
    double fourths = 0.0;
    double most = 0.0;
    for (const float value : block) {
        const double square = static_cast<double>(value) * value;
        squares += square;
        fourths += square * square;
        most = std::max(most, square);
    }
    if (nats < kAnyZ || squares <= 0.0) return 0.0;
    const double left = nats - std::log(2.0 * nats) / 2.0;
    const double quartic = kSigns * fourths / (squares * squares);
    const double z_squared = 2.0 * left / (0.5 + std::sqrt(0.25 + 4.0 * quartic * left));
    return std::sqrt(std::min(z_squared, squares / most));
}

}  // namespace birthmark::audio_mark
