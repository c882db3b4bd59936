// Product of a constant matrix with a vector, the heart of dense, convolution and recurrent layers.
//
// Every product is cast to the accumulator type and every sum as well, in the order that docs/ir.md specifies:
//     acc = bias; for i: product = x[i] * w[i][o]; acc = acc + product
//
// Config: num_in, num_out (inputs and outputs of the product); channel_multiplier (0; or the outputs of each channel of
// a depthwise convolution, where row i only counts for the outputs of channel i % num_channels); num_weights (elements
// of the array of weights); reuse; weight_t, bias_t, accum_t; product_of (what multiplies, of types.h).
#pragma once

#include "types.h"

namespace nnet {

template <typename Config> struct matrix {
    static_assert(Config::num_in > 0 && Config::num_out > 0, "A matrix has at least one row and one column.");
    static_assert(Config::reuse > 0, "A multiplier is used at least once.");
    static constexpr bool is_depthwise = Config::channel_multiplier > 0;
    static constexpr unsigned num_channels =
        is_depthwise ? Config::num_out / (is_depthwise ? Config::channel_multiplier : 1) : 1;
    // Products of one row: with every output, or with those of its channel.
    static constexpr unsigned row_size = is_depthwise ? Config::channel_multiplier : Config::num_out;
    static_assert(!is_depthwise || (row_size * num_channels == Config::num_out && Config::num_in % num_channels == 0),
                  "A depthwise convolution has the same number of rows and of outputs for each channel.");

    // The output that column k of row i counts for.
    static unsigned output(unsigned i, unsigned k) {
#pragma HLS INLINE
        return is_depthwise ? i % num_channels * row_size + k : k;
    }
};

// All multiplications at once, or sharing multipliers over the interval of the pipeline around it. The constants end up
// in the logic. Weights lie row after row.
template <typename Config, typename In, typename Out, typename Weight, typename Bias>
inline void multiply(const In x[Config::num_in], Out y[Config::num_out], const Weight weights[Config::num_weights],
                     const Bias bias[Config::num_out]) {
#pragma HLS INLINE
    static_assert(Config::num_weights == Config::num_in * matrix<Config>::row_size, "Each product has a weight.");
    typedef typename Config::weight_t weight_t;
    typedef typename Config::product_of product_of;
    typename Config::accum_t acc[Config::num_out];
#pragma HLS ARRAY_PARTITION variable=acc complete
Start:
    for (unsigned o = 0; o < Config::num_out; o++) {
#pragma HLS UNROLL
        acc[o] = cast<typename Config::accum_t>(from_raw<typename Config::bias_t>(bias[o]));
    }
Rows:
    for (unsigned i = 0; i < Config::num_in; i++) {
#pragma HLS UNROLL
    Columns:
        for (unsigned k = 0; k < matrix<Config>::row_size; k++) {
#pragma HLS UNROLL
            const unsigned o = matrix<Config>::output(i, k);
            const weight_t weight = from_raw<weight_t>(weights[i * matrix<Config>::row_size + k]);
            const typename Config::accum_t product =
                cast<typename Config::accum_t>(product_of::product(x[i], weight, i * matrix<Config>::row_size + k));
            acc[o] = add<typename Config::accum_t>(acc[o], product);
        }
    }
Finish:
    for (unsigned o = 0; o < Config::num_out; o++) {
#pragma HLS UNROLL
        y[o] = cast<Out>(acc[o]);
    }
}

// The same in `num_steps` steps, one a cycle: `block_factor` multipliers read one word of a memory in each.
//
// With a reuse up to the number of rows, row i belongs to step i % reuse and all outputs are computed side by side.
// With a larger one, a step takes one row of a group of outputs, one group after the other.
template <typename Config> struct shared_multipliers {
    typedef typename Config::weight_t weight_t;
    typedef typename Config::accum_t accum_t;
    typedef typename Config::product_of product_of;
    static constexpr bool is_wide = Config::reuse <= Config::num_in;
    static constexpr unsigned num_step_rows = is_wide ? Config::reuse : Config::num_in;
    static constexpr unsigned num_parallel_rows = (Config::num_in + num_step_rows - 1) / num_step_rows;
    static constexpr unsigned num_groups = is_wide || matrix<Config>::is_depthwise ? 1 : Config::reuse / Config::num_in;
    static constexpr unsigned group_size = matrix<Config>::row_size / num_groups;
    static constexpr unsigned num_accums = Config::num_out / num_groups;
    static constexpr unsigned num_steps = num_step_rows * num_groups;
    static constexpr unsigned block_factor = num_parallel_rows * group_size;
    static_assert(group_size * num_groups == matrix<Config>::row_size,
                  "Beyond the rows, the reuse divides the outputs.");
    static_assert(num_steps * block_factor == Config::num_weights, "Each step reads one word of the weights.");

    // Which step is due: of all, of the steps of a group of outputs, and which group.
    struct counter {
        unsigned index, row, group;
    };

    static bool is_last(const counter &at) {
#pragma HLS INLINE
        return at.index == num_steps - 1;
    }

    static void next(counter &at) {
#pragma HLS INLINE
        if (is_last(at)) {
            at.index = 0;
            at.row = 0;
            at.group = 0;
        } else {
            at.index++;
            at.row++;
            if (at.row == num_step_rows) {
                at.row = 0;
                at.group++;
            }
        }
    }

    // Weights of one step lie `num_steps` apart, which makes them one word of the memory reshaped in blocks.
    template <typename In, typename Out, typename Weight, typename Bias>
    static void step(const counter &at, const In x[Config::num_in], accum_t acc[num_accums], Out y[Config::num_out],
                     const Weight weights[Config::num_weights], const Bias bias[Config::num_out]) {
#pragma HLS INLINE
        if (at.row == 0) {
        Start:
            for (unsigned k = 0; k < num_accums; k++) {
#pragma HLS UNROLL
                acc[k] = cast<accum_t>(from_raw<typename Config::bias_t>(bias[at.group * num_accums + k]));
            }
        }
    Rows:
        for (unsigned t = 0; t < num_parallel_rows; t++) {
#pragma HLS UNROLL
            const unsigned i = at.row + t * num_step_rows;
        Columns:
            for (unsigned k = 0; k < group_size; k++) {
#pragma HLS UNROLL
                if (i < Config::num_in) {
                    const unsigned o = matrix<Config>::output(i, k);
                    const weight_t weight = from_raw<weight_t>(weights[(t * group_size + k) * num_steps + at.index]);
                    const accum_t product = cast<accum_t>(product_of::product(x[i], weight, t * group_size + k));
                    acc[o] = add<typename Config::accum_t>(acc[o], product);
                }
            }
        }
        if (at.row == num_step_rows - 1) {
        Finish:
            for (unsigned k = 0; k < num_accums; k++) {
#pragma HLS UNROLL
                y[at.group * num_accums + k] = cast<Out>(acc[k]);
            }
        }
    }
};

} // namespace nnet
