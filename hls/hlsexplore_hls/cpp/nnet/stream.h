// Streams of positions for io_stream, and loops over them.
#pragma once

#include <hls_stream.h>

#include "types.h"

// Vivado HLS packs structs into one word on demand, Vitis HLS by itself.
#if defined(__SYNTHESIS__) && !defined(__VITIS_HLS__)
#define NNET_PACK(name) NNET_DO_PRAGMA(HLS DATA_PACK variable = name)
#else
#define NNET_PACK(name)
#endif

namespace nnet {

// What a stream carries at once: all channels of one position, or a whole vector.
template <typename T, unsigned num> struct array {
    static constexpr unsigned size = num;
    T data[num];

    T &operator[](unsigned i) { return data[i]; }
    const T &operator[](unsigned i) const { return data[i]; }
};

// Runs Body::apply(beat, result, index, constants ...) on every beat of a stream, one every Body::ii cycles. With one
// beat for each sample the function itself is the pipeline, so that samples overlap.
template <typename Body, unsigned num_beats> struct beat_loop {
    template <typename In, typename Out> static void run(hls::stream<In> &x, hls::stream<Out> &y) {
        const int ii = Body::ii;
    Beats:
        for (unsigned b = 0; b < num_beats; b++) {
#pragma HLS PIPELINE II=ii
            const In beat = x.read();
            Out result;
            NNET_PACK(result)
            Body::apply(beat, result, b);
            y.write(result);
        }
    }
    template <typename In, typename Out, typename A>
    static void run(hls::stream<In> &x, hls::stream<Out> &y, const A a[Body::num_a]) {
        const int ii = Body::ii;
    Beats:
        for (unsigned b = 0; b < num_beats; b++) {
#pragma HLS PIPELINE II=ii
            const In beat = x.read();
            Out result;
            NNET_PACK(result)
            Body::apply(beat, result, b, a);
            y.write(result);
        }
    }
    template <typename In, typename Out, typename A, typename B>
    static void run(hls::stream<In> &x, hls::stream<Out> &y, const A a[Body::num_a], const B c[Body::num_b]) {
        const int ii = Body::ii;
    Beats:
        for (unsigned b = 0; b < num_beats; b++) {
#pragma HLS PIPELINE II=ii
            const In beat = x.read();
            Out result;
            NNET_PACK(result)
            Body::apply(beat, result, b, a, c);
            y.write(result);
        }
    }
};

template <typename Body> struct beat_loop<Body, 1> {
    template <typename In, typename Out> static void run(hls::stream<In> &x, hls::stream<Out> &y) {
        const int ii = Body::ii;
#pragma HLS PIPELINE II=ii
        const In beat = x.read();
        Out result;
        NNET_PACK(result)
        Body::apply(beat, result, 0);
        y.write(result);
    }
    template <typename In, typename Out, typename A>
    static void run(hls::stream<In> &x, hls::stream<Out> &y, const A a[Body::num_a]) {
        const int ii = Body::ii;
#pragma HLS PIPELINE II=ii
        const In beat = x.read();
        Out result;
        NNET_PACK(result)
        Body::apply(beat, result, 0, a);
        y.write(result);
    }
    template <typename In, typename Out, typename A, typename B>
    static void run(hls::stream<In> &x, hls::stream<Out> &y, const A a[Body::num_a], const B c[Body::num_b]) {
        const int ii = Body::ii;
#pragma HLS PIPELINE II=ii
        const In beat = x.read();
        Out result;
        NNET_PACK(result)
        Body::apply(beat, result, 0, a, c);
        y.write(result);
    }
};

// Copies of a stream, so that each has one reader.
template <unsigned num_beats, typename T> void copy(hls::stream<T> &x, hls::stream<T> &y) {
Beats:
    for (unsigned b = 0; b < num_beats; b++) {
#pragma HLS PIPELINE II=1
        y.write(x.read());
    }
}

template <unsigned num_beats, typename T> void copy(hls::stream<T> &x, hls::stream<T> &y, hls::stream<T> &z) {
Beats:
    for (unsigned b = 0; b < num_beats; b++) {
#pragma HLS PIPELINE II=1
        const T beat = x.read();
        y.write(beat);
        z.write(beat);
    }
}

} // namespace nnet
