// Elementwise layers in io_stream: all channels of a position at once.
//
// Config: num_beats, num_channels; that of activation.h, table.h, affine.h.
#pragma once

#include "activation.h"
#include "affine.h"
#include "stream.h"
#include "table.h"

namespace nnet {

template <template <typename> class Function, typename Config, typename In, typename Out> struct activation_body {
    static constexpr unsigned ii = 1;
    static void apply(const array<In, Config::num_channels> &x, array<Out, Config::num_channels> &y, unsigned) {
#pragma HLS INLINE
    Channels:
        for (unsigned c = 0; c < Config::num_channels; c++) {
#pragma HLS UNROLL
            y[c] = Function<Config>::template apply<In, Out>(x[c]);
        }
    }
};

template <template <typename> class Function, typename Config, typename In, typename Out>
void activate(hls::stream<array<In, Config::num_channels>> &x, hls::stream<array<Out, Config::num_channels>> &y) {
    beat_loop<activation_body<Function, Config, In, Out>, Config::num_beats>::run(x, y);
}

template <template <typename> class Function, typename Config, typename In, typename Out> struct table_body {
    static constexpr unsigned ii = 1;
    static constexpr unsigned num_a = 1 << Config::table_bits;
    static void apply(const array<In, Config::num_channels> &x, array<Out, Config::num_channels> &y, unsigned,
                      const typename Config::table_rom table[num_a]) {
#pragma HLS INLINE
    Channels:
        for (unsigned c = 0; c < Config::num_channels; c++) {
#pragma HLS UNROLL
            y[c] = Function<Config>::template apply<In, Out>(x[c], table);
        }
    }
};

template <template <typename> class Function, typename Config, typename In, typename Out>
void look_up(hls::stream<array<In, Config::num_channels>> &x, hls::stream<array<Out, Config::num_channels>> &y,
             const typename Config::table_rom table[1 << Config::table_bits]) {
#pragma HLS FUNCTION_INSTANTIATE variable=table
    NNET_ROM(table)
    beat_loop<table_body<Function, Config, In, Out>, Config::num_beats>::run(x, y, table);
}

template <typename Config, typename In, typename Out> struct affine_body {
    static constexpr unsigned ii = 1;
    static constexpr unsigned num_a = Config::num_weights;
    static constexpr unsigned num_b = Config::num_weights;
    static void apply(const array<In, Config::num_channels> &x, array<Out, Config::num_channels> &y, unsigned,
                      const typename Config::weight_rom weights[num_a], const typename Config::bias_rom bias[num_b]) {
#pragma HLS INLINE
    Channels:
        for (unsigned c = 0; c < Config::num_channels; c++) {
#pragma HLS UNROLL
            y[c] = scale_and_shift<Config, Out>(x[c], weights[c], bias[c]);
        }
    }
};

template <typename Config, typename In, typename Out>
void affine(hls::stream<array<In, Config::num_channels>> &x, hls::stream<array<Out, Config::num_channels>> &y,
            const typename Config::weight_rom weights[Config::num_weights],
            const typename Config::bias_rom bias[Config::num_weights]) {
#pragma HLS FUNCTION_INSTANTIATE variable=weights,bias
    static_assert(Config::num_weights == Config::num_channels, "Each channel has a scale and an offset.");
    beat_loop<affine_body<Config, In, Out>, Config::num_beats>::run(x, y, weights, bias);
}

template <typename Config, typename In, typename Out> struct requantize_body {
    static constexpr unsigned ii = 1;
    static constexpr unsigned num_a = Config::num_weights;
    static constexpr unsigned num_b = Config::num_weights;
    static void apply(const array<In, Config::num_channels> &x, array<Out, Config::num_channels> &y, unsigned,
                      const typename Config::weight_rom weights[num_a], const typename Config::bias_rom bias[num_b]) {
#pragma HLS INLINE
    Channels:
        for (unsigned c = 0; c < Config::num_channels; c++) {
#pragma HLS UNROLL
            y[c] = scale_and_clip<Config, Out>(x[c], weights[c], bias[c]);
        }
    }
};

template <typename Config, typename In, typename Out>
void requantize(hls::stream<array<In, Config::num_channels>> &x, hls::stream<array<Out, Config::num_channels>> &y,
                const typename Config::weight_rom weights[Config::num_weights],
                const typename Config::bias_rom bias[Config::num_weights]) {
#pragma HLS FUNCTION_INSTANTIATE variable=weights,bias
    static_assert(Config::num_weights == Config::num_channels, "Each channel has a scale and an offset.");
    beat_loop<requantize_body<Config, In, Out>, Config::num_beats>::run(x, y, weights, bias);
}

template <typename Config, typename In, typename Out> struct prelu_body {
    static constexpr unsigned ii = 1;
    static constexpr unsigned num_a = Config::num_weights;
    static void apply(const array<In, Config::num_channels> &x, array<Out, Config::num_channels> &y, unsigned beat,
                      const typename Config::weight_rom weights[num_a]) {
#pragma HLS INLINE
    Channels:
        for (unsigned c = 0; c < Config::num_channels; c++) {
#pragma HLS UNROLL
            const unsigned slope = Config::num_weights == Config::num_channels ? c : beat * Config::num_channels + c;
            y[c] = sloped<Config, Out>(x[c], weights[slope]);
        }
    }
};

template <typename Config, typename In, typename Out>
void prelu(hls::stream<array<In, Config::num_channels>> &x, hls::stream<array<Out, Config::num_channels>> &y,
           const typename Config::weight_rom weights[Config::num_weights]) {
#pragma HLS FUNCTION_INSTANTIATE variable=weights
    beat_loop<prelu_body<Config, In, Out>, Config::num_beats>::run(x, y, weights);
}

} // namespace nnet
