// Scale and offset of each channel (batch normalisation), and slopes of each channel or element (PReLU).
//
// Config: num_elements, num_parallel; num_channels (element i belongs to channel i % num_channels); weight_t, weight_rom;
// bias_t, bias_rom.
#pragma once

#include "types.h"

namespace nnet {

// x * weight + bias in full precision, then one cast.
template <typename Config, typename In, typename Out>
void affine(const In x[Config::num_elements], Out y[Config::num_elements],
            const typename Config::weight_rom weights[Config::num_channels],
            const typename Config::bias_rom bias[Config::num_channels]) {
#pragma HLS FUNCTION_INSTANTIATE variable=weights,bias
Steps:
    for (unsigned i = 0; i < Config::num_elements; i += Config::num_parallel) {
#pragma HLS PIPELINE II=1
    Parallel:
        for (unsigned k = 0; k < Config::num_parallel; k++) {
#pragma HLS UNROLL
            if (i + k < Config::num_elements) {
                const unsigned channel = (i + k) % Config::num_channels;
                y[i + k] = x[i + k] * from_raw<typename Config::weight_t>(weights[channel]) +
                           from_raw<typename Config::bias_t>(bias[channel]);
            }
        }
    }
}

// x above 0, weight * x below.
template <typename Config, typename In, typename Out>
void prelu(const In x[Config::num_elements], Out y[Config::num_elements],
           const typename Config::weight_rom weights[Config::num_channels]) {
#pragma HLS FUNCTION_INSTANTIATE variable=weights
Steps:
    for (unsigned i = 0; i < Config::num_elements; i += Config::num_parallel) {
#pragma HLS PIPELINE II=1
    Parallel:
        for (unsigned k = 0; k < Config::num_parallel; k++) {
#pragma HLS UNROLL
            if (i + k < Config::num_elements) {
                const unsigned channel = (i + k) % Config::num_channels;
                Out value = x[i + k] * from_raw<typename Config::weight_t>(weights[channel]);
                if (!is_negative(x[i + k])) {
                    value = x[i + k];
                }
                y[i + k] = value;
            }
        }
    }
}

} // namespace nnet
