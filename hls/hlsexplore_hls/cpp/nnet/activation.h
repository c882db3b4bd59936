// Elementwise activations.
//
// Config: num_elements; num_parallel (elements a cycle; the last cycle may have fewer); constants of the function.
#pragma once

#include "types.h"

namespace nnet {

// Casts.
template <typename Config> struct linear {
    template <typename In, typename Out> static Out apply(const In &x) {
#pragma HLS INLINE
        return cast<Out>(x);
    }
};

// max(x, 0).
template <typename Config> struct relu {
    template <typename In, typename Out> static Out apply(const In &x) {
#pragma HLS INLINE
        Out y = zero<Out>();
        if (!is_negative(x)) {
            y = cast<Out>(x);
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

// x above 0, slope * x below. Config: slope_t, slope_raw.
template <typename Config> struct leaky_relu {
    template <typename In, typename Out> static Out apply(const In &x) {
#pragma HLS INLINE
        Out y = cast<Out>(x * from_raw<typename Config::slope_t>(Config::slope_raw));
        if (!is_negative(x)) {
            y = cast<Out>(x);
        }
        return y;
    }
};

// x above the threshold, else 0. Config: threshold_t, threshold_raw.
template <typename Config> struct thresholded_relu {
    template <typename In, typename Out> static Out apply(const In &x) {
#pragma HLS INLINE
        Out y = zero<Out>();
        if (x > from_raw<typename Config::threshold_t>(Config::threshold_raw)) {
            y = cast<Out>(x);
        }
        return y;
    }
};

// slope * x + 1/2, between 0 and 1. Config: slope_t, slope_raw.
template <typename Config> struct hard_sigmoid {
    template <typename In, typename Out> static Out apply(const In &x) {
#pragma HLS INLINE
        const ap_ufixed<1, 1> one = 1;
        const ap_ufixed<1, 0> half = 0.5;
        const typename Config::slope_t slope = from_raw<typename Config::slope_t>(Config::slope_raw);
        Out y = cast<Out>(x * slope + half);
        if (is_negative(x * slope + half)) {
            y = zero<Out>();
        } else if (x * slope + half > one) {
            y = cast<Out>(one);
        }
        return y;
    }
};

// x * (slope * x + 1/2), the factor between 0 and 1. Config: slope_t, slope_raw.
template <typename Config> struct hard_swish {
    template <typename In, typename Out> static Out apply(const In &x) {
#pragma HLS INLINE
        const ap_ufixed<1, 1> one = 1;
        const ap_ufixed<1, 0> half = 0.5;
        const typename Config::slope_t slope = from_raw<typename Config::slope_t>(Config::slope_raw);
        Out y = cast<Out>((x * slope + half) * x);
        if (is_negative(x * slope + half)) {
            y = zero<Out>();
        } else if (x * slope + half > one) {
            y = cast<Out>(x);
        }
        return y;
    }
};

// x above low, else a constant; the ceiling above high. Config: bound_t, low_raw, high_raw; floor_raw, ceiling_raw.
template <typename Config> struct clip {
    template <typename In, typename Out> static Out apply(const In &x) {
#pragma HLS INLINE
        Out y = cast<Out>(x);
        if (x > from_raw<typename Config::bound_t>(Config::high_raw)) {
            y = from_raw<Out>(Config::ceiling_raw);
        }
        if (x <= from_raw<typename Config::bound_t>(Config::low_raw)) {
            y = from_raw<Out>(Config::floor_raw);
        }
        return y;
    }
};

// The same with a line below. Config: bound_t, low_raw, high_raw; slope_t, slope_raw; offset_t, offset_raw;
// ceiling_raw.
template <typename Config> struct clip_line {
    template <typename In, typename Out> static Out apply(const In &x) {
#pragma HLS INLINE
        Out y = cast<Out>(x);
        if (x > from_raw<typename Config::bound_t>(Config::high_raw)) {
            y = from_raw<Out>(Config::ceiling_raw);
        }
        if (x <= from_raw<typename Config::bound_t>(Config::low_raw)) {
            y = cast<Out>(x * from_raw<typename Config::slope_t>(Config::slope_raw) +
                          from_raw<typename Config::offset_t>(Config::offset_raw));
        }
        return y;
    }
};

// x between -1 and 1.
template <typename Config> struct hard_tanh {
    template <typename In, typename Out> static Out apply(const In &x) {
#pragma HLS INLINE
        const ap_fixed<2, 2> one = 1;
        const ap_fixed<2, 2> minus_one = -1;
        Out y = cast<Out>(x);
        if (x > one) {
            y = cast<Out>(one);
        } else if (x < minus_one) {
            y = cast<Out>(minus_one);
        }
        return y;
    }
};

// 1 from 0 on, else -1. Config: one_raw, minus_one_raw, the results.
template <typename Config> struct binary_tanh {
    template <typename In, typename Out> static Out apply(const In &x) {
#pragma HLS INLINE
        return is_negative(x) ? from_raw<Out>(Config::minus_one_raw) : from_raw<Out>(Config::one_raw);
    }
};

// The sign of x where |x| reaches the limit, else 0. Config: one_raw, minus_one_raw; limit_t, limit_raw.
template <typename Config> struct ternary_tanh {
    template <typename In, typename Out> static Out apply(const In &x) {
#pragma HLS INLINE
        const typename Config::limit_t limit = from_raw<typename Config::limit_t>(Config::limit_raw);
        Out y = zero<Out>();
        if (!is_negative(x) && x >= limit && x != zero<In>()) {
            y = from_raw<Out>(Config::one_raw);
        } else if (is_negative(x) && -x >= limit) {
            y = from_raw<Out>(Config::minus_one_raw);
        }
        return y;
    }
};

template <template <typename> class Function, typename Config, typename In, typename Out>
void activate(const In x[Config::num_elements], Out y[Config::num_elements]) {
Steps:
    for (unsigned i = 0; i < Config::num_elements; i += Config::num_parallel) {
#pragma HLS PIPELINE II=1
    Parallel:
        for (unsigned k = 0; k < Config::num_parallel; k++) {
#pragma HLS UNROLL
            if (i + k < Config::num_elements) {
                y[i + k] = Function<Config>::template apply<In, Out>(x[i + k]);
            }
        }
    }
}

} // namespace nnet
