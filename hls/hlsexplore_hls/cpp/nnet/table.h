// Elementwise functions by a table.
//
// Config: num_elements, num_parallel; table_bits (address bits); shift (log2 of the inputs that one entry covers is
// -shift); table_t, table_rom.
#pragma once

#include "types.h"

namespace nnet {

// Sigmoid, tanh and the like: the table covers both signs, zero in its middle.
template <typename Config> struct signed_table {
    template <typename In, typename Out>
    static Out apply(const In &x, const typename Config::table_rom table[1 << Config::table_bits]) {
#pragma HLS INLINE
        typedef ap_fixed<Config::table_bits, Config::table_bits, AP_TRN_ZERO, AP_SAT> index_t;
        const index_t index = cast<index_t>(scaled<Config::shift>(x));
        const unsigned entry = index.to_int() + (1 << (Config::table_bits - 1));
        return cast<Out>(from_raw<typename Config::table_t>(table[entry]));
    }
};

// The nearest entry of a table over both signs.
template <typename Config, typename In>
typename Config::table_t nearest_entry(const In &x, const typename Config::table_rom table[1 << Config::table_bits]) {
#pragma HLS INLINE
    typedef ap_fixed<Config::table_bits, Config::table_bits, AP_RND, AP_SAT> index_t;
    const index_t index = cast<index_t>(scaled<Config::shift>(x));
    const unsigned entry = index.to_int() + (1 << (Config::table_bits - 1));
    return from_raw<typename Config::table_t>(table[entry]);
}

// Exponential: the entry alone.
template <typename Config> struct nothing_part_table {
    template <typename In, typename Out>
    static Out apply(const In &x, const typename Config::table_rom table[1 << Config::table_bits]) {
#pragma HLS INLINE
        return cast<Out>(nearest_entry<Config>(x, table));
    }
};

// x - tanh(x): the entry and x.
template <typename Config> struct whole_part_table {
    template <typename In, typename Out>
    static Out apply(const In &x, const typename Config::table_rom table[1 << Config::table_bits]) {
#pragma HLS INLINE
        return cast<Out>(x + nearest_entry<Config>(x, table));
    }
};

// SiLU, GELU and the like: the entry and max(x, 0).
template <typename Config> struct positive_part_table {
    template <typename In, typename Out>
    static Out apply(const In &x, const typename Config::table_rom table[1 << Config::table_bits]) {
#pragma HLS INLINE
        In kept = x;
        if (is_negative(x)) {
            kept = zero<In>();
        }
        return cast<Out>(kept + nearest_entry<Config>(x, table));
    }
};

// Logarithm of the sigmoid: the entry and min(x, 0).
template <typename Config> struct negative_part_table {
    template <typename In, typename Out>
    static Out apply(const In &x, const typename Config::table_rom table[1 << Config::table_bits]) {
#pragma HLS INLINE
        In kept = zero<In>();
        if (is_negative(x)) {
            kept = x;
        }
        return cast<Out>(kept + nearest_entry<Config>(x, table));
    }
};

// ELU: a table for negative inputs.
template <typename Config> struct elu {
    template <typename In, typename Out>
    static Out apply(const In &x, const typename Config::table_rom table[1 << Config::table_bits]) {
#pragma HLS INLINE
        typedef ap_ufixed<Config::table_bits, Config::table_bits, AP_TRN_ZERO, AP_SAT> index_t;
        const index_t index = cast<index_t>(scaled<Config::shift>(opposite(x)));
        Out y = cast<Out>(from_raw<typename Config::table_t>(table[index.to_uint()]));
        if (!is_negative(x)) {
            y = cast<Out>(x);
        }
        return y;
    }
};

// SELU: a table for negative inputs, lambda * x for the others. Config: scale_t, scale_raw.
template <typename Config> struct selu {
    template <typename In, typename Out>
    static Out apply(const In &x, const typename Config::table_rom table[1 << Config::table_bits]) {
#pragma HLS INLINE
        typedef ap_ufixed<Config::table_bits, Config::table_bits, AP_TRN_ZERO, AP_SAT> index_t;
        const index_t index = cast<index_t>(scaled<Config::shift>(opposite(x)));
        Out y = cast<Out>(from_raw<typename Config::table_t>(table[index.to_uint()]));
        if (!is_negative(x)) {
            y = cast<Out>(x * from_raw<typename Config::scale_t>(Config::scale_raw));
        }
        return y;
    }
};

// A table of the model: the bits of the input, cast to a type, are the address. Config: source_t, table_bits wide.
template <typename Config> struct own_table {
    template <typename In, typename Out>
    static Out apply(const In &x, const typename Config::table_rom table[1 << Config::table_bits]) {
#pragma HLS INLINE
        const typename Config::source_t place = cast<typename Config::source_t>(x);
        const ap_uint<Config::table_bits> address = raw_bits(place);
        return cast<Out>(from_raw<typename Config::table_t>(table[address.to_uint()]));
    }
};

template <template <typename> class Function, typename Config, typename In, typename Out>
void look_up(const In x[Config::num_elements], Out y[Config::num_elements],
             const typename Config::table_rom table[1 << Config::table_bits]) {
#pragma HLS FUNCTION_INSTANTIATE variable=table
    NNET_ROM(table)
Steps:
    for (unsigned i = 0; i < Config::num_elements; i += Config::num_parallel) {
#pragma HLS PIPELINE II=1
    Parallel:
        for (unsigned k = 0; k < Config::num_parallel; k++) {
#pragma HLS UNROLL
            if (i + k < Config::num_elements) {
                y[i + k] = Function<Config>::template apply<In, Out>(x[i + k], table);
            }
        }
    }
}

} // namespace nnet
