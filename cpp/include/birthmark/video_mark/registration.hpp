#pragma once

#include <complex>
#include <cstddef>
#include <opencv2/core/mat.hpp>
#include <span>
#include <vector>

#include "birthmark/video_mark/video_pattern.hpp"

namespace birthmark {

/// How the sync modes stand in blocks of the received pictures, under an assumed linear map: what a fit of the exact
/// geometry needs.
///
/// `map`: marked = map * received, 2 x 2, units from the centres. Result, index ((slot * rows + r) * columns + c) *
/// kSyncModes + k: the sum over block (r, c) of slot `slot` of picture * exp(-2 pi i f_k . x), f_k being mode k's
/// spatial frequency seen through `map` and x the place from the picture's centre. The harmonic's turn over time is
/// left in.
std::vector<std::complex<float>> sync_phasors(std::span<const cv::Mat1f> slots, const VideoPattern& pattern,
                                              const cv::Matx22d& map, std::size_t rows, std::size_t columns);

/// Spectra of received pictures folded onto the tile of the pattern.
///
/// `map`: marked = map * received in homogeneous coordinates, 3 x 3, units from the centres; each picture is drawn in
/// the marked picture's coordinates, cut to tiles, and the tiles added. Result, index slot * kModes + n: the
/// coefficient of mode n. Throws ArgumentError where the map is singular or shows the picture larger than 16 times.
std::vector<std::complex<float>> fold_modes(std::span<const cv::Mat1f> slots, const VideoPattern& pattern,
                                            const cv::Matx33d& map);

}  // namespace birthmark
