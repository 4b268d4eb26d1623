#include "birthmark/audio_mark/embed_stream.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <optional>
#include <string>

#include "birthmark/audio_mark/evidence.hpp"
#include "birthmark/audio_mark/soft_chips.hpp"
#include "birthmark/coding/payload_code.hpp"
#include "birthmark/errors.hpp"
#include "birthmark/media/downmix.hpp"
#include "birthmark/media/resampler.hpp"
#include "embed_quality.hpp"
#include "mark_filter.hpp"

namespace birthmark::audio_mark {
namespace {

constexpr std::size_t kHop = MarkFilter::kHop;
constexpr std::size_t kBlockSamples = kSlots * kSlotSamples;
constexpr std::size_t kAheadSamples = GainPlan::kAround * kSlotSamples + kHop;  // what a block's last level needs

constexpr std::size_t kPiece = 8192;  // frames

std::array<std::int8_t, kCodeBits> encode(std::uint64_t payload) {
    std::array<std::int8_t, kCodeBits> codeword{};
    PayloadCode(kCodeBits).encode(payload, codeword);
    return codeword;
}

/// Levels of whole slots of a 16 kHz signal: two frames per slot, the first at each slot's start.
void slot_levels(std::span<const float> samples, std::size_t slots, std::vector<float>& bands, LevelMap& levels) {
    PowerMap map;
    for (std::size_t k = 0; k < 2 * slots; ++k) {
        map.add(samples.subspan(k * kHop, kFrame));
    }
    map.bands(1.0, bands);
    // Frames lie twice as far apart as the detector's, so a slot has half as many.
    PowerMap::levels(bands, 0.5, 1, levels);
}

}  // namespace

struct EmbedStream::Engine {
    Engine(double sample_rate, std::size_t channel_count, const Key& key, std::uint64_t id, double strength)
        : rate(sample_rate),
          channels(channel_count),
          payload(id),
          codeword(encode(id)),
          pattern(key),
          plan(pattern, codeword, strength),
          filters(channel_count),
          low(channel_count),
          factors(kFrame / 2 + 1) {
        if (rate != kRate) {
            down.emplace(rate, kRate, channels);
            up.emplace(kRate, rate, channels);
        }
    }

    void push(std::span<const float> samples, std::vector<float>& out) {
        host.insert(host.end(), samples.begin(), samples.end());
        taken += samples.size() / channels;
        if (down) {
            interleaved.clear();
            down->push(samples, interleaved);
            take_low(interleaved);
        } else {
            take_low(samples);
        }
        while (available() >= kBlockSamples + kAheadSamples) {
            block(kSlots, out);
        }
    }

    EmbedReport flush(std::vector<float>& out) {
        if (down) {
            interleaved.clear();
            down->flush(interleaved);
            take_low(interleaved);
        }
        const std::size_t rest = available();
        // The last frames reach beyond the end; silence stands there.
        for (auto& channel : low) channel.resize(channel.size() + kBlockSamples + kAheadSamples + kFrame, 0.0F);
        host_mix.pad(kBlockSamples + kAheadSamples + kFrame);
        for (std::size_t done = 0; done < rest + kFrame; done += kBlockSamples) {
            block(kSlots, out);
        }
        if (up) {
            interleaved.clear();
            up->flush(interleaved);
            add(interleaved, out);
        }
        interleaved.assign(host.size(), 0.0F);  // rounding of the resamplers may leave the last frame without a mark
        add(interleaved, out);
        EmbedReport report = judge();
        report.seconds = static_cast<double>(taken) / rate;
        quality.write(report);
        return report;
    }

    /// 16 kHz frames not yet marked.
    [[nodiscard]] std::size_t available() const { return host_mix.mean.size() - context * kSlotSamples; }

    void take_low(std::span<const float> samples) {
        for (std::size_t i = 0; i < samples.size(); i += channels) {
            for (std::size_t c = 0; c < channels; ++c) low[c].push_back(samples[i + c]);
        }
        host_mix.add(samples, channels);
    }

    /// Marks the next block of 16 kHz samples. `host_mix` and `low` begin `context` slots before it.
    void block(std::size_t slots, std::vector<float>& out) {
        const std::vector<float>& mono = host_mix.audible(context * kSlotSamples, slots * kSlotSamples);
        slot_levels(mono, context + slots + GainPlan::kAround, bands, levels);
        const std::vector<SlotGains> gains = plan.next(levels, context, slots);
        const std::size_t begin = context * kSlotSamples;
        interleaved.assign(slots * kSlotSamples * channels, 0.0F);
        for (std::size_t k = 0; k < 2 * slots; ++k) {
            if (k % 2 == 0) {
                bin_factors(gains[k / 2], factors);
                quality.add_slot(levels, context + k / 2, gains[k / 2]);
            }
            for (std::size_t c = 0; c < channels; ++c) {
                const auto mark = filters[c].next(std::span(low[c]).subspan(begin + k * kHop, kFrame), factors);
                for (std::size_t n = 0; n < kHop; ++n) {
                    interleaved[(k * kHop + n) * channels + c] = mark[n];
                }
            }
        }
        check(mono, begin, slots);
        if (up) {
            native.clear();
            up->push(interleaved, native);
            add(native, out);
        } else {
            add(interleaved, out);
        }
        const std::size_t keep = std::min(context + slots, GainPlan::kAround);
        const auto gone = static_cast<std::ptrdiff_t>((context + slots - keep) * kSlotSamples);
        for (auto& channel : low) channel.erase(channel.begin(), channel.begin() + gone);
        host_mix.drop(static_cast<std::size_t>(gone));
        context = keep;
    }

    /// Keeps the marked block for the check that a detector finds it, and measures quality.
    void check(const std::vector<float>& mono, std::size_t begin, std::size_t slots) {
        const std::size_t count = slots * kSlotSamples;
        const std::size_t old = marked.size();
        marked.resize(old + count);
        Downmix mark_mix;
        mark_mix.add(interleaved, channels);
        const std::vector<float>& mark_mono = &mono == &host_mix.mean ? mark_mix.mean : mark_mix.uneven;
        for (std::size_t n = 0; n < count; ++n) {
            marked[old + n] = mono[begin + n] + mark_mono[n];
        }
        for (std::size_t s = 0; s < slots; ++s) {
            quality.add_samples(std::span(mono).subspan(begin + s * kSlotSamples, kSlotSamples),
                                std::span(mark_mono).subspan(s * kSlotSamples, kSlotSamples));
        }
        receive(false);
    }

    /// Soft chips of the marked slots that have their context, added to the block received so far.
    void receive(bool last) {
        const std::size_t slots = marked.size() < kFrame ? 0 : (marked.size() - kHop) / kSlotSamples;
        if (slots <= 2 * GainPlan::kAround) return;
        slot_levels(marked, slots, bands, levels);
        soft_chips(levels, 1, Reading::waveform, soft);
        remove_bias(soft, 1);
        const std::size_t end = last ? slots : slots - GainPlan::kAround;
        for (std::size_t s = seen; s < end; ++s) {
            float* place = received.data() + slot * kPairs;
            for (std::size_t p = 0; p < kPairs; ++p) place[p] += soft[s * kPairs + p];
            slot = (slot + 1) % kSlots;
        }
        const std::size_t gone = end > GainPlan::kAround ? end - GainPlan::kAround : 0;
        marked.erase(marked.begin(), marked.begin() + static_cast<std::ptrdiff_t>(gone * kSlotSamples));
        seen = end - gone;
    }

    /// Adds marks to the oldest host samples. Never past full scale, or past the host where that is beyond it.
    void add(std::span<const float> marks, std::vector<float>& out) {
        const std::size_t count = std::min(marks.size(), host.size());
        for (std::size_t i = 0; i < count; ++i) {
            const float limit = std::max(1.0F, std::abs(host[i]));
            out.push_back(std::clamp(host[i] + marks[i], -limit, limit));
        }
        host.erase(host.begin(), host.begin() + static_cast<std::ptrdiff_t>(count));
    }

    EmbedReport judge() {
        receive(true);
        EmbedReport report;
        std::array<float, kCodeBits> soft_bits{};
        pattern.fold(received, soft_bits);
        const PayloadCode code(kCodeBits);
        PayloadDecoder decoder(code, 16);
        const auto candidates = decoder.decode(soft_bits);
        const Agreement agreement(received, pattern, codeword);
        report.reliability = agreement.reliability;
        if (!candidates.empty() && candidates.front().valid && candidates.front().payload == payload) {
            // What a detector counts for the shortest search: all payloads, and every alignment of one window.
            const double searched = 64.0 * std::numbers::ln2 * std::numbers::log10e + std::log10(kSlots * 4.0);
            report.log10_p = std::min(0.0, agreement.log10_tail + searched);
        }
        return report;
    }

    double rate;
    std::size_t channels;
    std::uint64_t payload;
    std::array<std::int8_t, kCodeBits> codeword;
    Pattern pattern;
    GainPlan plan;
    EmbedQuality quality;
    std::optional<Resampler> down;
    std::optional<Resampler> up;
    std::vector<MarkFilter> filters;
    std::vector<float> host;  // input frames not yet given out
    std::vector<std::vector<float>> low;
    Downmix host_mix;
    std::size_t context = 0;
    std::uint64_t taken = 0;
    std::vector<float> interleaved;
    std::vector<float> native;
    std::vector<float> factors;
    std::vector<float> bands;
    LevelMap levels;
    std::vector<float> soft;
    std::vector<float> marked;
    std::size_t seen = 0;  // slots of `marked` that are in `received`
    std::size_t slot = 0;
    Block received{};
};

EmbedStream::EmbedStream(double rate, std::size_t channels, const Key& key, std::uint64_t payload, double strength) {
    if (!(rate >= 8000.0 && rate <= 192000.0)) {
        throw ArgumentError("rate is " + std::to_string(rate) + "; allowed: 8000 to 192000 Hz");
    }
    if (channels == 0) {
        throw ArgumentError("channels is 0; allowed: 1 or more");
    }
    if (!(strength >= 0.1 && strength <= 4.0)) {
        throw ArgumentError("strength is " + std::to_string(strength) + "; allowed: 0.1 to 4");
    }
    engine_ = std::make_unique<Engine>(rate, channels, key, payload, strength);
}

EmbedStream::~EmbedStream() = default;
EmbedStream::EmbedStream(EmbedStream&&) noexcept = default;
EmbedStream& EmbedStream::operator=(EmbedStream&&) noexcept = default;

void EmbedStream::push(std::span<const float> samples, std::vector<float>& out) {
    if (samples.size() % engine_->channels != 0) {
        throw ArgumentError("samples has " + std::to_string(samples.size()) + " elements; allowed: multiples of " +
                            std::to_string(engine_->channels) + " channels");
    }
    if (!std::ranges::all_of(samples, [](float s) { return std::isfinite(s); })) {
        throw ArgumentError("samples contains NaN or infinity; allowed: finite values");
    }
    out.reserve(out.size() + samples.size());
    // In small pieces, so that the buffers stay within a block or two however much comes at once.
    const std::size_t piece = kPiece * engine_->channels;
    for (std::size_t at = 0; at < samples.size(); at += piece) {
        engine_->push(samples.subspan(at, std::min(piece, samples.size() - at)), out);
    }
}

EmbedReport EmbedStream::flush(std::vector<float>& out) { return engine_->flush(out); }

}  // namespace birthmark::audio_mark
