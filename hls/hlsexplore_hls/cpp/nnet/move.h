// Layers that only move elements in io_parallel: wires.
#pragma once

#include "types.h"

namespace nnet {

// Transposition. Config: sizes of the output's axes (size_0 outermost to size_5), and for each axis the distance of
// neighbours in the input (step_0 to step_5).
template <typename Config, typename T>
void permute(
    const T x[Config::size_0 * Config::size_1 * Config::size_2 * Config::size_3 * Config::size_4 * Config::size_5],
    T y[Config::size_0 * Config::size_1 * Config::size_2 * Config::size_3 * Config::size_4 * Config::size_5]) {
#pragma HLS PIPELINE II=1
Axis0:
    for (unsigned a = 0; a < Config::size_0; a++) {
#pragma HLS UNROLL
    Axis1:
        for (unsigned b = 0; b < Config::size_1; b++) {
#pragma HLS UNROLL
        Axis2:
            for (unsigned c = 0; c < Config::size_2; c++) {
#pragma HLS UNROLL
            Axis3:
                for (unsigned d = 0; d < Config::size_3; d++) {
#pragma HLS UNROLL
                Axis4:
                    for (unsigned e = 0; e < Config::size_4; e++) {
#pragma HLS UNROLL
                    Axis5:
                        for (unsigned f = 0; f < Config::size_5; f++) {
#pragma HLS UNROLL
                            const unsigned from = a * Config::step_0 + b * Config::step_1 + c * Config::step_2 +
                                                  d * Config::step_3 + e * Config::step_4 + f * Config::step_5;
                            const unsigned row = ((a * Config::size_1 + b) * Config::size_2 + c) * Config::size_3 + d;
                            y[(row * Config::size_4 + e) * Config::size_5 + f] = x[from];
                        }
                    }
                }
            }
        }
    }
}

// Part of an image, or an image in a frame of zeros, or its pixels repeated.
// Config: in_height, in_width, num_channels; out_height, out_width; pad_top, pad_left (rows and columns before the
// first of the input; negative: cut off); repeat_rows, repeat_columns.
template <typename Config, typename T>
void frame(const T x[Config::in_height * Config::in_width * Config::num_channels],
           T y[Config::out_height * Config::out_width * Config::num_channels]) {
#pragma HLS PIPELINE II=1
Rows:
    for (unsigned r = 0; r < Config::out_height; r++) {
#pragma HLS UNROLL
    Columns:
        for (unsigned s = 0; s < Config::out_width; s++) {
#pragma HLS UNROLL
            const int row = int(r / Config::repeat_rows) - Config::pad_top;
            const int column = int(s / Config::repeat_columns) - Config::pad_left;
            const bool is_inside =
                row >= 0 && row < int(Config::in_height) && column >= 0 && column < int(Config::in_width);
        Channels:
            for (unsigned c = 0; c < Config::num_channels; c++) {
#pragma HLS UNROLL
                T value = zero<T>();
                if (is_inside) {
                    value = x[(row * int(Config::in_width) + column) * int(Config::num_channels) + int(c)];
                }
                y[(r * Config::out_width + s) * Config::num_channels + c] = value;
            }
        }
    }
}

// One part of a concatenation, cast to the type of the whole: `num_blocks` pieces of `size` elements.
template <unsigned num_blocks, unsigned size, unsigned whole_size, unsigned offset, typename In, typename Out>
inline void place_part(const In x[num_blocks * size], Out y[num_blocks * whole_size]) {
#pragma HLS INLINE
Blocks:
    for (unsigned b = 0; b < num_blocks; b++) {
#pragma HLS UNROLL
    Elements:
        for (unsigned i = 0; i < size; i++) {
#pragma HLS UNROLL
            y[b * whole_size + offset + i] = cast<Out>(x[b * size + i]);
        }
    }
}

// Joins two to four tensors along an axis. Config: num_blocks (elements before the axis), size_0 to size_3 (elements of
// each tensor from the axis on; 0 for those that are not there), whole_size.
template <typename Config, typename A, typename B, typename Out>
void concatenate(const A a[Config::num_blocks * Config::size_0], const B b[Config::num_blocks * Config::size_1],
                 Out y[Config::num_blocks * Config::whole_size]) {
#pragma HLS PIPELINE II=1
    static_assert(Config::size_0 + Config::size_1 == Config::whole_size, "The parts make up the whole.");
    place_part<Config::num_blocks, Config::size_0, Config::whole_size, 0>(a, y);
    place_part<Config::num_blocks, Config::size_1, Config::whole_size, Config::size_0>(b, y);
}

template <typename Config, typename A, typename B, typename C, typename Out>
void concatenate(const A a[Config::num_blocks * Config::size_0], const B b[Config::num_blocks * Config::size_1],
                 const C c[Config::num_blocks * Config::size_2], Out y[Config::num_blocks * Config::whole_size]) {
#pragma HLS PIPELINE II=1
    static_assert(Config::size_0 + Config::size_1 + Config::size_2 == Config::whole_size,
                  "The parts make up the whole.");
    place_part<Config::num_blocks, Config::size_0, Config::whole_size, 0>(a, y);
    place_part<Config::num_blocks, Config::size_1, Config::whole_size, Config::size_0>(b, y);
    place_part<Config::num_blocks, Config::size_2, Config::whole_size, Config::size_0 + Config::size_1>(c, y);
}

template <typename Config, typename A, typename B, typename C, typename D, typename Out>
void concatenate(const A a[Config::num_blocks * Config::size_0], const B b[Config::num_blocks * Config::size_1],
                 const C c[Config::num_blocks * Config::size_2], const D d[Config::num_blocks * Config::size_3],
                 Out y[Config::num_blocks * Config::whole_size]) {
#pragma HLS PIPELINE II=1
    constexpr unsigned start_d = Config::size_0 + Config::size_1 + Config::size_2;
    static_assert(start_d + Config::size_3 == Config::whole_size, "The parts make up the whole.");
    place_part<Config::num_blocks, Config::size_0, Config::whole_size, 0>(a, y);
    place_part<Config::num_blocks, Config::size_1, Config::whole_size, Config::size_0>(b, y);
    place_part<Config::num_blocks, Config::size_2, Config::whole_size, Config::size_0 + Config::size_1>(c, y);
    place_part<Config::num_blocks, Config::size_3, Config::whole_size, start_d>(d, y);
}

} // namespace nnet
