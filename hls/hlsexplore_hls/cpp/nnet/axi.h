// Tensors as words of an AXI-Stream or of a memory: one raw integer a word, sign extended.
#pragma once

#include <ap_axi_sdata.h>
#include <hls_stream.h>

#include "stream.h"
#include "types.h"

namespace nnet {

template <typename T, typename Word> inline Word word_of(const T &x) {
#pragma HLS INLINE
    return raw_bits(x).to_int64();
}

template <int width> struct axi_word {
    typedef ap_axis<width, 1, 1, 1> type;
    static type make(const ap_int<width> &data, bool is_last) {
#pragma HLS INLINE
        type word;
        word.data = data;
        word.keep = -1;
        word.strb = -1;
        word.user = 0;
        word.last = is_last;
        word.id = 0;
        word.dest = 0;
        return word;
    }
};

// An AXI-Stream and a tensor in io_parallel. The last word of a sample carries TLAST.
template <int width, unsigned size, typename T> void from_axi(hls::stream<ap_axis<width, 1, 1, 1>> &x, T y[size]) {
Words:
    for (unsigned i = 0; i < size; i++) {
#pragma HLS PIPELINE II=1
        const ap_axis<width, 1, 1, 1> word = x.read();
        y[i] = from_raw<T>(word.data.to_int64());
    }
}

template <int width, unsigned size, typename T> void to_axi(const T x[size], hls::stream<ap_axis<width, 1, 1, 1>> &y) {
Words:
    for (unsigned i = 0; i < size; i++) {
#pragma HLS PIPELINE II=1
        y.write(axi_word<width>::make(word_of<T, ap_int<width>>(x[i]), i == size - 1));
    }
}

// An AXI-Stream and a tensor in io_stream.
template <int width, unsigned num_beats, unsigned beat_size, typename T>
void from_axi(hls::stream<ap_axis<width, 1, 1, 1>> &x, hls::stream<array<T, beat_size>> &y) {
    array<T, beat_size> beat;
    NNET_PACK(beat)
    unsigned position = 0;
Words:
    for (unsigned i = 0; i < num_beats * beat_size; i++) {
#pragma HLS PIPELINE II=1
        const ap_axis<width, 1, 1, 1> word = x.read();
        beat[position] = from_raw<T>(word.data.to_int64());
        if (position == beat_size - 1) {
            y.write(beat);
            position = 0;
        } else {
            position++;
        }
    }
}

template <int width, unsigned num_beats, unsigned beat_size, typename T>
void to_axi(hls::stream<array<T, beat_size>> &x, hls::stream<ap_axis<width, 1, 1, 1>> &y) {
    array<T, beat_size> beat;
    unsigned position = 0;
Words:
    for (unsigned i = 0; i < num_beats * beat_size; i++) {
#pragma HLS PIPELINE II=1
        if (position == 0) {
            beat = x.read();
        }
        y.write(axi_word<width>::make(word_of<T, ap_int<width>>(beat[position]), i == num_beats * beat_size - 1));
        position = position == beat_size - 1 ? 0 : position + 1;
    }
}

// A memory and a tensor in io_parallel: the words of one sample.
template <unsigned size, typename Word, typename T> void load(const Word *memory, unsigned sample, T y[size]) {
Words:
    for (unsigned i = 0; i < size; i++) {
#pragma HLS PIPELINE II=1
        y[i] = from_raw<T>(memory[sample * size + i]);
    }
}

template <unsigned size, typename Word, typename T> void store(const T x[size], unsigned sample, Word *memory) {
Words:
    for (unsigned i = 0; i < size; i++) {
#pragma HLS PIPELINE II=1
        memory[sample * size + i] = word_of<T, Word>(x[i]);
    }
}

// A memory and a tensor in io_stream.
template <unsigned num_beats, unsigned beat_size, typename Word, typename T>
void load(const Word *memory, unsigned sample, hls::stream<array<T, beat_size>> &y) {
    array<T, beat_size> beat;
    NNET_PACK(beat)
    unsigned position = 0;
Words:
    for (unsigned i = 0; i < num_beats * beat_size; i++) {
#pragma HLS PIPELINE II=1
        beat[position] = from_raw<T>(memory[sample * num_beats * beat_size + i]);
        if (position == beat_size - 1) {
            y.write(beat);
            position = 0;
        } else {
            position++;
        }
    }
}

template <unsigned num_beats, unsigned beat_size, typename Word, typename T>
void store(hls::stream<array<T, beat_size>> &x, unsigned sample, Word *memory) {
    array<T, beat_size> beat;
    unsigned position = 0;
Words:
    for (unsigned i = 0; i < num_beats * beat_size; i++) {
#pragma HLS PIPELINE II=1
        if (position == 0) {
            beat = x.read();
        }
        memory[sample * num_beats * beat_size + i] = word_of<T, Word>(beat[position]);
        position = position == beat_size - 1 ? 0 : position + 1;
    }
}

} // namespace nnet
