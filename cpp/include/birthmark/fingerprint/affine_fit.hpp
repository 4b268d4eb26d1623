#pragma once

#include <array>
#include <span>

namespace birthmark {

/// x' = a x + b y + c, y' = d x + e y + f.
using Affine = std::array<float, 6>;

/// A point of one picture and its partner in another.
struct PointPair {
    float from_x = 0.0F;
    float from_y = 0.0F;
    float to_x = 0.0F;
    float to_y = 0.0F;
};

/// Root of the determinant: the mean enlargement.
float affine_scale(const Affine& map);

/// False for maps that mirror, that squeeze one direction more than 1.6 times the other or that scale more than
/// 16-fold.
bool affine_is_plausible(const Affine& map);

/// `start` corrected so that the points of `pairs` meet best in the least squares sense, with a ridge on the change of
/// the linear part so that few or clustered points move the map but do not distort it.
Affine refine_affine(const Affine& start, std::span<const PointPair> pairs);

}  // namespace birthmark
