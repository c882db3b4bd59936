// Elementwise activations.
//
// Config: num_elements; num_parallel elements a cycle.
#pragma once

#include "types.h"

namespace nnet {

// Casts.
template <typename Config> struct linear {
    template <typename In, typename Out> static Out apply(const In &x) {
#pragma HLS INLINE
        return x;
    }
};

// max(x, 0).
template <typename Config> struct relu {
    template <typename In, typename Out> static Out apply(const In &x) {
#pragma HLS INLINE
        Out y = 0;
        if (x > 0) {
            y = x;
        }
        return y;
    }
};

// min(max(x, 0), limit). Config: limit_raw, the raw input above which the result is ceiling_raw.
template <typename Config> struct clipped_relu {
    template <typename In, typename Out> static Out apply(const In &x) {
#pragma HLS INLINE
        Out y = relu<Config>::template apply<In, Out>(x);
        if (x > from_raw<In>(Config::limit_raw)) {
            y = from_raw<Out>(Config::ceiling_raw);
        }
        return y;
    }
};

// Runs an elementwise function: all elements in one cycle, or `num_parallel` a cycle.
template <typename Config, typename Function, bool is_single = Config::num_parallel == Config::num_elements>
struct element_loop {
    template <typename In, typename Out>
    static void run(const In x[Config::num_elements], Out y[Config::num_elements]) {
    Steps:
        for (unsigned i = 0; i < Config::num_elements; i += Config::num_parallel) {
#pragma HLS PIPELINE II=1
        Elements:
            for (unsigned k = 0; k < Config::num_parallel; k++) {
#pragma HLS UNROLL
                y[i + k] = Function::template apply<In, Out>(x[i + k]);
            }
        }
    }
};

template <typename Config, typename Function> struct element_loop<Config, Function, true> {
    template <typename In, typename Out>
    static void run(const In x[Config::num_elements], Out y[Config::num_elements]) {
#pragma HLS PIPELINE II=1
    Elements:
        for (unsigned k = 0; k < Config::num_elements; k++) {
#pragma HLS UNROLL
            y[k] = Function::template apply<In, Out>(x[k]);
        }
    }
};

template <template <typename> class Function, typename Config, typename In, typename Out>
void activate(const In x[Config::num_elements], Out y[Config::num_elements]) {
    static_assert(Config::num_elements % Config::num_parallel == 0, "The elements of a cycle divide all elements.");
    element_loop<Config, Function<Config>>::run(x, y);
}

} // namespace nnet
