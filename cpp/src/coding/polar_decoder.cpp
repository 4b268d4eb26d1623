#include "birthmark/coding/polar_decoder.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <string>

#include "birthmark/errors.hpp"
#include "birthmark/multiversion.hpp"
#include "list_kernel.hpp"

namespace birthmark {
namespace {

/// One function, so that the whole decoder is compiled once per instruction set. It only adds, compares and moves, so
/// all versions agree to the last bit.
BIRTHMARK_MULTIVERSION void run(std::size_t list_size, const PolarCode& code, const detail::ListBuffers& buffers) {
    switch (list_size) {
        case 1:
            return detail::ListKernel<1>(code, buffers).run();
        case 2:
            return detail::ListKernel<2>(code, buffers).run();
        case 4:
            return detail::ListKernel<4>(code, buffers).run();
        case 8:
            return detail::ListKernel<8>(code, buffers).run();
        case 16:
            return detail::ListKernel<16>(code, buffers).run();
        case 32:
            return detail::ListKernel<32>(code, buffers).run();
        default:
            return detail::ListKernel<64>(code, buffers).run();
    }
}

}  // namespace

PolarDecoder::PolarDecoder(const PolarCode& code, std::size_t list_size) : code_(&code), list_size_(list_size) {
    if (!std::has_single_bit(list_size) || list_size > 64) {
        throw ArgumentError("list_size: " + std::to_string(list_size) + " is not a power of two from 1 to 64");
    }
    const std::size_t length = code.length();
    channel_.resize(length);
    soft_.resize(length * list_size);
    lane_.resize((code.stages() + 1) * list_size);
    decided_.resize(length / 32 * list_size);
    information_.resize(((code.dimension() + 31) / 32 + 1) * list_size);
    penalty_.resize(list_size);
    correlation_.resize(list_size);
}

void PolarDecoder::decode(std::span<const float> soft) {
    if (soft.size() != channel_.size()) {
        throw ArgumentError("soft: " + std::to_string(soft.size()) + " values given, the code has " +
                            std::to_string(channel_.size()) + " bits");
    }
    float largest = 0.0F;
    for (const float value : soft) {
        if (!std::isfinite(value)) throw ArgumentError("soft: every value must be finite");
        largest = std::max(largest, std::abs(value));
    }
    paths_ = 0;
    if (largest == 0.0F) return;
    // A power of two: scaling changes no decision and loses no digit.
    const int exponent = std::ilogb(largest);
    scale_ = std::ldexp(1.0F, exponent);
    for (std::size_t i = 0; i < soft.size(); ++i) channel_[i] = std::ldexp(soft[i], -exponent);

    detail::ListBuffers buffers;
    buffers.channel = channel_;
    for (std::size_t stage = 0; stage < code_->stages(); ++stage) {
        buffers.soft[stage] = soft_.data() + (std::size_t{1} << stage) * list_size_;
    }
    for (std::size_t stage = 0; stage <= code_->stages(); ++stage) {
        buffers.lane[stage] = lane_.data() + stage * list_size_;
    }
    buffers.decided = decided_.data();
    buffers.information = information_.data();
    buffers.information_words = (code_->dimension() + 31) / 32 + 1;
    buffers.penalty = penalty_.data();
    buffers.correlation = correlation_.data();
    run(list_size_, *code_, buffers);
    for (std::size_t p = 0; p < list_size_; ++p) paths_ += penalty_[p] < detail::kUnused / 2 ? 1U : 0U;
}

}  // namespace birthmark
