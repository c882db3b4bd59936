// Product of a constant matrix with a vector, the heart of dense, convolution and recurrent layers.
//
// Every product is cast to the accumulator type and every sum as well, in the order that docs/ir.md specifies:
//     acc = bias; for i: product = x[i] * w[i][o]; acc = acc + product
//
// Config: num_in, num_out (rows and columns of the matrix); channel_multiplier (0; or, in a depthwise convolution, the
// outputs of each channel: output o then only reads channel o / channel_multiplier); reuse; weight_t, bias_t, accum_t.
#pragma once

#include "types.h"

namespace nnet {

template <typename Config> struct matrix {
    static_assert(Config::num_in > 0 && Config::num_out > 0, "A matrix has at least one row and one column.");
    static_assert(Config::reuse > 0, "A multiplier is used at least once.");
    static constexpr bool is_depthwise = Config::channel_multiplier > 0;
    static constexpr unsigned multiplier = is_depthwise ? Config::channel_multiplier : 1;
    static constexpr unsigned num_channels = is_depthwise ? Config::num_out / multiplier : 1;
    static constexpr unsigned window_size = Config::num_in * num_channels;
    static constexpr unsigned num_weights = Config::num_in * Config::num_out;

    // Where in the window the value lies that row i multiplies for output o.
    static unsigned tap(unsigned i, unsigned o) {
#pragma HLS INLINE
        return is_depthwise ? i * num_channels + o / multiplier : i;
    }
};

// All multiplications at once, or sharing multipliers over the interval of the pipeline around it. The constants end up
// in the logic. Weights lie row after row.
template <typename Config, typename In, typename Out, typename Weight, typename Bias>
inline void multiply(const In window[matrix<Config>::window_size], Out y[Config::num_out],
                     const Weight weights[matrix<Config>::num_weights], const Bias bias[Config::num_out]) {
#pragma HLS INLINE
    typename Config::accum_t acc[Config::num_out];
#pragma HLS ARRAY_PARTITION variable=acc complete
Start:
    for (unsigned o = 0; o < Config::num_out; o++) {
#pragma HLS UNROLL
        acc[o] = from_raw<typename Config::bias_t>(bias[o]);
    }
Rows:
    for (unsigned i = 0; i < Config::num_in; i++) {
#pragma HLS UNROLL
    Columns:
        for (unsigned o = 0; o < Config::num_out; o++) {
#pragma HLS UNROLL
            const typename Config::weight_t weight = from_raw<typename Config::weight_t>(weights[i * Config::num_out + o]);
            const typename Config::accum_t product = window[matrix<Config>::tap(i, o)] * weight;
            acc[o] = acc[o] + product;
        }
    }
Finish:
    for (unsigned o = 0; o < Config::num_out; o++) {
#pragma HLS UNROLL
        y[o] = acc[o];
    }
}

// The same in `reuse` steps, one a cycle: num_in * num_out / reuse multipliers read one word of a memory in each.
template <typename Config> struct shared_multiplier {
    // Either each output has several multipliers, or one multiplier serves several outputs one after the other.
    static constexpr bool is_wide = Config::reuse <= Config::num_in;
    static constexpr unsigned num_parallel_rows = is_wide ? Config::num_in / Config::reuse : 1;
    static constexpr unsigned num_step_rows = is_wide ? Config::reuse : Config::num_in;
    static constexpr unsigned num_groups = is_wide ? 1 : Config::reuse / Config::num_in;
    static constexpr unsigned group_size = Config::num_out / num_groups;
    static constexpr unsigned block_factor = group_size * num_parallel_rows;
    static_assert(num_step_rows * num_parallel_rows == Config::num_in && group_size * num_groups == Config::num_out,
                  "The reuse divides the number of rows, or is that number times a divisor of the number of columns.");
    static_assert(num_step_rows * num_groups == Config::reuse, "Each step computes a part of one group of outputs.");

    // Which step is due: of all, of the steps of a group of outputs, and which group.
    struct counter {
        unsigned index, row, group;
    };

    static bool next(counter &at) {
#pragma HLS INLINE
        at.index++;
        at.row++;
        if (at.row == num_step_rows) {
            at.row = 0;
            at.group++;
        }
        const bool is_done = at.index == Config::reuse;
        if (is_done) {
            at.index = 0;
            at.group = 0;
        }
        return is_done;
    }

    // Weights of one step lie `reuse` apart, which makes them one word of the memory reshaped in blocks.
    template <typename In, typename Out, typename Weight, typename Bias>
    static void step(const counter &at, const In window[matrix<Config>::window_size],
                     typename Config::accum_t acc[group_size], Out y[Config::num_out],
                     const Weight weights[matrix<Config>::num_weights], const Bias bias[Config::num_out]) {
#pragma HLS INLINE
    Accumulators:
        for (unsigned k = 0; k < group_size; k++) {
#pragma HLS UNROLL
            const unsigned o = at.group * group_size + k;
            typename Config::accum_t sum = acc[k];
            if (at.row == 0) {
                sum = from_raw<typename Config::bias_t>(bias[o]);
            }
        Rows:
            for (unsigned t = 0; t < num_parallel_rows; t++) {
#pragma HLS UNROLL
                const unsigned word = (k * num_parallel_rows + t) * Config::reuse + at.index;
                const typename Config::weight_t weight = from_raw<typename Config::weight_t>(weights[word]);
                const typename Config::accum_t product = window[matrix<Config>::tap(at.row + t * num_step_rows, o)] * weight;
                sum = sum + product;
            }
            acc[k] = sum;
            if (at.row == num_step_rows - 1) {
                y[o] = sum;
            }
        }
    }
};

} // namespace nnet
