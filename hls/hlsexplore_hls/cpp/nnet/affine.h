// Scale and offset of each channel (batch normalisation), and slopes of each channel or element (PReLU).
//
// Config: num_elements, num_parallel; num_weights (element i belongs to weight i % num_weights); weight_t, weight_rom;
// bias_t, bias_rom; low_raw, high_raw of a requantization.
#pragma once

#include "types.h"

namespace nnet {

// x * weight + bias in full precision, then one cast.
template <typename Config, typename Out, typename In>
inline Out scale_and_shift(const In &x, typename Config::weight_rom weight, typename Config::bias_rom bias) {
#pragma HLS INLINE
    return cast<Out>(x * from_raw<typename Config::weight_t>(weight) + from_raw<typename Config::bias_t>(bias));
}

// x above 0, weight * x below.
template <typename Config, typename Out, typename In>
inline Out sloped(const In &x, typename Config::weight_rom weight) {
#pragma HLS INLINE
    Out y = cast<Out>(x * from_raw<typename Config::weight_t>(weight));
    if (!is_negative(x)) {
        y = cast<Out>(x);
    }
    return y;
}

template <typename Config, typename In, typename Out>
void affine(const In x[Config::num_elements], Out y[Config::num_elements],
            const typename Config::weight_rom weights[Config::num_weights],
            const typename Config::bias_rom bias[Config::num_weights]) {
#pragma HLS FUNCTION_INSTANTIATE variable=weights,bias
Steps:
    for (unsigned i = 0; i < Config::num_elements; i += Config::num_parallel) {
#pragma HLS PIPELINE II=1
    Parallel:
        for (unsigned k = 0; k < Config::num_parallel; k++) {
#pragma HLS UNROLL
            if (i + k < Config::num_elements) {
                const unsigned channel = (i + k) % Config::num_weights;
                y[i + k] = scale_and_shift<Config, Out>(x[i + k], weights[channel], bias[channel]);
            }
        }
    }
}

// The same, then a clip to raw integers of the result (Requantize).
template <typename Config, typename Out, typename In>
inline Out scale_and_clip(const In &x, typename Config::weight_rom weight, typename Config::bias_rom bias) {
#pragma HLS INLINE
    const Out low = from_raw<Out>(Config::low_raw);
    const Out high = from_raw<Out>(Config::high_raw);
    const Out y = scale_and_shift<Config, Out>(x, weight, bias);
    return y < low ? low : (y > high ? high : y);
}

template <typename Config, typename In, typename Out>
void requantize(const In x[Config::num_elements], Out y[Config::num_elements],
                const typename Config::weight_rom weights[Config::num_weights],
                const typename Config::bias_rom bias[Config::num_weights]) {
#pragma HLS FUNCTION_INSTANTIATE variable=weights,bias
Steps:
    for (unsigned i = 0; i < Config::num_elements; i += Config::num_parallel) {
#pragma HLS PIPELINE II=1
    Parallel:
        for (unsigned k = 0; k < Config::num_parallel; k++) {
#pragma HLS UNROLL
            if (i + k < Config::num_elements) {
                const unsigned channel = (i + k) % Config::num_weights;
                y[i + k] = scale_and_clip<Config, Out>(x[i + k], weights[channel], bias[channel]);
            }
        }
    }
}

template <typename Config, typename In, typename Out>
void prelu(const In x[Config::num_elements], Out y[Config::num_elements],
           const typename Config::weight_rom weights[Config::num_weights]) {
#pragma HLS FUNCTION_INSTANTIATE variable=weights
Steps:
    for (unsigned i = 0; i < Config::num_elements; i += Config::num_parallel) {
#pragma HLS PIPELINE II=1
    Parallel:
        for (unsigned k = 0; k < Config::num_parallel; k++) {
#pragma HLS UNROLL
            if (i + k < Config::num_elements) {
                y[i + k] = sloped<Config, Out>(x[i + k], weights[(i + k) % Config::num_weights]);
            }
        }
    }
}

} // namespace nnet
