#include "birthmark/voice_signature/peak_guard.hpp"

#include <algorithm>
#include <cmath>

namespace birthmark::voice_signature {

namespace {

float limit_of(float host) { return std::max(1.0F, std::abs(host)); }

}  // namespace

void PeakGuard::push(std::span<const float> host, std::span<const float> marked, std::vector<float>& out) {
    float allowed = 1.0F;
    for (std::size_t n = 0; n < host.size(); ++n) {
        const float excess = std::abs(marked[n]) - limit_of(host[n]);
        if (excess > 0.0F) {
            // |host + g (marked - host)| stays within the limit for every g up to this.
            allowed = std::min(allowed, 1.0F - excess / std::max(std::abs(marked[n] - host[n]), excess));
        }
    }
    if (host_.empty()) {
        first_ = allowed;
    } else {
        give(std::min(allowed_, allowed), out);
    }
    host_.assign(host.begin(), host.end());
    marked_.assign(marked.begin(), marked.end());
    allowed_ = allowed;
}

void PeakGuard::flush(std::vector<float>& out) {
    if (!host_.empty()) {
        give(allowed_, out);
    }
    host_.clear();
    marked_.clear();
    first_ = allowed_ = 1.0F;
}

void PeakGuard::give(float last, std::vector<float>& out) {
    const std::size_t frames = host_.size() / channels_;
    const float step = (last - first_) / static_cast<float>(frames);
    for (std::size_t n = 0; n < host_.size(); ++n) {
        const std::size_t frame = n / channels_;
        const float factor = first_ + step * static_cast<float>(frame);
        const float limit = limit_of(host_[n]);
        out.push_back(std::clamp(host_[n] + factor * (marked_[n] - host_[n]), -limit, limit));
    }
    first_ = last;
}

}  // namespace birthmark::voice_signature
