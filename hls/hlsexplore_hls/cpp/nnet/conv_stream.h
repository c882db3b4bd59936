// Convolutions and depthwise convolutions in io_stream: line buffers, and a product for each window that is complete.
//
// Config: that of image_stream.h and matvec.h; kind, num_multipliers.
#pragma once

#include "image_stream.h"
#include "matvec.h"

namespace nnet {

template <typename Config, typename In>
inline void gather(const In window[sliding<Config>::rows][sliding<Config>::columns][Config::num_channels],
                   In taps[Config::num_in]) {
#pragma HLS INLINE
KernelRows:
    for (unsigned i = 0; i < Config::kernel_height; i++) {
#pragma HLS UNROLL
    KernelColumns:
        for (unsigned j = 0; j < Config::kernel_width; j++) {
#pragma HLS UNROLL
        Channels:
            for (unsigned c = 0; c < Config::num_channels; c++) {
#pragma HLS UNROLL
                taps[(i * Config::kernel_width + j) * Config::num_channels + c] =
                    window[i * Config::dilation_rows][j * Config::dilation_columns][c];
            }
        }
    }
}

template <typename Config, strategy kind> struct conv_stream;

// A pixel every `reuse` cycles.
template <typename Config> struct conv_stream<Config, strategy::latency> {
    template <typename In, typename Out>
    static void run(hls::stream<array<In, Config::num_channels>> &x, hls::stream<array<Out, Config::num_out>> &y,
                    const typename Config::weight_rom weights[Config::num_weights],
                    const typename Config::bias_rom bias[Config::num_out]) {
#pragma HLS ALLOCATION operation instances=mul limit=Config::num_multipliers
        const int width = Config::stream_width;
        array<In, Config::num_channels> lines[sliding<Config>::num_lines][Config::stream_width];
#pragma HLS ARRAY_PARTITION variable=lines complete dim=1
#pragma HLS DEPENDENCE variable=lines inter RAW distance=width true
        In window[sliding<Config>::rows][sliding<Config>::columns][Config::num_channels];
#pragma HLS ARRAY_PARTITION variable=window complete dim=0
        cursor at = first_pixel<Config>();
    Pixels:
        for (unsigned p = 0; p < sliding<Config>::num_pixels; p++) {
#pragma HLS PIPELINE II=Config::reuse
            slide<Config>(read_pixel<Config>(x, at), at.column, lines, window);
            if (at.is_output()) {
                In taps[Config::num_in];
#pragma HLS ARRAY_PARTITION variable=taps complete
                gather<Config>(window, taps);
                array<Out, Config::num_out> result;
                NNET_PACK(result)
                multiply<Config>(taps, result.data, weights, bias);
                y.write(result);
            }
            next_pixel<Config>(at);
        }
    }
};

// Each pixel takes as many steps as a product.
template <typename Config> struct conv_stream<Config, strategy::resource> {
    template <typename In, typename Out>
    static void run(hls::stream<array<In, Config::num_channels>> &x, hls::stream<array<Out, Config::num_out>> &y,
                    const typename Config::weight_rom weights[Config::num_weights],
                    const typename Config::bias_rom bias[Config::num_out]) {
        typedef shared_multipliers<Config> core;
        const int block_factor = core::block_factor;
#pragma HLS ARRAY_RESHAPE variable=weights block factor=block_factor
#pragma HLS ALLOCATION operation instances=mul limit=Config::num_multipliers
        const int width = Config::stream_width;
        array<In, Config::num_channels> lines[sliding<Config>::num_lines][Config::stream_width];
#pragma HLS ARRAY_PARTITION variable=lines complete dim=1
#pragma HLS DEPENDENCE variable=lines inter RAW distance=width true
        In window[sliding<Config>::rows][sliding<Config>::columns][Config::num_channels];
#pragma HLS ARRAY_PARTITION variable=window complete dim=0
        In taps[Config::num_in];
#pragma HLS ARRAY_PARTITION variable=taps complete
        typename Config::accum_t acc[core::num_accums];
#pragma HLS ARRAY_PARTITION variable=acc complete
        array<Out, Config::num_out> result;
        NNET_PACK(result)
        typename core::counter step = {0, 0, 0};
        cursor at = first_pixel<Config>();
    Steps:
        for (unsigned s = 0; s < sliding<Config>::num_pixels * core::num_steps; s++) {
#pragma HLS PIPELINE II=1
            if (step.index == 0) {
                slide<Config>(read_pixel<Config>(x, at), at.column, lines, window);
                gather<Config>(window, taps);
            }
            core::step(step, taps, acc, result.data, weights, bias);
            if (core::is_last(step)) {
                if (at.is_output()) {
                    y.write(result);
                }
                next_pixel<Config>(at);
            }
            core::next(step);
        }
    }
};

template <typename Config, typename In, typename Out>
void conv(hls::stream<array<In, Config::num_channels>> &x, hls::stream<array<Out, Config::num_out>> &y,
          const typename Config::weight_rom weights[Config::num_weights],
          const typename Config::bias_rom bias[Config::num_out]) {
#pragma HLS FUNCTION_INSTANTIATE variable=weights,bias
    static_assert(Config::num_in == Config::kernel_height * Config::kernel_width * Config::num_channels,
                  "The matrix of a convolution has a row for each element of the window.");
    static_assert(Config::parallel == 1, "Pixels of a stream arrive one by one.");
    conv_stream<Config, Config::kind>::run(x, y, weights, bias);
}

} // namespace nnet
