// Convolutions and depthwise convolutions in io_parallel: a matrix product over the window at each position.
//
// Config: that of image.h and positions.h.
#pragma once

#include "image.h"
#include "positions.h"

namespace nnet {

template <typename Config> struct window_gather {
    template <typename In>
    static void load(const In x[Config::num_inputs], const place &at, In window[Config::num_in]) {
#pragma HLS INLINE
    KernelRows:
        for (unsigned i = 0; i < Config::kernel_height; i++) {
#pragma HLS UNROLL
        KernelColumns:
            for (unsigned j = 0; j < Config::kernel_width; j++) {
#pragma HLS UNROLL
                const int row = image<Config>::row(at.row, i);
                const int column = image<Config>::column(at.column, j);
                const bool is_inside = image<Config>::has(row, column);
                const unsigned offset = is_inside ? image<Config>::offset(row, column) : 0;
            Channels:
                for (unsigned c = 0; c < Config::num_channels; c++) {
#pragma HLS UNROLL
                    In value = zero<In>();
                    if (is_inside) {
                        value = x[offset + c];
                    }
                    window[(i * Config::kernel_width + j) * Config::num_channels + c] = value;
                }
            }
        }
    }
};

template <typename Config, typename In, typename Out>
void conv(const In x[Config::num_inputs], Out y[Config::num_positions * Config::num_out],
          const typename Config::weight_rom weights[Config::num_weights],
          const typename Config::bias_rom bias[Config::num_out]) {
#pragma HLS FUNCTION_INSTANTIATE variable=weights,bias
    static_assert(Config::num_inputs == image<Config>::size, "A convolution reads one image.");
    static_assert(Config::num_positions == Config::out_height * Config::out_width &&
                      Config::num_columns == Config::out_width,
                  "A convolution writes one image.");
    static_assert(Config::num_in == Config::kernel_height * Config::kernel_width * Config::num_channels,
                  "The matrix of a convolution has a row for each element of the window.");
    at_positions<Config, window_gather<Config>>(x, y, weights, bias);
}

} // namespace nnet
