#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace birthmark {

/// How steep and clean the filter of a Resampler is (the recipes of libsoxr).
enum class ResampleQuality { low, medium, high, very_high };

/// Band-limited change of sample rate through libsoxr, in chunks of any size.
///
/// Output frame n lies at the time of input frame n * in_rate / out_rate: the delay of the filter is compensated, the
/// end is padded by flush(), and N input frames give round(N * out_rate / in_rate) output frames in all, the same ones
/// for every division into chunks. Latency is a few hundred input frames. Rates may be any ratio, e.g. to undo a
/// change of speed.
class Resampler {
  public:
    /// Throws ArgumentError unless both rates are positive, their ratio is within 1/256 ... 256, and 1 <= channels.
    Resampler(double in_rate, double out_rate, std::size_t channels = 1,
              ResampleQuality quality = ResampleQuality::high);
    ~Resampler();
    Resampler(Resampler&&) noexcept;
    Resampler& operator=(Resampler&&) noexcept;

    std::size_t channels() const { return channels_; }

    /// Takes interleaved frames and appends the frames that are ready to `out`.
    void push(std::span<const float> samples, std::vector<float>& out);

    /// Ends the stream: appends the rest to `out` and starts anew.
    void flush(std::vector<float>& out);

  private:
    struct Engine;

    void start();

    double in_rate_;
    double out_rate_;
    std::size_t channels_;
    ResampleQuality quality_;
    std::unique_ptr<Engine> engine_;
    std::vector<float> work_;
    std::uint64_t taken_ = 0;
    std::uint64_t given_ = 0;
};

/// The whole signal at once: Resampler with one push() and flush().
std::vector<float> resample(std::span<const float> samples, double in_rate, double out_rate, std::size_t channels = 1,
                            ResampleQuality quality = ResampleQuality::high);

}  // namespace birthmark
