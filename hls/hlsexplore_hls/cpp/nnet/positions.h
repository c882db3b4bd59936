// One matrix product at each position of a tensor: the loop around dense layers and convolutions in io_parallel.
//
// Gather::load(x, position, window) collects the inputs of one position.
// Config: num_inputs (elements of x), num_positions, parallel (positions computed at once), kind (the strategy),
// num_multipliers, and that of matvec.h.
#pragma once

#include "matvec.h"

namespace nnet {

template <typename Config, typename Gather, typename In, typename Out>
inline void one_position(const In x[Config::num_inputs], unsigned position,
                         Out y[Config::num_positions * Config::num_out],
                         const typename Config::weight_rom weights[matrix<Config>::num_weights],
                         const typename Config::bias_rom bias[Config::num_out]) {
#pragma HLS INLINE
    In window[matrix<Config>::window_size];
#pragma HLS ARRAY_PARTITION variable=window complete
    Out result[Config::num_out];
#pragma HLS ARRAY_PARTITION variable=result complete
    Gather::load(x, position, window);
    multiply<Config>(window, result, weights, bias);
Store:
    for (unsigned o = 0; o < Config::num_out; o++) {
#pragma HLS UNROLL
        y[position * Config::num_out + o] = result[o];
    }
}

template <typename Config, typename Gather, strategy kind, bool is_single> struct position_loop;

// All positions at once: the function itself is the pipeline.
template <typename Config, typename Gather> struct position_loop<Config, Gather, strategy::latency, true> {
    template <typename In, typename Out>
    static void run(const In x[Config::num_inputs], Out y[Config::num_positions * Config::num_out],
                    const typename Config::weight_rom weights[matrix<Config>::num_weights],
                    const typename Config::bias_rom bias[Config::num_out]) {
#pragma HLS PIPELINE II=Config::reuse
#pragma HLS ALLOCATION operation instances=mul limit=Config::num_multipliers
    Positions:
        for (unsigned p = 0; p < Config::num_positions; p++) {
#pragma HLS UNROLL
            one_position<Config, Gather>(x, p, y, weights, bias);
        }
    }
};

// `parallel` positions at once, every `reuse` cycles.
template <typename Config, typename Gather> struct position_loop<Config, Gather, strategy::latency, false> {
    template <typename In, typename Out>
    static void run(const In x[Config::num_inputs], Out y[Config::num_positions * Config::num_out],
                    const typename Config::weight_rom weights[matrix<Config>::num_weights],
                    const typename Config::bias_rom bias[Config::num_out]) {
#pragma HLS ALLOCATION operation instances=mul limit=Config::num_multipliers
    Positions:
        for (unsigned p = 0; p < Config::num_positions; p += Config::parallel) {
#pragma HLS PIPELINE II=Config::reuse
        Parallel:
            for (unsigned q = 0; q < Config::parallel; q++) {
#pragma HLS UNROLL
                one_position<Config, Gather>(x, p + q, y, weights, bias);
            }
        }
    }
};

// `parallel` positions at once, each in `reuse` steps: one flat loop over all steps, a step a cycle.
template <typename Config, typename Gather, bool is_single>
struct position_loop<Config, Gather, strategy::resource, is_single> {
    typedef shared_multiplier<Config> core;

    template <typename In, typename Out>
    static void run(const In x[Config::num_inputs], Out y[Config::num_positions * Config::num_out],
                    const typename Config::weight_rom weights[matrix<Config>::num_weights],
                    const typename Config::bias_rom bias[Config::num_out]) {
        const int block_factor = core::block_factor;
#pragma HLS ARRAY_RESHAPE variable=weights block factor=block_factor
#pragma HLS ALLOCATION operation instances=mul limit=Config::num_multipliers
        In window[Config::parallel][matrix<Config>::window_size];
#pragma HLS ARRAY_PARTITION variable=window complete dim=0
        typename Config::accum_t acc[Config::parallel][core::group_size];
#pragma HLS ARRAY_PARTITION variable=acc complete dim=0
        Out result[Config::parallel][Config::num_out];
#pragma HLS ARRAY_PARTITION variable=result complete dim=0
        typename core::counter at = {0, 0, 0};
        unsigned position = 0;
    Steps:
        for (unsigned s = 0; s < Config::num_positions / Config::parallel * Config::reuse; s++) {
#pragma HLS PIPELINE II=1
        Parallel:
            for (unsigned q = 0; q < Config::parallel; q++) {
#pragma HLS UNROLL
                if (at.index == 0) {
                    Gather::load(x, position + q, window[q]);
                }
                core::step(at, window[q], acc[q], result[q], weights, bias);
                if (at.index == Config::reuse - 1) {
                Store:
                    for (unsigned o = 0; o < Config::num_out; o++) {
#pragma HLS UNROLL
                        y[(position + q) * Config::num_out + o] = result[q][o];
                    }
                }
            }
            if (core::next(at)) {
                position += Config::parallel;
            }
        }
    }
};

template <typename Config, typename Gather, typename In, typename Out>
inline void at_positions(const In x[Config::num_inputs], Out y[Config::num_positions * Config::num_out],
                         const typename Config::weight_rom weights[matrix<Config>::num_weights],
                         const typename Config::bias_rom bias[Config::num_out]) {
#pragma HLS INLINE
    static_assert(Config::num_positions % Config::parallel == 0, "The positions computed at once divide all positions.");
    constexpr bool is_single = Config::num_positions == Config::parallel;
    position_loop<Config, Gather, Config::kind, is_single>::run(x, y, weights, bias);
}

} // namespace nnet
