// One matrix product at each position of a tensor: the loop around dense layers and convolutions in io_parallel.
//
// Gather::load(x, place, window) collects the inputs of one position.
// Config: num_inputs (elements of x), num_positions, num_columns (positions of a row), parallel (positions computed at
// once), kind (the strategy), num_multipliers, and that of matvec.h.
#pragma once

#include "matvec.h"

namespace nnet {

// A position, counted in its row and column too so that no division is needed.
struct place {
    unsigned index, row, column;
};

template <unsigned num_columns> inline void next_place(place &at) {
#pragma HLS INLINE
    at.index++;
    at.column++;
    if (at.column == num_columns) {
        at.column = 0;
        at.row++;
    }
}

template <typename Config, typename Gather, typename In, typename Out>
inline void one_position(const In x[Config::num_inputs], const place &at,
                         Out y[Config::num_positions * Config::num_out],
                         const typename Config::weight_rom weights[Config::num_weights],
                         const typename Config::bias_rom bias[Config::num_out]) {
#pragma HLS INLINE
    In window[Config::num_in];
#pragma HLS ARRAY_PARTITION variable=window complete
    Out result[Config::num_out];
#pragma HLS ARRAY_PARTITION variable=result complete
    Gather::load(x, at, window);
    multiply<Config>(window, result, weights, bias);
Store:
    for (unsigned o = 0; o < Config::num_out; o++) {
#pragma HLS UNROLL
        y[at.index * Config::num_out + o] = result[o];
    }
}

template <typename Config, typename Gather, strategy kind, bool is_single> struct position_loop;

// All positions at once: the function itself is the pipeline.
template <typename Config, typename Gather> struct position_loop<Config, Gather, strategy::latency, true> {
    template <typename In, typename Out>
    static void run(const In x[Config::num_inputs], Out y[Config::num_positions * Config::num_out],
                    const typename Config::weight_rom weights[Config::num_weights],
                    const typename Config::bias_rom bias[Config::num_out]) {
#pragma HLS PIPELINE II=Config::reuse
#pragma HLS ALLOCATION operation instances=mul limit=Config::num_multipliers
        place at = {0, 0, 0};
    Positions:
        for (unsigned p = 0; p < Config::num_positions; p++) {
#pragma HLS UNROLL
            one_position<Config, Gather>(x, at, y, weights, bias);
            next_place<Config::num_columns>(at);
        }
    }
};

// `parallel` positions at once, every `reuse` cycles.
template <typename Config, typename Gather> struct position_loop<Config, Gather, strategy::latency, false> {
    template <typename In, typename Out>
    static void run(const In x[Config::num_inputs], Out y[Config::num_positions * Config::num_out],
                    const typename Config::weight_rom weights[Config::num_weights],
                    const typename Config::bias_rom bias[Config::num_out]) {
#pragma HLS ALLOCATION operation instances=mul limit=Config::num_multipliers
        place at = {0, 0, 0};
    Positions:
        for (unsigned p = 0; p < Config::num_positions / Config::parallel; p++) {
#pragma HLS PIPELINE II=Config::reuse
        Parallel:
            for (unsigned q = 0; q < Config::parallel; q++) {
#pragma HLS UNROLL
                one_position<Config, Gather>(x, at, y, weights, bias);
                next_place<Config::num_columns>(at);
            }
        }
    }
};

// `parallel` positions at once, each in `num_steps` steps: one flat loop over all steps, a step a cycle.
template <typename Config, typename Gather, bool is_single>
struct position_loop<Config, Gather, strategy::resource, is_single> {
    typedef shared_multipliers<Config> core;

    template <typename In, typename Out>
    static void run(const In x[Config::num_inputs], Out y[Config::num_positions * Config::num_out],
                    const typename Config::weight_rom weights[Config::num_weights],
                    const typename Config::bias_rom bias[Config::num_out]) {
        const int block_factor = core::block_factor;
#pragma HLS ARRAY_RESHAPE variable=weights block factor=block_factor
#pragma HLS ALLOCATION operation instances=mul limit=Config::num_multipliers
        In window[Config::parallel][Config::num_in];
#pragma HLS ARRAY_PARTITION variable=window complete dim=0
        typename Config::accum_t acc[Config::parallel][core::num_accums];
#pragma HLS ARRAY_PARTITION variable=acc complete dim=0
        Out result[Config::parallel][Config::num_out];
#pragma HLS ARRAY_PARTITION variable=result complete dim=0
        typename core::counter step = {0, 0, 0};
        place first = {0, 0, 0};
    Steps:
        for (unsigned s = 0; s < Config::num_positions / Config::parallel * core::num_steps; s++) {
#pragma HLS PIPELINE II=1
            place at = first;
        Parallel:
            for (unsigned q = 0; q < Config::parallel; q++) {
#pragma HLS UNROLL
                if (step.index == 0) {
                    Gather::load(x, at, window[q]);
                }
                core::step(step, window[q], acc[q], result[q], weights, bias);
                if (core::is_last(step)) {
                Store:
                    for (unsigned o = 0; o < Config::num_out; o++) {
#pragma HLS UNROLL
                        y[at.index * Config::num_out + o] = result[q][o];
                    }
                }
                next_place<Config::num_columns>(at);
            }
            if (core::is_last(step)) {
                first = at;
            }
            core::next(step);
        }
    }
};

template <typename Config, typename Gather, typename In, typename Out>
inline void at_positions(const In x[Config::num_inputs], Out y[Config::num_positions * Config::num_out],
                         const typename Config::weight_rom weights[Config::num_weights],
                         const typename Config::bias_rom bias[Config::num_out]) {
#pragma HLS INLINE
    static_assert(Config::num_positions % Config::parallel == 0,
                  "The positions computed at once divide all positions.");
    constexpr bool is_single = Config::num_positions == Config::parallel;
    position_loop<Config, Gather, Config::kind, is_single>::run(x, y, weights, bias);
}

} // namespace nnet
