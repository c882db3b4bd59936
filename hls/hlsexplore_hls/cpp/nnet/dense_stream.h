// Dense layer in io_stream: a product for each position that arrives.
#pragma once

#include "matvec.h"
#include "stream.h"

namespace nnet {

template <typename Config> struct dense_body {
    static constexpr unsigned ii = Config::reuse;
    static constexpr unsigned num_a = Config::num_weights;
    static constexpr unsigned num_b = Config::num_out;

    template <typename In, typename Out, typename Weight, typename Bias>
    static void apply(const In &beat, Out &result, unsigned, const Weight weights[num_a], const Bias bias[num_b]) {
#pragma HLS INLINE
        multiply<Config>(beat.data, result.data, weights, bias);
    }
};

template <typename Config, strategy kind> struct dense_stream;

template <typename Config> struct dense_stream<Config, strategy::latency> {
    template <typename In, typename Out>
    static void run(hls::stream<In> &x, hls::stream<Out> &y,
                    const typename Config::weight_rom weights[Config::num_weights],
                    const typename Config::bias_rom bias[Config::num_out]) {
#pragma HLS ALLOCATION operation instances=mul limit=Config::num_multipliers
        beat_loop<dense_body<Config>, Config::num_positions>::run(x, y, weights, bias);
    }
};

template <typename Config> struct dense_stream<Config, strategy::resource> {
    template <typename In, typename Out>
    static void run(hls::stream<In> &x, hls::stream<Out> &y,
                    const typename Config::weight_rom weights[Config::num_weights],
                    const typename Config::bias_rom bias[Config::num_out]) {
        typedef shared_multipliers<Config> core;
        const int block_factor = core::block_factor;
#pragma HLS ARRAY_RESHAPE variable=weights block factor=block_factor
#pragma HLS ALLOCATION operation instances=mul limit=Config::num_multipliers
        In beat;
        Out result;
        NNET_PACK(result)
        typename Config::accum_t acc[core::num_accums];
#pragma HLS ARRAY_PARTITION variable=acc complete
        typename core::counter at = {0, 0, 0};
    Steps:
        for (unsigned s = 0; s < Config::num_positions * core::num_steps; s++) {
#pragma HLS PIPELINE II=1
            if (at.index == 0) {
                beat = x.read();
            }
            core::step(at, beat.data, acc, result.data, weights, bias);
            if (core::is_last(at)) {
                y.write(result);
            }
            core::next(at);
        }
    }
};

template <typename Config, typename In, typename Out>
void dense(hls::stream<array<In, Config::num_in>> &x, hls::stream<array<Out, Config::num_out>> &y,
           const typename Config::weight_rom weights[Config::num_weights],
           const typename Config::bias_rom bias[Config::num_out]) {
#pragma HLS FUNCTION_INSTANTIATE variable=weights,bias
    static_assert(Config::channel_multiplier == 0, "A dense layer has one matrix for all channels.");
    static_assert(Config::parallel == 1, "Positions of a stream arrive one by one.");
    dense_stream<Config, Config::kind>::run(x, y, weights, bias);
}

} // namespace nnet
