#pragma once

#include <array>
#include <cstdint>
#include <opencv2/core/mat.hpp>
#include <vector>

#include "birthmark/coding/payload_code.hpp"
#include "birthmark/media/frame.hpp"
#include "birthmark/video_mark/block_grid.hpp"
#include "birthmark/video_mark/contrast_keeper.hpp"
#include "birthmark/video_mark/fine_detail.hpp"
#include "birthmark/video_mark/texture_mask.hpp"
#include "birthmark/video_mark/video_pattern.hpp"

namespace birthmark {

/// How the pattern passes with time.
enum class Tempo : std::uint8_t {
    /// The payload's slow harmonics as they are at the middle of each third of the period, each picture shown for
    /// that third, and the sync waves in the same way in sixths: between these steps an encoder that predicts from the
    /// frame before has nothing to add.
    kHeld,
    kSmooth,  ///< all harmonics at the frame's own time
};

/// Adds the mark to pictures of one size. The pattern depends on the time only, its strength on the picture only:
/// frames may come in any order and at any spacing.
class VideoEmbedder {
  public:
    /// Throws ArgumentError for a size that BlockGrid does not take.
    VideoEmbedder(const Key& key, std::uint64_t payload, std::size_t width, std::size_t height,
                  const MarkStrength& strength = {}, Tempo tempo = Tempo::kHeld);

    /// Marks a luma plane in place. `seconds` is the time of the frame since the start of the video.
    void embed(const Plane8& luma, double seconds);

    /// The same for planes of more than 8 bits in the low bits of 16. Throws ArgumentError unless `bits` is 9 to 12.
    void embed(const Plane16& luma, double seconds, int bits);

    /// Marks interleaved RGB in place: the change of the luma is added to all three channels, the hue stays.
    void embed_rgb(const Plane8& rgb, double seconds);

    std::size_t width() const { return grid_.width(); }
    std::size_t height() const { return grid_.height(); }

  private:
    template <class Pixel>
    void prepare(const Plane<const Pixel>& luma, double seconds, float scale);
    void render(double seconds);
    void shape(const cv::Mat1f& amplitudes);
    template <class Pixel>
    float coring(const Plane<const Pixel>& luma, float levels);
    const float* changed(std::size_t y, float levels);
    void widen(std::size_t row, std::size_t slot, float levels);
    template <class Pixel, std::size_t Channels>
    void add(const Plane<Pixel>& plane, const Plane<const Pixel>& luma, float levels, float highest);

    struct Layer {
        std::vector<cv::Mat1f> tiles;  // harmonic 0, then cosine and sine parts of the further harmonics
        double hold;                   // seconds that its pictures are shown, 0 if it is smooth
        double shown;                  // the time rendered; not a number before the first picture
    };

    BlockGrid grid_;
    TextureMask mask_;
    ContrastKeeper contrast_;
    FineDetail detail_;
    MarkStrength strength_;
    std::array<Layer, 2> layers_;  // payload, sync waves
    cv::Mat1f tile_;               // the pattern now, one period and one more row and column
    cv::Mat1f change_;             // on the grid
    std::vector<int> left_;        // sample positions of the grid's columns and rows in the tile
    std::vector<float> left_share_;
    std::vector<int> top_;
    std::vector<float> top_share_;
    std::vector<float> shares_;  // where a block's pixels lie between the centres of blocks
    std::vector<float> padded_;  // one row of the grid and one more value on either side
    std::array<std::vector<float>, 2> wide_;
    std::array<std::size_t, 2> wide_row_{};
    std::vector<float> line_;     // change of one row of pixels; before that one row of the tile
    std::vector<float> changes_;  // of the rows that tell how much may be cored, and their detail
    std::vector<float> details_;
    std::vector<std::uint8_t> grey_;
};

}  // namespace birthmark
