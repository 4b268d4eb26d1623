#include "birthmark/fingerprint/audio_codes.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

namespace birthmark {
namespace {

constexpr std::size_t kReferencePartners = 3;
constexpr std::size_t kQueryPartners = 5;

// Pairs of a query's partners, by rank, and whether they are tried at other scales of time. In noise and rooms two of
// three true hits come from the first two pairs; the four that are left out bring a third of the false hits and one in
// twenty of the true ones.
struct Pair {
    std::size_t first;
    std::size_t second;
    bool scaled;
};
constexpr std::array<Pair, 6> kPairs{
    {{0, 1, true}, {0, 2, true}, {0, 3, false}, {1, 2, false}, {0, 4, false}, {1, 3, false}}};

// Scales of time with the shifts of pitch that go with them: tempo leaves the pitch, speed moves both one way.
struct Scale {
    double scale;
    int lowest_shift;
    int highest_shift;
};
constexpr std::array<Scale, 3> kScales{
    {{1.0, -AudioCodes::kShift, AudioCodes::kShift}, {0.9, -AudioCodes::kShift, 1}, {1.1, -1, AudioCodes::kShift}}};

// Upper ends of the classes of distances in time, rows; each some 25 % wide.
constexpr std::array<std::uint32_t, 10> kClassEnds{4, 6, 8, 10, 13, 16, 20, 25, 31, 40};

std::uint32_t time_class(std::uint32_t rows) {
    const auto* end = std::upper_bound(kClassEnds.begin(), kClassEnds.end() - 1, rows);
    return static_cast<std::uint32_t>(end - kClassEnds.begin());
}

struct Triple {
    AudioPeak anchor;
    AudioPeak second;
    AudioPeak third;
};

std::uint32_t code(const Triple& triple, int band, std::uint32_t second_class, std::uint32_t third_class) {
    const auto distance = [&](const AudioPeak& peak) {
        return static_cast<std::uint32_t>(static_cast<int>(peak.band) - static_cast<int>(triple.anchor.band) +
                                          AudioCodes::kWidest);
    };
    std::uint32_t value = distance(triple.second);
    value = (value << 6U) | distance(triple.third);
    value = (value << 4U) | second_class;
    value = (value << 4U) | third_class;
    return (value << 7U) | static_cast<std::uint32_t>(band);
}

// The strongest partners of peaks[i], strongest first; ties go to the earlier peak. Returns how many there are.
std::size_t partners(std::span<const AudioPeak> peaks, std::size_t i, std::span<std::size_t> out) {
    const AudioPeak& anchor = peaks[i];
    std::size_t count = 0;
    for (std::size_t j = i + 1; j < peaks.size() && peaks[j].row <= anchor.row + AudioCodes::kFarthest; ++j) {
        const int distance = static_cast<int>(peaks[j].band) - static_cast<int>(anchor.band);
        if (peaks[j].row < anchor.row + AudioCodes::kNearest || std::abs(distance) > AudioCodes::kWidest) {
            continue;
        }
        if (count < out.size()) {
            out[count++] = j;
        } else if (peaks[j].strength > peaks[out[count - 1]].strength) {
            out[count - 1] = j;
        } else {
            continue;
        }
        for (std::size_t k = count - 1; k > 0 && peaks[out[k]].strength > peaks[out[k - 1]].strength; --k) {
            std::swap(out[k], out[k - 1]);
        }
    }
    return count;
}

Triple in_order(std::span<const AudioPeak> peaks, std::size_t anchor, std::size_t a, std::size_t b) {
    return {peaks[anchor], peaks[std::min(a, b)], peaks[std::max(a, b)]};
}

}  // namespace

AudioPostings AudioCodes::postings(const AudioFingerprint& fingerprint) {
    AudioPostings out;
    const std::span<const AudioPeak> peaks(fingerprint.peaks);
    out.codes.reserve(2 * peaks.size());
    out.rows.reserve(2 * peaks.size());
    std::array<std::size_t, kReferencePartners> best{};
    for (std::size_t i = 0; i < peaks.size(); ++i) {
        const std::size_t count = partners(peaks, i, best);
        for (std::size_t j = 1; j < count; ++j) {
            const Triple triple = in_order(peaks, i, best[0], best[j]);
            out.codes.push_back(code(triple, triple.anchor.band, time_class(triple.second.row - triple.anchor.row),
                                     time_class(triple.third.row - triple.anchor.row)));
            out.rows.push_back(triple.anchor.row);
        }
    }
    return out;
}

namespace {

// Code and tag in one number, so that they sort together.
void add_probes(const Triple& triple, bool scaled, std::vector<std::uint64_t>& out) {
    const int anchor = triple.anchor.band;
    std::array<std::array<std::uint32_t, 2>, kScales.size()> known{};
    for (std::size_t s = 0; s < (scaled ? kScales.size() : 1); ++s) {
        const auto scaled_class = [&](const AudioPeak& peak) {
            const auto rows = static_cast<double>(peak.row - triple.anchor.row);
            return time_class(static_cast<std::uint32_t>(std::lround(kScales[s].scale * rows)));
        };
        known[s] = {scaled_class(triple.second), scaled_class(triple.third)};
        if (s > 0 && known[s] == known[0]) {
            continue;
        }
        const int lowest = std::max(anchor - kScales[s].highest_shift, 0);
        const int highest = std::min(anchor - kScales[s].lowest_shift, static_cast<int>(AudioGrid::kBands) - 1);
        for (int band = lowest; band <= highest; ++band) {
            const std::uint32_t shift = static_cast<std::uint32_t>(anchor - band + AudioCodes::kShiftZero);
            out.push_back((std::uint64_t{code(triple, band, known[s][0], known[s][1])} << 32U) |
                          (triple.anchor.row << AudioCodes::kShiftBits) | shift);
        }
    }
}

}  // namespace

AudioProbes AudioCodes::probes(const AudioFingerprint& fingerprint, std::uint32_t first, std::uint32_t last) {
    const std::span<const AudioPeak> peaks(fingerprint.peaks);
    std::array<std::size_t, kQueryPartners> best{};
    std::vector<std::uint64_t> found;
    const auto from = std::lower_bound(peaks.begin(), peaks.end(), first,
                                       [](const AudioPeak& peak, std::uint32_t row) { return peak.row < row; });
    for (auto i = static_cast<std::size_t>(from - peaks.begin()); i < peaks.size() && peaks[i].row < last; ++i) {
        const std::size_t count = partners(peaks, i, best);
        for (const Pair& pair : kPairs) {
            if (pair.second < count) {
                add_probes(in_order(peaks, i, best[pair.first], best[pair.second]), pair.scaled, found);
            }
        }
    }
    std::sort(found.begin(), found.end());
    AudioProbes out;
    out.codes.reserve(found.size());
    out.tags.reserve(found.size());
    for (const std::uint64_t probe : found) {
        out.codes.push_back(static_cast<std::uint32_t>(probe >> 32U));
        out.tags.push_back(static_cast<std::uint32_t>(probe));
    }
    return out;
}

}  // namespace birthmark
