// Layer normalisation in io_stream: one vector at a time.
#pragma once

#include "layer_norm.h"
#include "stream.h"

namespace nnet {

template <typename Config, typename In, typename Out>
void layer_norm(hls::stream<array<In, Config::num_in>> &x, hls::stream<array<Out, Config::num_in>> &y,
                const typename Config::weight_rom weights[Config::num_in],
                const typename Config::bias_rom bias[Config::num_in],
                const typename Config::table_rom table[1 << Config::table_bits]) {
#pragma HLS FUNCTION_INSTANTIATE variable=weights,bias,table
    NNET_ROM(table)
Positions:
    for (unsigned p = 0; p < Config::num_positions; p++) {
#pragma HLS PIPELINE II=1
        const array<In, Config::num_in> beat = x.read();
        array<Out, Config::num_in> result;
        NNET_PACK(result)
        layer_norm_vector<Config>(beat.data, result.data, weights, bias, table);
        y.write(result);
    }
}

} // namespace nnet
