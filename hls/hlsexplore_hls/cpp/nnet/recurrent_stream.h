// Recurrent layers in io_stream: the sequence is collected, and the result sent on, a step a cycle.
#pragma once

#include "recurrent.h"
#include "stream.h"

namespace nnet {

template <typename Config, typename In>
inline void collect(hls::stream<array<In, Config::num_in>> &x, In sequence[Config::num_steps * Config::num_in]) {
#pragma HLS INLINE
Collect:
    for (unsigned s = 0; s < Config::num_steps; s++) {
#pragma HLS PIPELINE II=1
        const array<In, Config::num_in> beat = x.read();
    Elements:
        for (unsigned i = 0; i < Config::num_in; i++) {
#pragma HLS UNROLL
            sequence[s * Config::num_in + i] = beat[i];
        }
    }
}

template <typename Config, typename Out>
inline void emit(const Out states[(Config::returns_sequences ? Config::num_steps : 1) * Config::num_units],
                 hls::stream<array<Out, Config::num_units>> &y) {
#pragma HLS INLINE
Emit:
    for (unsigned s = 0; s < (Config::returns_sequences ? Config::num_steps : 1); s++) {
#pragma HLS PIPELINE II=1
        array<Out, Config::num_units> result;
        NNET_PACK(result)
    Elements:
        for (unsigned k = 0; k < Config::num_units; k++) {
#pragma HLS UNROLL
            result[k] = states[s * Config::num_units + k];
        }
        y.write(result);
    }
}

template <typename Cell, typename Config, typename In, typename Out>
void recurrent(hls::stream<array<In, Config::num_in>> &x, hls::stream<array<Out, Config::num_units>> &y,
               const typename Config::input_product::weight_rom weights[Config::input_product::num_weights],
               const typename Config::input_product::bias_rom bias[Config::input_product::num_out],
               const typename Config::hidden_product::weight_rom hidden_weights[Config::hidden_product::num_weights],
               const typename Config::hidden_product::bias_rom hidden_bias[Config::hidden_product::num_out],
               const typename Config::act_function::table_rom act_table[1 << Config::act_function::table_bits],
               const typename Config::rec_function::table_rom rec_table[1 << Config::rec_function::table_bits]) {
    const int num_in = Config::num_in;
    const int num_units = Config::num_units;
    In sequence[Config::num_steps * Config::num_in];
#pragma HLS ARRAY_RESHAPE variable=sequence cyclic factor=num_in
    Out states[(Config::returns_sequences ? Config::num_steps : 1) * Config::num_units];
#pragma HLS ARRAY_RESHAPE variable=states cyclic factor=num_units
    collect<Config>(x, sequence);
    recurrent<Cell, Config, In, Out>(sequence, states, weights, bias, hidden_weights, hidden_bias, act_table,
                                     rec_table);
    emit<Config>(states, y);
}

template <typename Config, typename In, typename Out>
void gru_reset_first(
    hls::stream<array<In, Config::num_in>> &x, hls::stream<array<Out, Config::num_units>> &y,
    const typename Config::input_product::weight_rom weights[Config::input_product::num_weights],
    const typename Config::input_product::bias_rom bias[Config::input_product::num_out],
    const typename Config::hidden_product::weight_rom hidden_weights[Config::hidden_product::num_weights],
    const typename Config::hidden_product::bias_rom hidden_bias[Config::hidden_product::num_out],
    const typename Config::masked_product::weight_rom masked_weights[Config::masked_product::num_weights],
    const typename Config::masked_product::bias_rom masked_bias[Config::masked_product::num_out],
    const typename Config::act_function::table_rom act_table[1 << Config::act_function::table_bits],
    const typename Config::rec_function::table_rom rec_table[1 << Config::rec_function::table_bits]) {
    const int num_in = Config::num_in;
    const int num_units = Config::num_units;
    In sequence[Config::num_steps * Config::num_in];
#pragma HLS ARRAY_RESHAPE variable=sequence cyclic factor=num_in
    Out states[(Config::returns_sequences ? Config::num_steps : 1) * Config::num_units];
#pragma HLS ARRAY_RESHAPE variable=states cyclic factor=num_units
    collect<Config>(x, sequence);
    gru_reset_first<Config, In, Out>(sequence, states, weights, bias, hidden_weights, hidden_bias, masked_weights,
                                     masked_bias, act_table, rec_table);
    emit<Config>(states, y);
}

} // namespace nnet
