// Windows of images; one-dimensional tensors are images of height 1.
//
// Config: in_height, in_width, num_channels; out_height, out_width; kernel_height, kernel_width; stride_rows,
// stride_columns; dilation_rows, dilation_columns; pad_top, pad_left.
#pragma once

#include "types.h"

namespace nnet {

template <typename Config> struct image {
    static constexpr unsigned size = Config::in_height * Config::in_width * Config::num_channels;
    static constexpr unsigned reach_rows = (Config::kernel_height - 1) * Config::dilation_rows + 1;
    static constexpr unsigned reach_columns = (Config::kernel_width - 1) * Config::dilation_columns + 1;
    // Row of the image that a row of a window lies on; outside the image it is padding.
    static int row(unsigned out_row, unsigned kernel_row) {
#pragma HLS INLINE
        return int(out_row * Config::stride_rows + kernel_row * Config::dilation_rows) - int(Config::pad_top);
    }

    static int column(unsigned out_column, unsigned kernel_column) {
#pragma HLS INLINE
        return int(out_column * Config::stride_columns + kernel_column * Config::dilation_columns) -
               int(Config::pad_left);
    }

    static bool has(int row, int column) {
#pragma HLS INLINE
        return row >= 0 && row < int(Config::in_height) && column >= 0 && column < int(Config::in_width);
    }

    static unsigned offset(int row, int column) {
#pragma HLS INLINE
        return (unsigned(row) * Config::in_width + unsigned(column)) * Config::num_channels;
    }
};

} // namespace nnet
