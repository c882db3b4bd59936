// Dense layer: the product of a constant matrix with the last axis, at each position of the other axes.
#pragma once

#include "positions.h"

namespace nnet {

template <typename Config> struct dense_gather {
    template <typename In>
    static void load(const In x[Config::num_inputs], const place &at, In window[Config::num_in]) {
#pragma HLS INLINE
    Gather:
        for (unsigned i = 0; i < Config::num_in; i++) {
#pragma HLS UNROLL
            window[i] = x[at.index * Config::num_in + i];
        }
    }
};

template <typename Config, typename In, typename Out>
void dense(const In x[Config::num_inputs], Out y[Config::num_positions * Config::num_out],
           const typename Config::weight_rom weights[Config::num_weights],
           const typename Config::bias_rom bias[Config::num_out]) {
#pragma HLS FUNCTION_INSTANTIATE variable=weights,bias
    static_assert(Config::channel_multiplier == 0, "A dense layer has one matrix for all channels.");
    static_assert(Config::num_inputs == Config::num_positions * Config::num_in, "A dense layer reads each input once.");
    at_positions<Config, dense_gather<Config>>(x, y, weights, bias);
}

} // namespace nnet
