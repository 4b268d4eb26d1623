#pragma once

// Which paths of a list decoder live on, private to the coding folder.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace birthmark::detail {

/// Keeps the L cheapest of the 2 L continuations of L paths. A path stays in its lane; where both its continuations
/// are kept, the one with bit 1 moves into the lane of a path of which none is.
template <std::size_t L>
struct PathSelection {
    alignas(64) std::array<float, 2 * L> cost{};        ///< in: of path p with bit 0, at L + p with bit 1
    alignas(64) std::array<float, L> kept{};            ///< out: cost of the path now in a lane
    alignas(64) std::array<std::uint32_t, L> chosen{};  ///< out: all ones where its new bit is 1
    std::array<std::uint32_t, L> from{};                ///< out: path from[k] is to be copied into lane to[k]
    std::array<std::uint32_t, L> to{};                  ///< out
    std::size_t moves = 0;                              ///< out

    [[gnu::always_inline]] void select() {
        alignas(64) std::array<std::uint32_t, 2 * L> rank{};
        for (std::size_t j = 0; j < 2 * L; ++j) {
            const float other = cost[j];
            for (std::size_t i = 0; i < 2 * L; ++i) rank[i] += other < cost[i] ? 1U : 0U;
        }
        std::size_t within = 0;
        for (std::size_t i = 0; i < 2 * L; ++i) within += rank[i] < L ? 1U : 0U;
        if (within > L) drop_ties(rank, within - L);

        moves = 0;
        std::size_t twice = 0;
        std::array<std::uint32_t, L + 1> free_lane;
        std::array<std::uint32_t, L + 1> both;
        for (std::size_t p = 0; p < L; ++p) {
            const bool zero = rank[p] < L;
            const bool one = rank[L + p] < L;
            chosen[p] = zero ? 0U : ~0U;
            kept[p] = zero ? cost[p] : cost[L + p];
            free_lane[moves] = both[twice] = static_cast<std::uint32_t>(p);
            moves += !zero && !one ? 1U : 0U;
            twice += zero && one ? 1U : 0U;
        }
        for (std::size_t k = 0; k < moves; ++k) {
            from[k] = both[k];
            to[k] = free_lane[k];
            chosen[to[k]] = ~0U;
            kept[to[k]] = cost[L + from[k]];
        }
    }

  private:
    /// Equal costs at the edge of the list: the last ones in lane order go.
    static void drop_ties(std::array<std::uint32_t, 2 * L>& rank, std::size_t excess) {
        std::uint32_t edge = 0;
        for (const auto r : rank) edge = std::max(edge, r < L ? r : 0U);
        for (std::size_t i = 2 * L; i-- > 0 && excess != 0;) {
            if (rank[i] == edge) {
                rank[i] = 2 * L;
                --excess;
            }
        }
    }
};

}  // namespace birthmark::detail
