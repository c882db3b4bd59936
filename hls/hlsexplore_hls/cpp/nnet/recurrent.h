// Recurrent layers over a sequence: SimpleRNN, LSTM and GRU.
//
// Config: num_steps, num_in, num_units, returns_sequences, is_backward; accum_t (type of products and their sums),
// activation_t and gate_t (of the values of act and rec), state_t (of the LSTM's memory that act reads, and of the
// GRU's masked hidden state), hidden_t and memory_t (of the states that the next step reads), result_t (of what
// leaves); input_product and hidden_product (configurations as in dense.h), masked_product (of the GRU's third
// product); act_function, rec_function, state_function (configurations of the activations, their functors in Function).
#pragma once

#include "activation.h"
#include "dense.h"
#include "table.h"

namespace nnet {

// An activation without a table; it takes one so that all are called alike.
template <template <typename> class Function> struct by_value {
    template <typename Config, typename Out, typename In>
    static Out apply(const In &x, const typename Config::table_rom table[1 << Config::table_bits]) {
#pragma HLS INLINE
        return Function<Config>::template apply<In, Out>(x);
    }
};

template <template <typename> class Function> struct by_table {
    template <typename Config, typename Out, typename In>
    static Out apply(const In &x, const typename Config::table_rom table[1 << Config::table_bits]) {
#pragma HLS INLINE
        return Function<Config>::template apply<In, Out>(x, table);
    }
};

template <typename Config, typename Out, typename In>
inline Out activated(const In &x, const typename Config::table_rom table[1 << Config::table_bits]) {
#pragma HLS INLINE
    return Config::Function::template apply<Config, Out>(x, table);
}

// A product of its own: a pipeline, or a loop over the steps of shared multipliers.
template <typename Config, typename In, typename Out>
void vector_product(const In x[Config::num_in], Out y[Config::num_out],
                    const typename Config::weight_rom weights[Config::num_weights],
                    const typename Config::bias_rom bias[Config::num_out]) {
    at_positions<Config, dense_gather<Config>>(x, y, weights, bias);
}

// A new hidden state: as it leaves the layer, and as the next step reads it.
template <typename Value, typename Hidden, typename Out> inline void leave(const Value &value, Hidden &hidden, Out &y) {
#pragma HLS INLINE
    hidden = cast<Hidden>(value);
    y = cast<Out>(value);
}

// h = act(W x + U h)
struct simple_rnn {
    template <typename Config>
    static void update(const typename Config::accum_t from_x[Config::num_units],
                       const typename Config::accum_t from_h[Config::num_units],
                       typename Config::hidden_t hidden[Config::num_units],
                       typename Config::memory_t[Config::num_units], typename Config::result_t y[Config::num_units],
                       const typename Config::act_function::table_rom act_table[1 << Config::act_function::table_bits],
                       const typename Config::rec_function::table_rom[1 << Config::rec_function::table_bits]) {
#pragma HLS PIPELINE II=1
    Units:
        for (unsigned k = 0; k < Config::num_units; k++) {
#pragma HLS UNROLL
            const typename Config::accum_t total = cast<typename Config::accum_t>(from_x[k] + from_h[k]);
            leave(activated<typename Config::act_function, typename Config::activation_t>(total, act_table), hidden[k],
                  y[k]);
        }
    }
};

// i, f, g, o = rec, rec, act, rec (W x + U h);  m = g * i + m * f;  h = o * act(m)
struct lstm {
    template <typename Config>
    static void
    update(const typename Config::accum_t from_x[4 * Config::num_units],
           const typename Config::accum_t from_h[4 * Config::num_units],
           typename Config::hidden_t hidden[Config::num_units], typename Config::memory_t memory[Config::num_units],
           typename Config::result_t y[Config::num_units],
           const typename Config::act_function::table_rom act_table[1 << Config::act_function::table_bits],
           const typename Config::rec_function::table_rom rec_table[1 << Config::rec_function::table_bits]) {
#pragma HLS PIPELINE II=1
        typedef typename Config::accum_t accum_t;
        typedef typename Config::activation_t activation_t;
        typedef typename Config::gate_t gate_t;
        constexpr unsigned n = Config::num_units;
    Units:
        for (unsigned k = 0; k < n; k++) {
#pragma HLS UNROLL
            const accum_t total_i = cast<accum_t>(from_x[k] + from_h[k]);
            const accum_t total_f = cast<accum_t>(from_x[n + k] + from_h[n + k]);
            const accum_t total_g = cast<accum_t>(from_x[2 * n + k] + from_h[2 * n + k]);
            const accum_t total_o = cast<accum_t>(from_x[3 * n + k] + from_h[3 * n + k]);
            const gate_t i = activated<typename Config::rec_function, gate_t>(total_i, rec_table);
            const gate_t f = activated<typename Config::rec_function, gate_t>(total_f, rec_table);
            const activation_t g = activated<typename Config::act_function, activation_t>(total_g, act_table);
            const gate_t o = activated<typename Config::rec_function, gate_t>(total_o, rec_table);
            typename Config::state_t state;
            leave(g * i + memory[k] * f, memory[k], state);
            leave(o * activated<typename Config::state_function, activation_t>(state, act_table), hidden[k], y[k]);
        }
    }
};

// z, r = rec (W x + U h);  g = act(W x + r * (U h));  h = g * (1 - z) + h * z
struct gru {
    template <typename Config>
    static void
    update(const typename Config::accum_t from_x[3 * Config::num_units],
           const typename Config::accum_t from_h[3 * Config::num_units],
           typename Config::hidden_t hidden[Config::num_units], typename Config::memory_t[Config::num_units],
           typename Config::result_t y[Config::num_units],
           const typename Config::act_function::table_rom act_table[1 << Config::act_function::table_bits],
           const typename Config::rec_function::table_rom rec_table[1 << Config::rec_function::table_bits]) {
#pragma HLS PIPELINE II=1
        typedef typename Config::accum_t accum_t;
        typedef typename Config::activation_t activation_t;
        typedef typename Config::gate_t gate_t;
        constexpr unsigned n = Config::num_units;
        const ap_ufixed<1, 1> one = from_raw<ap_ufixed<1, 1>>(1);
    Units:
        for (unsigned k = 0; k < n; k++) {
#pragma HLS UNROLL
            const accum_t total_z = cast<accum_t>(from_x[k] + from_h[k]);
            const accum_t total_r = cast<accum_t>(from_x[n + k] + from_h[n + k]);
            const gate_t z = activated<typename Config::rec_function, gate_t>(total_z, rec_table);
            const gate_t r = activated<typename Config::rec_function, gate_t>(total_r, rec_table);
            const accum_t reset = cast<accum_t>(r * from_h[2 * n + k]);
            const accum_t total_g = cast<accum_t>(from_x[2 * n + k] + reset);
            const activation_t g = activated<typename Config::act_function, activation_t>(total_g, act_table);
            leave(g * (one - z) + hidden[k] * z, hidden[k], y[k]);
        }
    }
};

// One step of the sequence, all features at once.
template <typename Config, typename In>
inline void load_step(const In x[Config::num_steps * Config::num_in], unsigned step, In value[Config::num_in]) {
#pragma HLS INLINE
Load:
    for (unsigned i = 0; i < Config::num_in; i++) {
#pragma HLS UNROLL
        value[i] = x[step * Config::num_in + i];
    }
}

// The result of a step, where it is one of the layer's: of every step, or of the last one read.
template <typename Config, typename Out>
inline void store_step(const typename Config::result_t result[Config::num_units], unsigned step, bool is_last,
                       Out y[(Config::returns_sequences ? Config::num_steps : 1) * Config::num_units]) {
#pragma HLS INLINE
    if (Config::returns_sequences || is_last) {
    Store:
        for (unsigned k = 0; k < Config::num_units; k++) {
#pragma HLS UNROLL
            y[(Config::returns_sequences ? step : 0) * Config::num_units + k] = result[k];
        }
    }
}

// The hidden states of all steps, or the last one.
template <typename Cell, typename Config, typename In, typename Out>
void recurrent(const In x[Config::num_steps * Config::num_in],
               Out y[(Config::returns_sequences ? Config::num_steps : 1) * Config::num_units],
               const typename Config::input_product::weight_rom weights[Config::input_product::num_weights],
               const typename Config::input_product::bias_rom bias[Config::input_product::num_out],
               const typename Config::hidden_product::weight_rom hidden_weights[Config::hidden_product::num_weights],
               const typename Config::hidden_product::bias_rom hidden_bias[Config::hidden_product::num_out],
               const typename Config::act_function::table_rom act_table[1 << Config::act_function::table_bits],
               const typename Config::rec_function::table_rom rec_table[1 << Config::rec_function::table_bits]) {
#pragma HLS FUNCTION_INSTANTIATE variable=weights,bias,hidden_weights,hidden_bias,act_table,rec_table
    NNET_ROM(act_table)
    NNET_ROM(rec_table)
    typedef typename Config::accum_t accum_t;
    In value[Config::num_in];
#pragma HLS ARRAY_PARTITION variable=value complete
    accum_t from_x[Config::input_product::num_out];
#pragma HLS ARRAY_PARTITION variable=from_x complete
    accum_t from_h[Config::hidden_product::num_out];
#pragma HLS ARRAY_PARTITION variable=from_h complete
    typename Config::hidden_t hidden[Config::num_units];
#pragma HLS ARRAY_PARTITION variable=hidden complete
    typename Config::memory_t memory[Config::num_units];
#pragma HLS ARRAY_PARTITION variable=memory complete
    typename Config::result_t result[Config::num_units];
#pragma HLS ARRAY_PARTITION variable=result complete
Reset:
    for (unsigned k = 0; k < Config::num_units; k++) {
#pragma HLS UNROLL
        hidden[k] = zero<typename Config::hidden_t>();
        memory[k] = zero<typename Config::memory_t>();
    }
Steps:
    for (unsigned s = 0; s < Config::num_steps; s++) {
        const unsigned step = Config::is_backward ? Config::num_steps - 1 - s : s;
        load_step<Config>(x, step, value);
        vector_product<typename Config::input_product>(value, from_x, weights, bias);
        vector_product<typename Config::hidden_product>(hidden, from_h, hidden_weights, hidden_bias);
        Cell::template update<Config>(from_x, from_h, hidden, memory, result, act_table, rec_table);
        store_step<Config>(result, step, s == Config::num_steps - 1, y);
    }
}

// GRU with the reset gate before the product: g = act(W x + U (r * h)), the hidden product only for z and r.
template <typename Config, typename In, typename Out>
void gru_reset_first(
    const In x[Config::num_steps * Config::num_in],
    Out y[(Config::returns_sequences ? Config::num_steps : 1) * Config::num_units],
    const typename Config::input_product::weight_rom weights[Config::input_product::num_weights],
    const typename Config::input_product::bias_rom bias[Config::input_product::num_out],
    const typename Config::hidden_product::weight_rom hidden_weights[Config::hidden_product::num_weights],
    const typename Config::hidden_product::bias_rom hidden_bias[Config::hidden_product::num_out],
    const typename Config::masked_product::weight_rom masked_weights[Config::masked_product::num_weights],
    const typename Config::masked_product::bias_rom masked_bias[Config::masked_product::num_out],
    const typename Config::act_function::table_rom act_table[1 << Config::act_function::table_bits],
    const typename Config::rec_function::table_rom rec_table[1 << Config::rec_function::table_bits]) {
#pragma HLS FUNCTION_INSTANTIATE variable=weights,bias,hidden_weights,hidden_bias,masked_weights,masked_bias
    NNET_ROM(act_table)
    NNET_ROM(rec_table)
    typedef typename Config::accum_t accum_t;
    typedef typename Config::activation_t activation_t;
    typedef typename Config::gate_t gate_t;
    constexpr unsigned n = Config::num_units;
    const ap_ufixed<1, 1> one = from_raw<ap_ufixed<1, 1>>(1);
    In value[Config::num_in];
#pragma HLS ARRAY_PARTITION variable=value complete
    accum_t from_x[3 * Config::num_units];
#pragma HLS ARRAY_PARTITION variable=from_x complete
    accum_t from_h[2 * Config::num_units];
#pragma HLS ARRAY_PARTITION variable=from_h complete
    accum_t from_masked[Config::num_units];
#pragma HLS ARRAY_PARTITION variable=from_masked complete
    typename Config::hidden_t hidden[Config::num_units];
#pragma HLS ARRAY_PARTITION variable=hidden complete
    typename Config::state_t masked[Config::num_units];
#pragma HLS ARRAY_PARTITION variable=masked complete
    typename Config::result_t result[Config::num_units];
#pragma HLS ARRAY_PARTITION variable=result complete
Reset:
    for (unsigned k = 0; k < n; k++) {
#pragma HLS UNROLL
        hidden[k] = zero<typename Config::hidden_t>();
    }
Steps:
    for (unsigned s = 0; s < Config::num_steps; s++) {
        const unsigned step = Config::is_backward ? Config::num_steps - 1 - s : s;
        load_step<Config>(x, step, value);
        vector_product<typename Config::input_product>(value, from_x, weights, bias);
        vector_product<typename Config::hidden_product>(hidden, from_h, hidden_weights, hidden_bias);
    Mask:
        for (unsigned k = 0; k < n; k++) {
#pragma HLS UNROLL
            const accum_t total_r = cast<accum_t>(from_x[n + k] + from_h[n + k]);
            const gate_t r = activated<typename Config::rec_function, gate_t>(total_r, rec_table);
            masked[k] = cast<typename Config::state_t>(r * hidden[k]);
        }
        vector_product<typename Config::masked_product>(masked, from_masked, masked_weights, masked_bias);
    Units:
        for (unsigned k = 0; k < n; k++) {
#pragma HLS UNROLL
            const accum_t total_z = cast<accum_t>(from_x[k] + from_h[k]);
            const gate_t z = activated<typename Config::rec_function, gate_t>(total_z, rec_table);
            const accum_t total_g = cast<accum_t>(from_x[2 * n + k] + from_masked[k]);
            const activation_t g = activated<typename Config::act_function, activation_t>(total_g, act_table);
            leave(g * (one - z) + hidden[k] * z, hidden[k], result[k]);
        }
        store_step<Config>(result, step, s == Config::num_steps - 1, y);
    }
}

} // namespace nnet
