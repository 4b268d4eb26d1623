#pragma once

#include <cmath>
#include <complex>
#include <cstddef>
#include <random>
#include <span>
#include <vector>

namespace birthmark::test {

/// Reproducible Gaussian noise of standard deviation 0.25.
inline std::vector<float> noise(std::size_t size, unsigned seed = 1) {
    std::mt19937 generator(seed);
    std::normal_distribution<float> normal(0.0F, 0.25F);
    std::vector<float> samples(size);
    for (float& sample : samples) {
        sample = normal(generator);
    }
    return samples;
}

/// Signal-to-noise ratio in dB of `test` against `reference`.
template <class Reference, class Test>
double snr_db(const Reference& reference, const Test& test) {
    double signal = 0.0;
    double error = 1e-300;
    for (std::size_t i = 0; i < reference.size(); ++i) {
        signal += std::norm(reference[i]);
        error += std::norm(static_cast<typename Reference::value_type>(test[i]) - reference[i]);
    }
    return 10.0 * std::log10(signal / error);
}

}  // namespace birthmark::test
