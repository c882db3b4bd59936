// Poolings in io_stream.
//
// Config: that of image_stream.h; accum_t; has_padding.
#pragma once

#include "image_stream.h"
#include "quotient.h"
#include "tree.h"

namespace nnet {

// The largest element of a window, each cast to the accumulator type; padding never wins.
template <typename Config> struct max_window {
    typedef typename Config::accum_t accum_t;
    static constexpr unsigned num_taps = Config::kernel_height * Config::kernel_width;

    static accum_t reduce(const accum_t taps[num_taps], const bool is_inside[num_taps]) {
#pragma HLS INLINE
        accum_t best = zero<accum_t>();
        bool is_first = true;
    Taps:
        for (unsigned i = 0; i < num_taps; i++) {
#pragma HLS UNROLL
            if (is_inside[i]) {
                if (is_first || exceeds<accum_t>(taps[i], best)) {
                    best = taps[i];
                }
                is_first = false;
            }
        }
        return best;
    }
};

// The mean of a window: elements cast to the accumulator type, added as a tree; padding does not count.
template <typename Config> struct average_window {
    typedef typename Config::accum_t accum_t;
    static constexpr unsigned num_taps = Config::kernel_height * Config::kernel_width;

    static accum_t reduce(const accum_t taps[num_taps], const bool is_inside[num_taps]) {
#pragma HLS INLINE
        accum_t terms[num_taps];
#pragma HLS ARRAY_PARTITION variable=terms complete
        unsigned count = 0;
    Taps:
        for (unsigned i = 0; i < num_taps; i++) {
#pragma HLS UNROLL
            terms[i] = is_inside[i] ? taps[i] : zero<accum_t>();
            count += is_inside[i];
        }
        const accum_t sum = tree<accum_t, num_taps>::sum(terms);
        // Without padding the divisor is a constant of the hardware.
        return truncated_quotient(sum, Config::has_padding ? count : num_taps);
    }
};

template <template <typename> class Window, typename Config, typename In, typename Out>
void pool(hls::stream<array<In, Config::num_channels>> &x, hls::stream<array<Out, Config::num_channels>> &y) {
    static_assert(Config::dilation_rows == 1 && Config::dilation_columns == 1,
                  "The windows of a pooling have no gaps.");
    typedef typename Config::accum_t accum_t;
    constexpr unsigned num_taps = Config::kernel_height * Config::kernel_width;
    const int width = Config::stream_width;
    array<In, Config::num_channels> lines[sliding<Config>::num_lines][Config::stream_width];
#pragma HLS ARRAY_PARTITION variable=lines complete dim=1
#pragma HLS DEPENDENCE variable=lines inter RAW distance=width true
    In window[sliding<Config>::rows][sliding<Config>::columns][Config::num_channels];
#pragma HLS ARRAY_PARTITION variable=window complete dim=0
    cursor at = first_pixel<Config>();
Pixels:
    for (unsigned p = 0; p < sliding<Config>::num_pixels; p++) {
#pragma HLS PIPELINE II=1
        slide<Config>(read_pixel<Config>(x, at), at.column, lines, window);
        if (at.is_output()) {
            array<Out, Config::num_channels> result;
            NNET_PACK(result)
        Channels:
            for (unsigned c = 0; c < Config::num_channels; c++) {
#pragma HLS UNROLL
                accum_t taps[num_taps];
#pragma HLS ARRAY_PARTITION variable=taps complete
                bool is_inside[num_taps];
#pragma HLS ARRAY_PARTITION variable=is_inside complete
            Taps:
                for (unsigned i = 0; i < num_taps; i++) {
#pragma HLS UNROLL
                    const unsigned row = i / Config::kernel_width;
                    const unsigned column = i % Config::kernel_width;
                    taps[i] = cast<typename Config::accum_t>(window[row][column][c]);
                    is_inside[i] = is_image_row<Config>(at.row - (sliding<Config>::rows - 1) + row) &&
                                   is_image_column<Config>(at.column - (sliding<Config>::columns - 1) + column);
                }
                result[c] = cast<Out>(Window<Config>::reduce(taps, is_inside));
            }
            y.write(result);
        }
        next_pixel<Config>(at);
    }
}

// The mean of whole channels: elements cast to the accumulator type, added in the order of arrival.
template <typename Config, typename In, typename Out>
void global_average_pool(hls::stream<array<In, Config::num_channels>> &x,
                         hls::stream<array<Out, Config::num_channels>> &y) {
    typedef typename Config::accum_t accum_t;
    constexpr unsigned num_pixels = Config::in_height * Config::in_width;
    accum_t sum[Config::num_channels];
#pragma HLS ARRAY_PARTITION variable=sum complete
Pixels:
    for (unsigned p = 0; p < num_pixels; p++) {
#pragma HLS PIPELINE II=1
        const array<In, Config::num_channels> pixel = x.read();
        array<Out, Config::num_channels> result;
        NNET_PACK(result)
    Channels:
        for (unsigned c = 0; c < Config::num_channels; c++) {
#pragma HLS UNROLL
            const accum_t before = p == 0 ? zero<accum_t>() : sum[c];
            const accum_t value = cast<accum_t>(pixel[c]);
            sum[c] = add<accum_t>(before, value);
            result[c] = cast<Out>(truncated_quotient(sum[c], num_pixels));
        }
        if (p == num_pixels - 1) {
            y.write(result);
        }
    }
}

// The largest element of whole channels, each cast to the accumulator type.
template <typename Config, typename In, typename Out>
void global_max_pool(hls::stream<array<In, Config::num_channels>> &x,
                     hls::stream<array<Out, Config::num_channels>> &y) {
    typedef typename Config::accum_t accum_t;
    constexpr unsigned num_pixels = Config::in_height * Config::in_width;
    accum_t best[Config::num_channels];
#pragma HLS ARRAY_PARTITION variable=best complete
Pixels:
    for (unsigned p = 0; p < num_pixels; p++) {
#pragma HLS PIPELINE II=1
        const array<In, Config::num_channels> pixel = x.read();
        array<Out, Config::num_channels> result;
        NNET_PACK(result)
    Channels:
        for (unsigned c = 0; c < Config::num_channels; c++) {
#pragma HLS UNROLL
            const accum_t value = cast<accum_t>(pixel[c]);
            if (p == 0 || exceeds<accum_t>(value, best[c])) {
                best[c] = value;
            }
            result[c] = cast<Out>(best[c]);
        }
        if (p == num_pixels - 1) {
            y.write(result);
        }
    }
}

} // namespace nnet
