// Layer normalisation over the last axis: mean, variance, a table of 1 / sqrt(epsilon + variance), scale and offset.
//
// Config: num_in, num_positions; accum_t, inverse_raw (1 / num_in in it); table_bits, shift (the variance times
// 2**shift is the index), table_t, table_rom; weight_t, weight_rom, bias_t, bias_rom.
#pragma once

#include "affine.h"

namespace nnet {

template <typename Config> struct layer_norm_constants {
    typedef typename Config::accum_t accum_t;

    // The mean of a vector: each sum and the product with 1 / num_in are cast to the accumulator type.
    static accum_t mean(const accum_t x[Config::num_in]) {
#pragma HLS INLINE
        accum_t sum = zero<accum_t>();
    Sum:
        for (unsigned i = 0; i < Config::num_in; i++) {
#pragma HLS UNROLL
            sum = cast<accum_t>(sum + x[i]);
        }
        return cast<accum_t>(sum * from_raw<accum_t>(Config::inverse_raw));
    }
};

template <typename Config, typename In, typename Out>
inline void layer_norm_vector(const In x[Config::num_in], Out y[Config::num_in],
                              const typename Config::weight_rom weights[Config::num_in],
                              const typename Config::bias_rom bias[Config::num_in],
                              const typename Config::table_rom table[1 << Config::table_bits]) {
#pragma HLS INLINE
    typedef typename Config::accum_t accum_t;
    accum_t values[Config::num_in];
#pragma HLS ARRAY_PARTITION variable=values complete
    accum_t squares[Config::num_in];
#pragma HLS ARRAY_PARTITION variable=squares complete
Load:
    for (unsigned i = 0; i < Config::num_in; i++) {
#pragma HLS UNROLL
        values[i] = cast<accum_t>(x[i]);
    }
    const accum_t mean = layer_norm_constants<Config>::mean(values);
Center:
    for (unsigned i = 0; i < Config::num_in; i++) {
#pragma HLS UNROLL
        values[i] = cast<accum_t>(values[i] - mean);
        squares[i] = cast<accum_t>(values[i] * values[i]);
    }
    const accum_t variance = layer_norm_constants<Config>::mean(squares);
    typedef ap_ufixed<Config::table_bits, Config::table_bits, AP_TRN_ZERO, AP_SAT> index_t;
    const index_t index = cast<index_t>(scaled<Config::shift>(variance));
    const typename Config::table_t inverse = from_raw<typename Config::table_t>(table[index.to_uint()]);
Scale:
    for (unsigned i = 0; i < Config::num_in; i++) {
#pragma HLS UNROLL
        y[i] = scale_and_shift<Config, Out>(values[i] * inverse, weights[i], bias[i]);
    }
}

template <typename Config, typename In, typename Out>
void layer_norm(const In x[Config::num_positions * Config::num_in], Out y[Config::num_positions * Config::num_in],
                const typename Config::weight_rom weights[Config::num_in],
                const typename Config::bias_rom bias[Config::num_in],
                const typename Config::table_rom table[1 << Config::table_bits]) {
#pragma HLS FUNCTION_INSTANTIATE variable=weights,bias,table
    NNET_ROM(table)
Positions:
    for (unsigned p = 0; p < Config::num_positions; p++) {
#pragma HLS PIPELINE II=1
        layer_norm_vector<Config>(x + p * Config::num_in, y + p * Config::num_in, weights, bias, table);
    }
}

} // namespace nnet
