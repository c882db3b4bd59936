// Windows of images that arrive pixel by pixel: line buffers and a window that slides over them.
//
// Config: that of image.h; stream_height, stream_width (the image with the padding that windows reach).
#pragma once

#include "image.h"
#include "stream.h"

namespace nnet {

template <typename Config> struct sliding {
    static constexpr unsigned rows = image<Config>::reach_rows;
    static constexpr unsigned columns = image<Config>::reach_columns;
    static constexpr unsigned num_lines = rows > 1 ? rows - 1 : 1;
    static_assert(Config::stream_height >= Config::pad_top + Config::in_height &&
                      Config::stream_width >= Config::pad_left + Config::in_width,
                  "Every pixel of the image is read.");
    static_assert(Config::stream_height >= (Config::out_height - 1) * Config::stride_rows + rows &&
                      Config::stream_height < Config::out_height * Config::stride_rows + rows,
                  "The rows hold as many windows as the output has rows.");
    static_assert(Config::stream_width >= (Config::out_width - 1) * Config::stride_columns + columns &&
                      Config::stream_width < Config::out_width * Config::stride_columns + columns,
                  "The columns hold as many windows as the output has columns.");
    static constexpr unsigned num_pixels = Config::stream_height * Config::stream_width;
};

// Where the newest pixel of the window lies, padding counted, and how many rows and columns until the next output.
struct cursor {
    unsigned row, column, row_wait, column_wait;

    bool is_output() const {
#pragma HLS INLINE
        return row_wait == 0 && column_wait == 0;
    }
};

template <typename Config> inline cursor first_pixel() {
#pragma HLS INLINE
    const cursor at = {0, 0, sliding<Config>::rows - 1, sliding<Config>::columns - 1};
    return at;
}

template <typename Config> inline void next_pixel(cursor &at) {
#pragma HLS INLINE
    if (at.column == Config::stream_width - 1) {
        at.column = 0;
        at.column_wait = sliding<Config>::columns - 1;
        at.row++;
        at.row_wait = at.row_wait == 0 ? Config::stride_rows - 1 : at.row_wait - 1;
    } else {
        at.column++;
        at.column_wait = at.column_wait == 0 ? Config::stride_columns - 1 : at.column_wait - 1;
    }
}

// Whether a row or column of the padded image is one of the image.
template <typename Config> inline bool is_image_row(unsigned row) {
#pragma HLS INLINE
    return row >= Config::pad_top && row < Config::pad_top + Config::in_height;
}
template <typename Config> inline bool is_image_column(unsigned column) {
#pragma HLS INLINE
    return column >= Config::pad_left && column < Config::pad_left + Config::in_width;
}

template <typename Config, typename In>
inline array<In, Config::num_channels> read_pixel(hls::stream<array<In, Config::num_channels>> &x, const cursor &at) {
#pragma HLS INLINE
    array<In, Config::num_channels> pixel;
    if (is_image_row<Config>(at.row) && is_image_column<Config>(at.column)) {
        pixel = x.read();
    } else {
    Padding:
        for (unsigned c = 0; c < Config::num_channels; c++) {
#pragma HLS UNROLL
            pixel[c] = zero<In>();
        }
    }
    return pixel;
}

// Slides the window by one pixel.
template <typename Config, typename In>
inline void slide(const array<In, Config::num_channels> &pixel, unsigned column,
                  array<In, Config::num_channels> lines[sliding<Config>::num_lines][Config::stream_width],
                  In window[sliding<Config>::rows][sliding<Config>::columns][Config::num_channels]) {
#pragma HLS INLINE
    constexpr unsigned rows = sliding<Config>::rows;
    constexpr unsigned columns = sliding<Config>::columns;
Rows:
    for (unsigned i = 0; i < rows; i++) {
#pragma HLS UNROLL
        array<In, Config::num_channels> entering = pixel;
        if (i + 1 < rows) {
            entering = lines[i][column];
            if (i > 0) {
                lines[i - 1][column] = entering;
            }
        }
    Channels:
        for (unsigned c = 0; c < Config::num_channels; c++) {
#pragma HLS UNROLL
        Columns:
            for (unsigned j = 0; j + 1 < columns; j++) {
#pragma HLS UNROLL
                window[i][j][c] = window[i][j + 1][c];
            }
            window[i][columns - 1][c] = entering[c];
        }
    }
    if (rows > 1) {
        lines[sliding<Config>::num_lines - 1][column] = pixel;
    }
}

} // namespace nnet
