// Division of a sum by a number of terms.
#pragma once

#include "types.h"

namespace nnet {

// A sum divided by the number of its terms, truncating toward zero.
template <int W, int I, ap_q_mode Q, ap_o_mode O, int N>
inline ap_fixed<W, I, Q, O, N> truncated_quotient(const ap_fixed<W, I, Q, O, N> &sum, unsigned count) {
#pragma HLS INLINE
    const ap_int<W> quotient = raw_bits(sum) / ap_int<18>(count);
    return from_raw<ap_fixed<W, I, Q, O, N>>(quotient);
}
template <int W, int I, ap_q_mode Q, ap_o_mode O, int N>
inline ap_ufixed<W, I, Q, O, N> truncated_quotient(const ap_ufixed<W, I, Q, O, N> &sum, unsigned count) {
#pragma HLS INLINE
    const ap_uint<W> quotient = raw_bits(sum) / ap_uint<17>(count);
    return from_raw<ap_ufixed<W, I, Q, O, N>>(quotient);
}

} // namespace nnet
