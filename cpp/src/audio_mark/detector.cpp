#include "birthmark/audio_mark/detector.hpp"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <string>
#include <thread>

#include "birthmark/audio_mark/path.hpp"
#include "birthmark/errors.hpp"
#include "key_search.hpp"
#include "warps.hpp"

namespace birthmark::audio_mark {
namespace {

constexpr std::size_t kCandidateWarps = 3;
constexpr std::size_t kMostRounds = 8;
// Path scores of unmarked speech, best of all warps: seen up to 6 in 10 windows, 13 in 30, 29 in 60.
constexpr double kNoiseScore = 3.0;
constexpr double kNoiseScorePerWindow = 0.4;
constexpr double kExplained = 0.8;  // share of a span with marks above which no warps are tried

/// A path found in the coarse search.
struct Lead {
    Warp warp;
    double score = 0.0;
};

/// The best leads at distinct warps, best first. Leads no better than noise gives in so many windows are left out, the
/// unwarped original excepted.
std::vector<Warp> best_warps(std::vector<Lead> leads, std::size_t count, double seconds) {
    std::ranges::sort(leads, [](const Lead& a, const Lead& b) { return a.score > b.score; });
    std::vector<Warp> chosen;
    for (const Lead& lead : leads) {
        const auto close = [&](const Warp& w) {
            return std::abs(w.stretch - lead.warp.stretch) < 0.015 && std::abs(w.shift - lead.warp.shift) < 0.015;
        };
        const double noise = kNoiseScore + kNoiseScorePerWindow * seconds / (kWindowSeconds * lead.warp.stretch);
        const bool plain = lead.warp == Warp{};
        if (chosen.size() < count && (plain || lead.score > noise) && std::ranges::none_of(chosen, close)) {
            chosen.push_back(lead.warp);
        }
    }
    return chosen;
}

}  // namespace

struct Detector::Engine {
    Engine(std::span<const Key> keys, const DetectOptions& chosen) : options(chosen), code(kCodeBits) {
        for (const Key& key : keys) {
            patterns.emplace_back(key);
        }
    }

    /// Coarse search of one key-independent soft map per warp, for every key at once.
    std::vector<std::vector<Lead>> coarse(const PowerMap& map, std::span<const ShiftedWarps> groups,
                                          const std::vector<KeySearch>& searches) const {
        std::vector<std::vector<Lead>> leads(searches.size());
        std::mutex mutex;
        std::size_t taken = 0;
        const auto work = [&] {
            SoftMaker maker;
            for (;;) {
                std::size_t mine = 0;
                {
                    const std::lock_guard lock(mutex);
                    if (taken == groups.size()) return;
                    mine = taken++;
                }
                maker.shift(map, groups[mine].shift);
                for (const double stretch : groups[mine].stretches) {
                    const std::vector<float>& soft = maker.soft(stretch, kCoarsePhases, Reading::waveform);
                    for (std::size_t k = 0; k < searches.size(); ++k) {
                        const Lead lead{{stretch, groups[mine].shift}, searches[k].coarse_score(soft, stretch)};
                        const std::lock_guard lock(mutex);
                        leads[k].push_back(lead);
                    }
                }
            }
        };
        std::vector<std::jthread> helpers;
        for (std::size_t t = 1; t < std::min(options.threads, groups.size()); ++t) {
            helpers.emplace_back(work);
        }
        work();
        helpers.clear();
        for (auto& list : leads) {  // the order of work must not show
            std::ranges::sort(list, [](const Lead& a, const Lead& b) {
                return a.warp.shift != b.warp.shift ? a.warp.shift < b.warp.shift : a.warp.stretch < b.warp.stretch;
            });
        }
        return leads;
    }

    DetectOptions options;
    PayloadCode code;
    std::vector<Pattern> patterns;
};

Detector::Detector(std::span<const Key> keys, const DetectOptions& options) {
    if (keys.empty()) {
        throw ArgumentError("keys is empty; allowed: 1 or more keys");
    }
    if (!(options.max_log10_p <= 0.0)) {
        throw ArgumentError("max_log10_p is " + std::to_string(options.max_log10_p) + "; allowed: 0 or less");
    }
    if (options.threads == 0) {
        throw ArgumentError("threads is 0; allowed: 1 or more");
    }
    if (options.issued != nullptr && options.issued->code_bits() != kCodeBits) {
        throw ArgumentError("issued IDs have " + std::to_string(options.issued->code_bits()) +
                            " code bits; allowed: " + std::to_string(kCodeBits));
    }
    engine_ = std::make_unique<Engine>(keys, options);
}

Detector::~Detector() = default;
Detector::Detector(Detector&&) noexcept = default;
Detector& Detector::operator=(Detector&&) noexcept = default;

const DetectOptions& Detector::options() const { return engine_->options; }

std::vector<Detection> Detector::detect(const PowerMap& map, double log10_hypotheses) const {
    const Engine& engine = *engine_;
    const std::vector<ShiftedWarps> warps = warp_grid(engine.options.search == Search::full);
    const std::vector<ShiftedWarps> identity = warp_grid(false);
    const double hypotheses =
        log10_hypotheses + std::log10(static_cast<double>(kReadings.size() * engine.patterns.size()));
    const double seconds = static_cast<double>(map.frames()) / LevelSeconds::kFramesPerSecond;
    std::vector<KeySearch> searches;
    for (std::size_t k = 0; k < engine.patterns.size(); ++k) {
        searches.emplace_back(engine.patterns[k], engine.code, engine.options, k, hypotheses);
    }

    const auto done = [&](const KeySearch& s) { return s.explained_s() > kExplained * seconds; };
    bool found = true;
    for (std::size_t round = 0; round < kMostRounds && (found || round == 1); ++round) {
        found = false;
        const auto leads = engine.coarse(map, round == 0 ? identity : warps, searches);
        for (std::size_t k = 0; k < searches.size(); ++k) {
            if (done(searches[k])) continue;
            for (const Warp& warp : best_warps(leads[k], kCandidateWarps, seconds)) {
                found |= searches[k].pursue(map, warp, Reading::waveform, log10_warp_count(warps, warp));
            }
        }
        if (std::ranges::all_of(searches, done) || (round == 0 && engine.options.search == Search::plain && !found)) {
            break;
        }
    }
    // What the other readings are for does not come with another clock or pitch.
    for (KeySearch& search : searches) {
        for (const Reading reading : {Reading::vocoder, Reading::noise}) {
            const Warp plain;
            const auto pursue = [&] { return search.pursue(map, plain, reading, log10_warp_count(warps, plain)); };
            for (std::size_t round = 0; round < kMostRounds && !done(search) && pursue(); ++round) {
            }
        }
    }
    std::vector<Detection> all;
    for (KeySearch& search : searches) {
        std::ranges::move(search.take(), std::back_inserter(all));
    }
    std::ranges::sort(all, [](const Detection& a, const Detection& b) { return a.start_s < b.start_s; });
    return all;
}

}  // namespace birthmark::audio_mark
