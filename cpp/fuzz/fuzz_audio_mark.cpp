// Any samples, rate, channels and chunks through the embedder and the detector: output of the input's length, finite,
// within full scale, and the same for every division into chunks.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "birthmark/audio_mark/detect_stream.hpp"
#include "birthmark/audio_mark/embed_stream.hpp"
#include "birthmark/errors.hpp"

using namespace birthmark;
using namespace birthmark::audio_mark;

namespace {

constexpr std::size_t kMostSamples = 60000;

std::vector<float> embed(const std::vector<float>& samples, double rate, std::size_t channels, std::size_t chunk) {
    const Key key(std::array<std::uint8_t, 32>{});
    EmbedStream stream(rate, channels, key, 1);
    std::vector<float> out;
    for (std::size_t begin = 0; begin < samples.size(); begin += chunk) {
        stream.push(std::span<const float>(samples).subspan(begin, std::min(chunk, samples.size() - begin)), out);
    }
    stream.flush(out);
    return out;
}

void require(bool good) {
    if (!good) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    if (size < 8) return 0;
    const double rate = 8000.0 + 184000.0 * (data[0] * 256 + data[1]) / 65535.0;
    const std::size_t channels = 1 + data[2] % 3;
    const std::size_t chunk = channels * (1 + data[3] + 256U * (data[4] % 64));
    const bool raw = data[5] % 2 == 1;  // bytes as floats, NaN and infinity among them, or as 16-bit samples
    const std::size_t repeats = 1 + data[6] % 32;
    std::vector<float> samples;
    for (std::size_t turn = 0; turn < repeats; ++turn) {
        for (std::size_t i = 8; i + 4 <= size && samples.size() < kMostSamples; i += raw ? 4 : 2) {
            float value = 0.0F;
            if (raw) {
                std::memcpy(&value, data + i, sizeof value);
            } else {
                std::int16_t step = 0;
                std::memcpy(&step, data + i, sizeof step);
                value = static_cast<float>(step) / 32768.0F;
            }
            samples.push_back(value);
        }
    }
    samples.resize(samples.size() / channels * channels);
    try {
        const std::vector<float> marked = embed(samples, rate, channels, std::max(channels, samples.size()));
        require(marked.size() == samples.size());
        if (!raw) {
            require(std::ranges::all_of(marked, [](float value) { return std::abs(value) <= 1.0F; }));
            require(embed(samples, rate, channels, chunk) == marked);
        }
        const Key key(std::array<std::uint8_t, 32>{});
        DetectOptions options;
        options.search = Search::plain;
        DetectStream stream(rate, channels, std::span<const Key>(&key, 1), options);
        if (raw && !std::ranges::all_of(marked, [](float value) { return std::isfinite(value); })) return 0;
        for (std::size_t begin = 0; begin < marked.size(); begin += chunk) {
            stream.push(std::span<const float>(marked).subspan(begin, std::min(chunk, marked.size() - begin)));
        }
        stream.flush();
    } catch (const ArgumentError&) {
        require(raw);
    }
    return 0;
}
