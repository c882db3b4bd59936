// Softmax and argmax in io_stream: one vector of logits at a time.
#pragma once

#include "softmax.h"
#include "stream.h"

namespace nnet {

template <typename Config, typename Norm> struct softmax_body {
    static constexpr unsigned ii = 1;
    static constexpr unsigned num_a = 1 << Config::exp_bits;
    static constexpr unsigned num_b = 1 << Config::inverse_bits;
    template <typename In, typename Out>
    static void apply(const In &x, Out &y, unsigned, const typename Config::exp_rom exp_table[num_a],
                      const typename Config::inv_rom inv_table[num_b]) {
#pragma HLS INLINE
        softmax_vector<Config, Norm>(x.data, y.data, exp_table, inv_table);
    }
};

template <template <typename> class Norm, typename Config, typename In, typename Out>
void softmax(hls::stream<array<In, Config::num_in>> &x, hls::stream<array<Out, Config::num_in>> &y,
             const typename Config::exp_rom exp_table[1 << Config::exp_bits],
             const typename Config::inv_rom inv_table[1 << Config::inverse_bits]) {
#pragma HLS FUNCTION_INSTANTIATE variable=exp_table,inv_table
    NNET_ROM(exp_table)
    NNET_ROM(inv_table)
    beat_loop<softmax_body<Config, Norm<Config>>, Config::num_positions>::run(x, y, exp_table, inv_table);
}

template <typename Config> struct argmax_body {
    static constexpr unsigned ii = 1;
    template <typename In, typename Out> static void apply(const In &x, Out &y, unsigned) {
#pragma HLS INLINE
        argmax_vector<Config>(x.data, y.data);
    }
};

template <typename Config, typename In, typename Out>
void argmax(hls::stream<array<In, Config::num_in>> &x, hls::stream<array<Out, Config::num_in>> &y) {
    beat_loop<argmax_body<Config>, Config::num_positions>::run(x, y);
}

} // namespace nnet
