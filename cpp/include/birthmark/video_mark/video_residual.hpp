#pragma once

#include <cstddef>
#include <deque>
#include <opencv2/core/mat.hpp>
#include <vector>

#include "birthmark/media/frame.hpp"
#include "birthmark/video_mark/block_grid.hpp"

namespace birthmark {

/// What is left of a video for the detector: frames averaged over slots of a tenth of a second, put on a grid of 240
/// lines across the shorter side, less their local mean, divided by the local mean deviation, clipped.
///
/// Sample (x, y) of a slot lies at (x + 0.5 - columns / 2, y + 0.5 - rows / 2) units from the picture's centre,
/// exactly, whatever the size of the frames. Slots depend on the frames in them only.
class VideoResidual {
  public:
    static constexpr double kSlotSeconds = 0.1;

    struct Slot {
        double seconds = 0.0;  ///< mean time of its frames
        cv::Mat1f picture;
    };

    /// Throws ArgumentError for a size that BlockGrid does not take.
    VideoResidual(std::size_t width, std::size_t height);

    std::size_t columns() const { return static_cast<std::size_t>(size_.width); }
    std::size_t rows() const { return static_cast<std::size_t>(size_.height); }

    /// Frames must come in the order of time; ArgumentError otherwise, or for another size of frame.
    void push(const Plane<const std::uint8_t>& luma, double seconds);
    void push(const Plane<const std::uint16_t>& luma, double seconds, int bits);

    /// Closes the slot that is still open.
    void flush();

    /// Slots that are complete and not yet taken.
    std::deque<Slot>& ready() { return ready_; }

  private:
    template <class Pixel>
    void take(const Plane<const Pixel>& luma, double seconds, float scale);
    cv::Mat1f whiten(const cv::Mat1f& mean) const;

    BlockGrid grid_;
    cv::Size size_;
    cv::Mat1f sum_;
    long long slot_ = 0;
    std::size_t frames_ = 0;
    double time_sum_ = 0.0;
    double last_ = 0.0;
    std::deque<Slot> ready_;
};

}  // namespace birthmark
