#include "birthmark/audio_mark/soft_chips.hpp"

#include <algorithm>
#include <array>

#include "birthmark/multiversion.hpp"
#include "birthmark/spectrum/fast_math.hpp"
#include "noise_whitening.hpp"
#include "vocoder_whitening.hpp"
#include "waveform_whitening.hpp"

namespace birthmark::audio_mark {
namespace {

constexpr std::size_t kWide = 28;  // pairs rounded up to whole vectors
using Row = std::array<float, kWide>;

/// sum = offset + filter applied around every pair; `rows` are the five level rows.
inline void apply(const Whitening::Filter& filter, float offset, const float* const* rows, float* sum) {
    for (std::size_t p = 0; p < kWide; ++p) {
        sum[p] = offset;
    }
    for (std::size_t slot = 0; slot < Whitening::kSlots; ++slot) {
        for (std::size_t half = 0; half < 2; ++half) {
            const float* levels = rows[slot] + half * LevelMap::kHalf;
            const float a = filter[slot][half];
            const float b = filter[slot][2 + half];
            const float c = filter[slot][4 + half];
            for (std::size_t p = 0; p < kWide; ++p) {
                sum[p] += a * levels[p] + b * levels[p + 1] + c * levels[p + 2];
            }
        }
    }
}

BIRTHMARK_MULTIVERSION void one_row(const Whitening& with, const float* const* rows, float* out) {
    Row value{};
    Row hidden{};
    Row weight{};
    apply(with.predictor, 0.0F, rows, value.data());
    weight.fill(with.weight_offset);
    for (std::size_t h = 0; h < Whitening::kHidden; ++h) {
        apply(with.reliability[h], with.reliability_offset[h], rows, hidden.data());
        for (std::size_t p = 0; p < kWide; ++p) {
            weight[p] += with.weight[h] * sigmoid(hidden[p]);
        }
    }
    for (std::size_t p = 0; p < kPairs; ++p) {
        out[p] = sigmoid(value[p]) * exponential(weight[p]);
    }
}

const Whitening& whitening(Reading reading) {
    switch (reading) {
        case Reading::vocoder:
            return kVocoderWhitening;
        case Reading::noise:
            return kNoiseWhitening;
        default:
            return kWaveformWhitening;
    }
}

}  // namespace

void soft_chips(const LevelMap& levels, std::size_t phases, Reading reading, std::vector<float>& out) {
    const Whitening& with = whitening(reading);
    const std::size_t count = levels.rows();
    out.resize(count * kPairs);
    std::array<const float*, Whitening::kSlots> rows{};
    for (std::size_t r = 0; r < count; ++r) {
        for (std::size_t slot = 0; slot < Whitening::kSlots; ++slot) {
            const std::size_t ahead = r + slot * phases;
            const std::size_t row = ahead < 2 * phases ? r % phases : ahead - 2 * phases;
            // Beyond the ends the nearest row of the same phase stands in.
            const std::size_t last = count - 1 - (count - 1 - r) % phases;
            rows[slot] = levels.row(std::min(row, last));
        }
        one_row(with, rows.data(), out.data() + r * kPairs);
    }
}

void remove_bias(std::vector<float>& soft, std::size_t phases) {
    const std::size_t rows = soft.size() / kPairs;
    const std::size_t reach = std::min(kSlots * phases, rows);
    const std::vector<float> before = soft;
    std::array<double, kPairs> sum{};
    const auto add = [&](std::size_t row, double sign) {
        for (std::size_t p = 0; p < kPairs; ++p) sum[p] += sign * before[row * kPairs + p];
    };
    for (std::size_t r = 0; r < reach; ++r) add(r, 1.0);
    for (std::size_t r = 0; r < rows; ++r) {
        if (r + reach < rows) add(r + reach, 1.0);
        if (r > reach) add(r - reach - 1, -1.0);
        const std::size_t begin = r > reach ? r - reach : 0;
        const std::size_t end = std::min(r + reach + 1, rows);
        const double share = 1.0 / static_cast<double>(end - begin);
        for (std::size_t p = 0; p < kPairs; ++p) soft[r * kPairs + p] -= static_cast<float>(share * sum[p]);
    }
}

}  // namespace birthmark::audio_mark
