// Softmax over the last axis, with tables of exponentials and reciprocals; and its one-hot substitute argmax.
//
// Config: num_in (classes), num_positions; for the tables exp_bits and inverse_bits (address bits), norm_t (type whose
// top bits address the exponentials), exp_table_t, accum_t, inv_input_t (type whose top bits address the reciprocals),
// inv_table_t; exp_rom, inv_rom (storage of the tables); for argmax one_raw (the raw 1 of the result).
#pragma once

#include "tree.h"
#include "types.h"

namespace nnet {

// The largest element, by a balanced tree.
template <typename T, unsigned size> struct largest {
    static constexpr unsigned half = size / 2;
    static T of(const T x[size]) {
#pragma HLS INLINE
        const T left = largest<T, half>::of(x);
        const T right = largest<T, size - half>::of(x + half);
        return exceeds<T>(left, right) ? left : right;
    }
};
template <typename T> struct largest<T, 1> {
    static T of(const T x[1]) {
#pragma HLS INLINE
        return x[0];
    }
};

template <typename T, unsigned bits> inline unsigned top_bits(const T &x) {
#pragma HLS INLINE
    static_assert(bits <= unsigned(T::width), "A table index is cut from a type that is at least as wide.");
    return x.range(T::width - 1, T::width - bits).to_uint();
}

// How the logits become values whose top bits address the table of exponentials.
template <typename Config> struct stable_norm {
    template <typename In> static void apply(const In x[Config::num_in], typename Config::norm_t norm[Config::num_in]) {
#pragma HLS INLINE
        const In top = largest<In, Config::num_in>::of(x);
    Spread:
        for (unsigned i = 0; i < Config::num_in; i++) {
#pragma HLS UNROLL
            norm[i] = cast<typename Config::norm_t>(top - x[i]);
        }
    }
};

template <typename Config> struct latency_norm {
    template <typename In> static void apply(const In x[Config::num_in], typename Config::norm_t norm[Config::num_in]) {
#pragma HLS INLINE
    Copy:
        for (unsigned i = 0; i < Config::num_in; i++) {
#pragma HLS UNROLL
            norm[i] = cast<typename Config::norm_t>(x[i]);
        }
    }
};

template <typename Config, typename Norm, typename In, typename Out>
inline void softmax_vector(const In x[Config::num_in], Out y[Config::num_in],
                           const typename Config::exp_rom exp_table[1 << Config::exp_bits],
                           const typename Config::inv_rom inv_table[1 << Config::inverse_bits]) {
#pragma HLS INLINE
    typename Config::norm_t norm[Config::num_in];
#pragma HLS ARRAY_PARTITION variable=norm complete
    typename Config::accum_t terms[Config::num_in];
#pragma HLS ARRAY_PARTITION variable=terms complete
    Norm::apply(x, norm);
Exponentials:
    for (unsigned i = 0; i < Config::num_in; i++) {
#pragma HLS UNROLL
        const unsigned index = top_bits<typename Config::norm_t, Config::exp_bits>(norm[i]);
        terms[i] = cast<typename Config::accum_t>(from_raw<typename Config::exp_table_t>(exp_table[index]));
    }
    const typename Config::inv_input_t total =
        cast<typename Config::inv_input_t>(tree<typename Config::accum_t, Config::num_in>::sum(terms));
    const unsigned index = top_bits<typename Config::inv_input_t, Config::inverse_bits>(total);
    const typename Config::inv_table_t inverse = from_raw<typename Config::inv_table_t>(inv_table[index]);
Scale:
    for (unsigned i = 0; i < Config::num_in; i++) {
#pragma HLS UNROLL
        y[i] = cast<Out>(terms[i] * inverse);
    }
}

template <typename Config, typename Norm, bool is_single = Config::num_positions == 1> struct softmax_loop {
    template <typename In, typename Out>
    static void run(const In x[Config::num_positions * Config::num_in], Out y[Config::num_positions * Config::num_in],
                    const typename Config::exp_rom exp_table[1 << Config::exp_bits],
                    const typename Config::inv_rom inv_table[1 << Config::inverse_bits]) {
    Positions:
        for (unsigned p = 0; p < Config::num_positions; p++) {
#pragma HLS PIPELINE II=1
            softmax_vector<Config, Norm>(x + p * Config::num_in, y + p * Config::num_in, exp_table, inv_table);
        }
    }
};

template <typename Config, typename Norm> struct softmax_loop<Config, Norm, true> {
    template <typename In, typename Out>
    static void run(const In x[Config::num_in], Out y[Config::num_in],
                    const typename Config::exp_rom exp_table[1 << Config::exp_bits],
                    const typename Config::inv_rom inv_table[1 << Config::inverse_bits]) {
#pragma HLS PIPELINE II=1
        softmax_vector<Config, Norm>(x, y, exp_table, inv_table);
    }
};

// Norm is stable_norm (the largest logit is subtracted first) or latency_norm.
template <template <typename> class Norm, typename Config, typename In, typename Out>
void softmax(const In x[Config::num_positions * Config::num_in], Out y[Config::num_positions * Config::num_in],
             const typename Config::exp_rom exp_table[1 << Config::exp_bits],
             const typename Config::inv_rom inv_table[1 << Config::inverse_bits]) {
#pragma HLS FUNCTION_INSTANTIATE variable=exp_table,inv_table
    NNET_ROM(exp_table)
    NNET_ROM(inv_table)
    softmax_loop<Config, Norm<Config>>::run(x, y, exp_table, inv_table);
}

// 1 for the first largest logit, 0 for the others.
template <typename Config, typename In, typename Out>
inline void argmax_vector(const In x[Config::num_in], Out y[Config::num_in]) {
#pragma HLS INLINE
    In top = x[0];
    unsigned winner = 0;
Search:
    for (unsigned i = 1; i < Config::num_in; i++) {
#pragma HLS UNROLL
        if (exceeds<In>(x[i], top)) {
            top = x[i];
            winner = i;
        }
    }
Store:
    for (unsigned i = 0; i < Config::num_in; i++) {
#pragma HLS UNROLL
        y[i] = i == winner ? from_raw<Out>(Config::one_raw) : zero<Out>();
    }
}

template <typename Config, typename In, typename Out>
void argmax(const In x[Config::num_positions * Config::num_in], Out y[Config::num_positions * Config::num_in]) {
Positions:
    for (unsigned p = 0; p < Config::num_positions; p++) {
#pragma HLS PIPELINE II=1
        argmax_vector<Config>(x + p * Config::num_in, y + p * Config::num_in);
    }
}

} // namespace nnet
