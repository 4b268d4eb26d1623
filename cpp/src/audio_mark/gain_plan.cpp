#include "birthmark/audio_mark/gain_plan.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "bearable.hpp"
#include "birthmark/audio_mark/soft_chips.hpp"
#include "birthmark/spectrum/fast_math.hpp"

namespace birthmark::audio_mark {
namespace {

constexpr float kLeastShare = 0.5F;  // of its gain that a code bit keeps, however well the host speaks for it
constexpr float kMostShare = 1.5F;
constexpr float kMostDb = 4.8F;     // difference of a tile from its pair stays below twice this
constexpr float kPairShare = 0.7F;  // of a pair's change of energy that is taken off both of its tiles
constexpr float kCarry = 0.85F;
constexpr float kResponse = 0.85F;  // change of a tile's measured level per dB of gain: neighbours overlap

float power(float db) { return exponential(db * (std::numbers::ln10_v<float> / 10.0F)); }

}  // namespace

GainPlan::GainPlan(const Pattern& pattern, std::span<const std::int8_t> codeword, double strength)
    : pattern_(&pattern), chips_(pattern.chips(codeword)), strength_(static_cast<float>(strength)) {}

void GainPlan::measure(const LevelMap& levels, const std::vector<SlotGains>& gains, std::size_t before, double factor) {
    work_ = levels;
    const auto by = static_cast<float>(factor) * kResponse;
    for (std::size_t s = 0; s < gains.size(); ++s) {
        float* even = work_.row(before + s);
        for (std::size_t p = 0; p < kPairs; ++p) {
            even[p + 1] += by * gains[s][2 * p];
            even[LevelMap::kHalf + p + 1] += by * gains[s][2 * p + 1];
        }
    }
    soft_chips(work_, 1, Reading::waveform, soft_);
    remove_bias(soft_, 1);
    margin_.fill(0.0F);
    for (std::size_t s = 0; s < gains.size(); ++s) {
        for (std::size_t p = 0; p < kPairs; ++p) {
            const std::size_t place = s * kPairs + p;
            const int bit = pattern_->code_bits()[place];
            if (bit != Pattern::kSync) {
                margin_[static_cast<std::size_t>(bit)] += soft_[(before + s) * kPairs + p] * chips_[place];
            }
        }
    }
}

std::vector<SlotGains> GainPlan::next(const LevelMap& levels, std::size_t before, std::size_t slots) {
    std::vector<SlotGains> gains = bearable(levels, before, slots);
    for (std::size_t s = 0; s < slots; ++s) {
        for (std::size_t tile = 0; tile < kTiles; ++tile) {
            const float sign = chips_[s * kPairs + tile / 2] * (tile % 2 == 0 ? 1.0F : -1.0F);
            gains[s][tile] *= sign * strength_ * gain_profile()[tile];
        }
    }
    measure(levels, gains, before, 0.0);
    const std::array<float, kCodeBits> host = margin_;
    measure(levels, gains, before, 1.0);

    const float target = std::accumulate(margin_.begin(), margin_.end(), 0.0F) / kCodeBits;
    std::array<float, kCodeBits> share{};
    for (std::size_t bit = 0; bit < kCodeBits; ++bit) {
        const float response = std::max(margin_[bit] - host[bit], 1e-6F);
        const float missing = target - (margin_[bit] + carried_[bit]);
        share[bit] = std::clamp(1.0F + missing / response, kLeastShare, kMostShare);
        carried_[bit] = kCarry * (carried_[bit] + margin_[bit] + (share[bit] - 1.0F) * response - target);
    }
    float host_energy = 0.0F;
    float energy = 0.0F;
    for (std::size_t s = 0; s < slots; ++s) {
        for (std::size_t p = 0; p < kPairs; ++p) {
            const int bit = pattern_->code_bits()[s * kPairs + p];
            const float factor = bit == Pattern::kSync ? 1.0F : share[static_cast<std::size_t>(bit)];
            float& even = gains[s][2 * p];
            float& odd = gains[s][2 * p + 1];
            even = std::clamp(even * factor, -kMostDb, kMostDb);
            odd = std::clamp(odd * factor, -kMostDb, kMostDb);
            const float a = power(levels.level(before + s, 2 * p));
            const float b = power(levels.level(before + s, 2 * p + 1));
            const float shift = kPairShare * decibels((a * power(even) + b * power(odd)) / (a + b));
            even -= shift;
            odd -= shift;
            host_energy += a + b;
            energy += a * power(kEnergyResponse * even) + b * power(kEnergyResponse * odd);
        }
    }
    const float shift = decibels(energy / host_energy);
    for (SlotGains& slot : gains) {
        for (float& gain : slot) gain -= shift;
    }
    return gains;
}

}  // namespace birthmark::audio_mark
