// Elementwise functions of two to four tensors: full precision from left to right, then one cast.
//
// Config: num_elements, num_parallel; for averages scale_t, scale_raw (the reciprocal of the number of tensors).
#pragma once

#include "types.h"

namespace nnet {

struct sum {
    template <typename A, typename B> static auto join(const A &a, const B &b) -> decltype(a + b) {
#pragma HLS INLINE
        return a + b;
    }
};

struct difference {
    template <typename A, typename B> static auto join(const A &a, const B &b) -> decltype(a - b) {
#pragma HLS INLINE
        return a - b;
    }
};

struct product {
    template <typename A, typename B> static auto join(const A &a, const B &b) -> decltype(a * b) {
#pragma HLS INLINE
        return a * b;
    }
};

// The type of a sum holds both operands exactly.
struct maximum {
    template <typename A, typename B> static auto join(const A &a, const B &b) -> decltype(a + b) {
#pragma HLS INLINE
        typedef decltype(a + b) wide;
        return a > b ? wide(a) : wide(b);
    }
};

struct minimum {
    template <typename A, typename B> static auto join(const A &a, const B &b) -> decltype(a + b) {
#pragma HLS INLINE
        typedef decltype(a + b) wide;
        return a < b ? wide(a) : wide(b);
    }
};

// What is done to the joined value before the cast.
template <typename Config> struct keep {
    template <typename T> static T finish(const T &x) {
#pragma HLS INLINE
        return x;
    }
};

template <typename Config> struct scale {
    template <typename T> static auto finish(const T &x) -> decltype(x * typename Config::scale_t()) {
#pragma HLS INLINE
        return x * from_raw<typename Config::scale_t>(Config::scale_raw);
    }
};

template <typename Join, template <typename> class Last, typename Config, typename A, typename B, typename Out>
void merge(const A a[Config::num_elements], const B b[Config::num_elements], Out y[Config::num_elements]) {
Steps:
    for (unsigned i = 0; i < Config::num_elements; i += Config::num_parallel) {
#pragma HLS PIPELINE II=1
    Parallel:
        for (unsigned k = 0; k < Config::num_parallel; k++) {
#pragma HLS UNROLL
            if (i + k < Config::num_elements) {
                y[i + k] = cast<Out>(Last<Config>::finish(Join::join(a[i + k], b[i + k])));
            }
        }
    }
}

template <typename Join, template <typename> class Last, typename Config, typename A, typename B, typename C,
          typename Out>
void merge(const A a[Config::num_elements], const B b[Config::num_elements], const C c[Config::num_elements],
           Out y[Config::num_elements]) {
Steps:
    for (unsigned i = 0; i < Config::num_elements; i += Config::num_parallel) {
#pragma HLS PIPELINE II=1
    Parallel:
        for (unsigned k = 0; k < Config::num_parallel; k++) {
#pragma HLS UNROLL
            if (i + k < Config::num_elements) {
                y[i + k] = cast<Out>(Last<Config>::finish(Join::join(Join::join(a[i + k], b[i + k]), c[i + k])));
            }
        }
    }
}

template <typename Join, template <typename> class Last, typename Config, typename A, typename B, typename C,
          typename D, typename Out>
void merge(const A a[Config::num_elements], const B b[Config::num_elements], const C c[Config::num_elements],
           const D d[Config::num_elements], Out y[Config::num_elements]) {
Steps:
    for (unsigned i = 0; i < Config::num_elements; i += Config::num_parallel) {
#pragma HLS PIPELINE II=1
    Parallel:
        for (unsigned k = 0; k < Config::num_parallel; k++) {
#pragma HLS UNROLL
            if (i + k < Config::num_elements) {
                y[i + k] = cast<Out>(
                    Last<Config>::finish(Join::join(Join::join(Join::join(a[i + k], b[i + k]), c[i + k]), d[i + k])));
            }
        }
    }
}

// Inner product of two vectors: each product is cast to the accumulator type, then each sum. Config: num_in, accum_t.
template <typename Config, typename A, typename B>
inline typename Config::accum_t inner_product(const A a[Config::num_in], const B b[Config::num_in]) {
#pragma HLS INLINE
    typename Config::accum_t acc = zero<typename Config::accum_t>();
Products:
    for (unsigned i = 0; i < Config::num_in; i++) {
#pragma HLS UNROLL
        const typename Config::accum_t term = cast<typename Config::accum_t>(a[i] * b[i]);
        acc = add<typename Config::accum_t>(acc, term);
    }
    return acc;
}

template <typename Config, typename A, typename B, typename Out>
void dot(const A a[Config::num_in], const B b[Config::num_in], Out y[1]) {
#pragma HLS PIPELINE II=1
    y[0] = cast<Out>(inner_product<Config>(a, b));
}

} // namespace nnet
