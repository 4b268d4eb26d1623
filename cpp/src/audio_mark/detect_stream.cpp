#include "birthmark/audio_mark/detect_stream.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>

#include "birthmark/errors.hpp"
#include "birthmark/media/downmix.hpp"
#include "birthmark/media/resampler.hpp"
#include "birthmark/media/slicer.hpp"

namespace birthmark::audio_mark {
namespace {

constexpr std::size_t kSpanFrames = 64 * kSlots * PowerMap::kFramesPerSlot;
constexpr std::size_t kOverlapFrames = 8 * kSlots * PowerMap::kFramesPerSlot;
constexpr double kFrameSeconds = PowerMap::kHop / kRate;
constexpr double kFirstSlotFrames = 3.0;  // see PowerMap: slot 0 of a recording begins at frame 3
constexpr double kSameSpeed = 0.01;
constexpr std::size_t kPiece = 65536;  // frames taken at once: bounds the buffers

/// Whether two detections are the same mark, seen in neighbouring spans.
bool same_mark(const Detection& a, const Detection& b) {
    return a.key == b.key && a.payload == b.payload && std::abs(a.speed - b.speed) < kSameSpeed &&
           std::abs(a.pitch - b.pitch) < kSameSpeed && a.start_s <= b.end_s && b.start_s <= a.end_s;
}

}  // namespace

struct DetectStream::Engine {
    Engine(double sample_rate, std::size_t channel_count, std::span<const Key> keys, const DetectOptions& options)
        : rate(sample_rate),
          channels(channel_count),
          detector(keys, options),
          slicer(kFrame, PowerMap::kHop, PowerMap::kLead) {
        if (rate != kRate) resampler.emplace(rate, kRate);
    }

    void push(std::span<const float> samples) {
        const std::size_t frames = samples.size() / channels;
        frames_taken += static_cast<double>(frames);
        mix.add(samples, channels);
        const std::size_t piece = channels == 1 ? mix.mean.size() : static_cast<std::size_t>(rate * kBlockSeconds);
        std::size_t done = 0;
        for (; done + piece <= mix.mean.size() && piece > 0; done += piece) take(done, piece);
        mix.drop(done);
    }

    /// Goes on with one signal of the mixed frames [begin, begin + count).
    void take(std::size_t begin, std::size_t count) {
        const std::span<const float> mono = std::span(mix.audible(begin, count)).subspan(begin, count);
        if (resampler) {
            low.clear();
            resampler->push(mono, low);
            slice(low);
        } else {
            slice(mono);
        }
    }

    void slice(std::span<const float> samples) {
        slicer.push(samples, [&](std::span<const float> frame) { add(frame); });
    }

    void add(std::span<const float> frame) {
        map.add(frame);
        if (map.frames() == kSpanFrames) {
            search();
            map.drop(kSpanFrames - kOverlapFrames);
            first_frame += static_cast<double>(kSpanFrames - kOverlapFrames);
        }
    }

    void search() {
        const double ordinal = static_cast<double>(spans++);
        // The shares 1 / ((j + 1)(j + 2)) of all spans add up to one, however many there will be.
        const double log10_spans = std::log10((ordinal + 1.0) * (ordinal + 2.0));
        for (Detection& d : detector.detect(map, log10_spans)) {
            const double offset = (first_frame - kFirstSlotFrames) * kFrameSeconds;
            d.start_s = std::clamp(d.start_s + offset, 0.0, frames_taken / rate);
            d.end_s = std::clamp(d.end_s + offset, d.start_s, frames_taken / rate);
            merge(std::move(d));
        }
    }

    void merge(Detection&& d) {
        const auto twin = std::ranges::find_if(found, [&](const Detection& f) { return same_mark(f, d); });
        if (twin == found.end()) {
            found.push_back(std::move(d));
            return;
        }
        const double start = std::min(twin->start_s, d.start_s);
        const double end = std::max(twin->end_s, d.end_s);
        if (d.log10_p < twin->log10_p) *twin = std::move(d);
        twin->start_s = start;
        twin->end_s = end;
    }

    std::vector<Detection> flush() {
        take(0, mix.mean.size());
        if (resampler) {
            low.clear();
            resampler->flush(low);
            slice(low);
        }
        slicer.flush([&](std::span<const float> frame) { add(frame); });
        if (map.frames() > (spans > 0 ? kOverlapFrames : 0)) search();
        std::ranges::sort(found, {}, &Detection::start_s);
        return std::move(found);
    }

    double rate;
    std::size_t channels;
    Detector detector;
    Slicer slicer;
    std::optional<Resampler> resampler;
    PowerMap map;
    Downmix mix;
    std::vector<float> low;
    std::vector<Detection> found;
    double first_frame = 0.0;
    double frames_taken = 0.0;
    std::size_t spans = 0;
};

DetectStream::DetectStream(double rate, std::size_t channels, std::span<const Key> keys, const DetectOptions& options) {
    if (!(rate >= 8000.0 && rate <= 192000.0)) {
        throw ArgumentError("rate is " + std::to_string(rate) + "; allowed: 8000 to 192000 Hz");
    }
    if (channels == 0) {
        throw ArgumentError("channels is 0; allowed: 1 or more");
    }
    engine_ = std::make_unique<Engine>(rate, channels, keys, options);
}

DetectStream::~DetectStream() = default;
DetectStream::DetectStream(DetectStream&&) noexcept = default;
DetectStream& DetectStream::operator=(DetectStream&&) noexcept = default;

void DetectStream::push(std::span<const float> samples) {
    if (samples.size() % engine_->channels != 0) {
        throw ArgumentError("samples has " + std::to_string(samples.size()) + " elements; allowed: multiples of " +
                            std::to_string(engine_->channels) + " channels");
    }
    if (!std::ranges::all_of(samples, [](float s) { return std::isfinite(s); })) {
        throw ArgumentError("samples contains NaN or infinity; allowed: finite values");
    }
    const std::size_t piece = kPiece * engine_->channels;
    for (std::size_t at = 0; at < samples.size(); at += piece) {
        engine_->push(samples.subspan(at, std::min(piece, samples.size() - at)));
    }
}

const std::vector<Detection>& DetectStream::found() const { return engine_->found; }

std::vector<Detection> DetectStream::flush() { return engine_->flush(); }

}  // namespace birthmark::audio_mark
