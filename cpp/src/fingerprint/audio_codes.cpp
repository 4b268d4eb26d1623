#include "birthmark/fingerprint/audio_codes.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

namespace birthmark {
namespace {

constexpr std::size_t kReferencePartners = 3;
constexpr std::size_t kQueryPartners = 5;
constexpr std::array<double, 3> kScales{0.9, 1.0, 1.1};

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
    std::uint32_t value = static_cast<std::uint32_t>(band);
    value = (value << 6U) | distance(triple.second);
    value = (value << 6U) | distance(triple.third);
    value = (value << 4U) | second_class;
    return (value << 4U) | third_class;
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

AudioProbes AudioCodes::probes(const AudioFingerprint& fingerprint, std::uint32_t first, std::uint32_t last) {
    AudioProbes out;
    const std::span<const AudioPeak> peaks(fingerprint.peaks);
    std::array<std::size_t, kQueryPartners> best{};
    const auto add = [&](const Triple& triple) {
        std::array<std::array<std::uint32_t, 2>, kScales.size()> classes{};
        std::size_t different = 0;
        for (const double scale : kScales) {
            const auto scaled = [&](const AudioPeak& peak) {
                return time_class(
                    static_cast<std::uint32_t>(std::lround(scale * static_cast<double>(peak.row - triple.anchor.row))));
            };
            const std::array<std::uint32_t, 2> pair{scaled(triple.second), scaled(triple.third)};
            const auto known = classes.begin() + static_cast<std::ptrdiff_t>(different);
            if (std::find(classes.begin(), known, pair) == known) {
                classes[different++] = pair;
            }
        }
        for (int shift = -AudioCodes::kShift; shift <= AudioCodes::kShift; ++shift) {
            const int band = static_cast<int>(triple.anchor.band) - shift;
            if (band < 0 || band >= static_cast<int>(AudioGrid::kBands)) {
                continue;
            }
            const std::uint32_t tag =
                (triple.anchor.row << kShiftBits) | static_cast<std::uint32_t>(shift + kShiftZero);
            for (std::size_t c = 0; c < different; ++c) {
                out.codes.push_back(code(triple, band, classes[c][0], classes[c][1]));
                out.tags.push_back(tag);
            }
        }
    };
    const auto from = std::lower_bound(peaks.begin(), peaks.end(), first,
                                       [](const AudioPeak& peak, std::uint32_t row) { return peak.row < row; });
    for (auto i = static_cast<std::size_t>(from - peaks.begin()); i < peaks.size() && peaks[i].row < last; ++i) {
        const std::size_t count = partners(peaks, i, best);
        for (std::size_t a = 0; a < count; ++a) {
            for (std::size_t b = a + 1; b < count; ++b) {
                add(in_order(peaks, i, best[a], best[b]));
            }
        }
    }
    return out;
}

}  // namespace birthmark
