// Copies of a tensor, so that each variable of a dataflow region has one reader.
#pragma once

namespace nnet {

template <unsigned size, typename T> void copy(const T x[size], T y[size]) {
#pragma HLS PIPELINE II=1
Elements:
    for (unsigned i = 0; i < size; i++) {
#pragma HLS UNROLL
        y[i] = x[i];
    }
}

template <unsigned size, typename T> void copy(const T x[size], T y[size], T z[size]) {
#pragma HLS PIPELINE II=1
Elements:
    for (unsigned i = 0; i < size; i++) {
#pragma HLS UNROLL
        y[i] = x[i];
        z[i] = x[i];
    }
}

} // namespace nnet
