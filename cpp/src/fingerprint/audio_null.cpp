#include "birthmark/fingerprint/audio_null.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

namespace birthmark {
namespace {

constexpr std::uint32_t kFewestPeaks = 12;
constexpr std::uint32_t kFewestDecoys = 20;
constexpr double kNearRows = 12.0;  // lags this near to the alignment are no decoys
constexpr double kDecoyStep = 6.0;  // rows between decoys, about the correlation length of the surface
constexpr std::size_t kMostDecoys = 256;
constexpr std::size_t kLookEvery = 8;  // decoys between two looks at the bound

// Mean and deviation of the partials of other takes; short phrases vary more, and are noticed only where they are
// alike. Measured on phrases that five voices repeat, as they are and through noise, rooms, loudspeakers and GSM.
struct Takes {
    double mean;
    double mean_short;  // over the number of peaks
    double deviation;
    double deviation_short;

    double log10_p(double partials, std::uint32_t peaks) const {
        const double few = 1.0 / std::max(1.0, static_cast<double>(peaks));
        return log10_normal_tail((partials - mean - mean_short * few) / (deviation + deviation_short * few));
    }
};
constexpr Takes kTakesDirect{0.31, 14.0, 0.053, 5.4};
constexpr Takes kTakesInRoom{0.26, 6.0, 0.059, 4.1};

struct Mark {
    double at;  // rows from the start of the range
    double band;
};

struct Turn {
    double lag;
    bool backwards;
};

std::vector<Mark> marks_of(const AudioFingerprint& reference, const AudioLine& line, AudioRange range) {
    std::vector<Mark> marks;
    for (const AudioPeak& peak :
         peaks_between(reference, line.reference_row(range.first), line.reference_row(range.last))) {
        const double band = peak.band + line.shift;
        if (AudioSurface::has_band(band)) {
            marks.push_back({line.query_row(peak.row) - range.first, band});
        }
    }
    return marks;
}

std::vector<Turn> turns_of(double length) {
    const double step = std::max(kDecoyStep, 2.0 * length / static_cast<double>(kMostDecoys));
    std::vector<Turn> turns;
    for (double lag = kNearRows; lag < length - kNearRows; lag += step) {
        turns.push_back({lag, false});
    }
    for (double lag = 0.0; lag < length; lag += step) {
        turns.push_back({lag, true});
    }
    return turns;
}

double decoy_height(const AudioSurface& query, const std::vector<Mark>& marks, AudioRange range, Turn turn) {
    const double length = range.length();
    double total = 0.0;
    for (const Mark& mark : marks) {
        double at = (turn.backwards ? length - mark.at : mark.at) + turn.lag;
        at -= at >= length ? length : 0.0;
        total += query.height(range.first + at, mark.band, AudioSurface::Kind::kSharp);
    }
    return total / static_cast<double>(marks.size());
}

// The largest z that `all` decoys can give whatever those to come are, when `done` of them have this mean and this sum
// of squares about it and the alignment stands `above` their mean. With the mean of the others b below, the alignment
// stands above + (all - done) / all * b over the mean of all, whose squares are at least squares + done * (all - done)
// / all * b^2; by Cauchy and Schwarz no b makes more of that than this.
double largest_z(double above, double squares, double done, double all) {
    return std::sqrt((all - 1.0) * (above * above / squares + (all - done) / (all * done)));
}

}  // namespace

AudioScore score(const AudioSurface& query, const AudioFingerprint& reference, const AudioLine& line, AudioRange range,
                 double needed) {
    AudioScore result;
    const double height = query.mean_height(reference, line, range, AudioSurface::Kind::kSharp, &result.peaks);
    const std::vector<Mark> marks = marks_of(reference, line, range);
    if (marks.empty()) {
        return result;
    }
    AudioNull& null = result.null;
    const std::vector<Turn> turns = turns_of(range.length());
    double sum = 0.0;
    double squares = 0.0;
    for (const Turn turn : turns) {
        const double got = decoy_height(query, marks, range, turn);
        sum += got;
        squares += got * got;
        ++null.decoys;
        if (needed > 0.0 && null.decoys % kLookEvery == 0) {
            const double mean = sum / null.decoys;
            const double about = squares - sum * mean;
            const auto all = static_cast<double>(turns.size());
            if (about > 0.0 && largest_z(height - mean, about, null.decoys, all) < 0.999 * needed) {
                return result;
            }
        }
    }
    if (null.decoys > 1) {
        null.mean = sum / null.decoys;
        const double variance = (squares - sum * null.mean) / (null.decoys - 1.0);
        null.deviation = std::sqrt(std::max(variance, 1e-6));
    }
    if (result.peaks >= kFewestPeaks && null.decoys >= kFewestDecoys) {
        result.z = (height - null.mean) / null.deviation;
    }
    return result;
}

double log10_retake(const AudioPartials& partials) {
    const double direct = kTakesDirect.log10_p(partials.direct, partials.peaks);
    const double room = kTakesInRoom.log10_p(partials.room, partials.peaks);
    return std::min(0.0, std::min(direct, room) + std::numbers::ln2 / std::numbers::ln10);
}

double log10_normal_tail(double z) {
    if (z < 20.0) {
        return std::log10(0.5 * std::erfc(z / std::numbers::sqrt2));
    }
    // Mills' ratio, relative error below 1e-5 here.
    const double series = 1.0 - 1.0 / (z * z) + 3.0 / (z * z * z * z);
    return (-0.5 * z * z + std::log(series / (z * std::sqrt(2.0 * std::numbers::pi)))) / std::numbers::ln10;
}

}  // namespace birthmark
