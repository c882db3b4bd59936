// Layers that move or join elements in io_stream.
#pragma once

#include "move.h"
#include "stream.h"

namespace nnet {

// The same elements in beats of another size. Config: num_in_beats, in_size, num_out_beats, out_size.
// Few become one beat, one becomes few, or the tensor passes through a buffer element by element.
template <typename Config, typename T>
void repack(hls::stream<array<T, Config::in_size>> &x, hls::stream<array<T, Config::out_size>> &y) {
    constexpr unsigned in_size = Config::in_size;
    constexpr unsigned out_size = Config::out_size;
    static_assert(Config::num_in_beats * in_size == Config::num_out_beats * out_size, "A reshape keeps every element.");
    if (out_size % in_size == 0) {
        array<T, out_size> result;
        NNET_PACK(result)
        unsigned filled = 0;
    Collect:
        for (unsigned b = 0; b < Config::num_in_beats; b++) {
#pragma HLS PIPELINE II=1
            const array<T, in_size> beat = x.read();
        Shift:
            for (unsigned i = 0; i < out_size; i++) {
#pragma HLS UNROLL
                // The oldest elements leave at the front once all have arrived.
                result[i] = i + in_size < out_size ? result[(i + in_size) % out_size]
                                                   : beat[(i + in_size - out_size) % in_size];
            }
            filled += in_size;
            if (filled == out_size) {
                y.write(result);
                filled = 0;
            }
        }
    } else if (in_size % out_size == 0) {
        array<T, in_size> rest;
        unsigned left = 0;
    Split:
        for (unsigned b = 0; b < Config::num_out_beats; b++) {
#pragma HLS PIPELINE II=1
            if (left == 0) {
                rest = x.read();
                left = in_size;
            }
            array<T, out_size> result;
            NNET_PACK(result)
        Take:
            for (unsigned i = 0; i < out_size; i++) {
#pragma HLS UNROLL
                result[i] = rest[i % in_size];
            }
        Advance:
            for (unsigned i = 0; i + out_size < in_size; i++) {
#pragma HLS UNROLL
                rest[i] = rest[i + out_size];
            }
            left -= out_size;
            y.write(result);
        }
    } else {
        T tensor[Config::num_in_beats * in_size];
        array<T, in_size> beat;
        array<T, out_size> result;
        NNET_PACK(result)
        unsigned position = 0;
    Fill:
        for (unsigned i = 0; i < Config::num_in_beats * in_size; i++) {
#pragma HLS PIPELINE II=1
            if (position == 0) {
                beat = x.read();
            }
            tensor[i] = beat[position];
            position = position == in_size - 1 ? 0 : position + 1;
        }
        position = 0;
    Drain:
        for (unsigned i = 0; i < Config::num_in_beats * in_size; i++) {
#pragma HLS PIPELINE II=1
            result[position] = tensor[i];
            if (position == out_size - 1) {
                y.write(result);
                position = 0;
            } else {
                position++;
            }
        }
    }
}

// Transposition through a buffer, an element a cycle. Config: that of permute in move.h; num_in_beats, in_size,
// num_out_beats, out_size.
template <typename Config, typename T>
void permute(hls::stream<array<T, Config::in_size>> &x, hls::stream<array<T, Config::out_size>> &y) {
    T tensor[Config::num_in_beats * Config::in_size];
    array<T, Config::in_size> beat;
    array<T, Config::out_size> result;
    NNET_PACK(result)
    unsigned position = 0;
Fill:
    for (unsigned i = 0; i < Config::num_in_beats * Config::in_size; i++) {
#pragma HLS PIPELINE II=1
        if (position == 0) {
            beat = x.read();
        }
        tensor[i] = beat[position];
        position = position == Config::in_size - 1 ? 0 : position + 1;
    }
    unsigned a = 0, b = 0, c = 0, d = 0, e = 0, f = 0;
Drain:
    for (unsigned i = 0; i < Config::num_in_beats * Config::in_size; i++) {
#pragma HLS PIPELINE II=1
        result[f] = tensor[a * Config::step_0 + b * Config::step_1 + c * Config::step_2 + d * Config::step_3 +
                           e * Config::step_4 + f * Config::step_5];
        f++;
        if (f == Config::size_5) {
            y.write(result);
            f = 0;
            e++;
        }
        if (e == Config::size_4) {
            e = 0;
            d++;
        }
        if (d == Config::size_3) {
            d = 0;
            c++;
        }
        if (c == Config::size_2) {
            c = 0;
            b++;
        }
        if (b == Config::size_1) {
            b = 0;
            a++;
        }
    }
}

// Part of an image, an image in a frame of zeros, or its pixels repeated. Config: that of frame in move.h.
template <typename Config, typename T>
void frame(hls::stream<array<T, Config::num_channels>> &x, hls::stream<array<T, Config::num_channels>> &y) {
    typedef array<T, Config::num_channels> pixel_t;
    constexpr int height = Config::in_height * Config::repeat_rows;
    constexpr int width = Config::in_width * Config::repeat_columns;
    // The grid covers what is read (from 0, cut parts included) and what is written (padding included).
    constexpr int first_row = Config::pad_top > 0 ? -Config::pad_top : 0;
    constexpr int first_column = Config::pad_left > 0 ? -Config::pad_left : 0;
    constexpr int end_row =
        int(Config::out_height) - Config::pad_top > height ? int(Config::out_height) - Config::pad_top : height;
    constexpr int end_column =
        int(Config::out_width) - Config::pad_left > width ? int(Config::out_width) - Config::pad_left : width;
    pixel_t line[Config::in_width];
    pixel_t pixel;
    unsigned row_repeat = 0;
Rows:
    for (int r = first_row; r < end_row; r++) {
        unsigned column = 0;
        unsigned column_repeat = 0;
    Columns:
        for (int s = first_column; s < end_column; s++) {
#pragma HLS PIPELINE II=1
            const bool is_inside = r >= 0 && r < height && s >= 0 && s < width;
            if (is_inside) {
                if (column_repeat == 0) {
                    if (row_repeat == 0) {
                        pixel = x.read();
                        if (Config::repeat_rows > 1) {
                            line[column] = pixel;
                        }
                    } else {
                        pixel = line[column];
                    }
                }
                column_repeat++;
                if (column_repeat == Config::repeat_columns) {
                    column_repeat = 0;
                    column++;
                }
            }
            const int out_row = r + Config::pad_top;
            const int out_column = s + Config::pad_left;
            if (out_row >= 0 && out_row < int(Config::out_height) && out_column >= 0 &&
                out_column < int(Config::out_width)) {
                pixel_t result;
                NNET_PACK(result)
            Channels:
                for (unsigned c = 0; c < Config::num_channels; c++) {
#pragma HLS UNROLL
                    result[c] = is_inside ? pixel[c] : zero<T>();
                }
                y.write(result);
            }
        }
        if (r >= 0) {
            row_repeat = row_repeat == Config::repeat_rows - 1 ? 0 : row_repeat + 1;
        }
    }
}

// Concatenation of two tensors along the channels: their beats side by side. Config: num_beats, size_0, size_1.
template <typename Config, typename A, typename B, typename Out>
void concatenate_channels(hls::stream<array<A, Config::size_0>> &a, hls::stream<array<B, Config::size_1>> &b,
                          hls::stream<array<Out, Config::size_0 + Config::size_1>> &y) {
Beats:
    for (unsigned i = 0; i < Config::num_beats; i++) {
#pragma HLS PIPELINE II=1
        const array<A, Config::size_0> from_a = a.read();
        const array<B, Config::size_1> from_b = b.read();
        array<Out, Config::size_0 + Config::size_1> result;
        NNET_PACK(result)
    First:
        for (unsigned c = 0; c < Config::size_0; c++) {
#pragma HLS UNROLL
            result[c] = cast<Out>(from_a[c]);
        }
    Second:
        for (unsigned c = 0; c < Config::size_1; c++) {
#pragma HLS UNROLL
            result[Config::size_0 + c] = cast<Out>(from_b[c]);
        }
        y.write(result);
    }
}

// Concatenation of two tensors along another axis: their beats in turn. Config: num_blocks; num_beats_0, num_beats_1
// (of each tensor in a block); num_channels.
template <typename Config, typename A, typename B, typename Out>
void concatenate_positions(hls::stream<array<A, Config::num_channels>> &a,
                           hls::stream<array<B, Config::num_channels>> &b,
                           hls::stream<array<Out, Config::num_channels>> &y) {
Blocks:
    for (unsigned k = 0; k < Config::num_blocks; k++) {
    Beats:
        for (unsigned i = 0; i < Config::num_beats_0 + Config::num_beats_1; i++) {
#pragma HLS PIPELINE II=1
            array<Out, Config::num_channels> result;
            NNET_PACK(result)
            if (i < Config::num_beats_0) {
                const array<A, Config::num_channels> beat = a.read();
            First:
                for (unsigned c = 0; c < Config::num_channels; c++) {
#pragma HLS UNROLL
                    result[c] = cast<Out>(beat[c]);
                }
            } else {
                const array<B, Config::num_channels> beat = b.read();
            Second:
                for (unsigned c = 0; c < Config::num_channels; c++) {
#pragma HLS UNROLL
                    result[c] = cast<Out>(beat[c]);
                }
            }
            y.write(result);
        }
    }
}

} // namespace nnet
