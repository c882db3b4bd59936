// Poolings in io_parallel.
//
// Config: that of image.h; accum_t; has_padding; num_parallel (positions computed at once, a divisor of all).
#pragma once

#include "image.h"
#include "positions.h"
#include "quotient.h"

namespace nnet {

// The largest element of a window; padding never wins.
template <typename Config> struct max_pool {
    template <typename In>
    static typename Config::accum_t apply(const In x[image<Config>::size], const place &at, unsigned channel) {
#pragma HLS INLINE
        In best = zero<In>();
        bool is_first = true;
    KernelRows:
        for (unsigned i = 0; i < Config::kernel_height; i++) {
#pragma HLS UNROLL
        KernelColumns:
            for (unsigned j = 0; j < Config::kernel_width; j++) {
#pragma HLS UNROLL
                const int row = image<Config>::row(at.row, i);
                const int column = image<Config>::column(at.column, j);
                if (image<Config>::has(row, column)) {
                    const In value = x[image<Config>::offset(row, column) + channel];
                    if (is_first || exceeds<In>(value, best)) {
                        best = value;
                    }
                    is_first = false;
                }
            }
        }
        return cast<typename Config::accum_t>(best);
    }
};

// The mean of a window, each sum cast to the accumulator type; padding does not count.
template <typename Config> struct average_pool {
    template <typename In>
    static typename Config::accum_t apply(const In x[image<Config>::size], const place &at, unsigned channel) {
#pragma HLS INLINE
        typename Config::accum_t sum = zero<typename Config::accum_t>();
        unsigned count = 0;
    KernelRows:
        for (unsigned i = 0; i < Config::kernel_height; i++) {
#pragma HLS UNROLL
        KernelColumns:
            for (unsigned j = 0; j < Config::kernel_width; j++) {
#pragma HLS UNROLL
                const int row = image<Config>::row(at.row, i);
                const int column = image<Config>::column(at.column, j);
                if (image<Config>::has(row, column)) {
                    sum = cast<typename Config::accum_t>(sum + x[image<Config>::offset(row, column) + channel]);
                    count++;
                }
            }
        }
        // Without padding the divisor is a constant of the hardware.
        return truncated_quotient(sum, Config::has_padding ? count : Config::kernel_height * Config::kernel_width);
    }
};

template <template <typename> class Function, typename Config, typename In, typename Out>
void pool(const In x[image<Config>::size], Out y[Config::out_height * Config::out_width * Config::num_channels]) {
    static_assert(Config::dilation_rows == 1 && Config::dilation_columns == 1,
                  "The windows of a pooling have no gaps.");
    static_assert(Config::kernel_height * Config::kernel_width < 65536,
                  "A pooling window has fewer than 65,536 elements.");
    static_assert(Config::out_height * Config::out_width % Config::num_parallel == 0,
                  "The positions computed at once divide all positions.");
    place at = {0, 0, 0};
Positions:
    for (unsigned p = 0; p < Config::out_height * Config::out_width / Config::num_parallel; p++) {
#pragma HLS PIPELINE II=1
    Parallel:
        for (unsigned q = 0; q < Config::num_parallel; q++) {
#pragma HLS UNROLL
        Channels:
            for (unsigned c = 0; c < Config::num_channels; c++) {
#pragma HLS UNROLL
                y[at.index * Config::num_channels + c] = cast<Out>(Function<Config>::apply(x, at, c));
            }
            next_place<Config::out_width>(at);
        }
    }
}

// Sums of whole channels and their mean, `num_parallel` pixels at a time.
template <typename Config, typename In, typename Out>
void global_average_pool(const In x[image<Config>::size], Out y[Config::num_channels]) {
    typename Config::accum_t sum[Config::num_channels];
#pragma HLS ARRAY_PARTITION variable=sum complete
Pixels:
    for (unsigned p = 0; p < Config::in_height * Config::in_width; p += Config::num_parallel) {
#pragma HLS PIPELINE II=1
    Parallel:
        for (unsigned q = 0; q < Config::num_parallel; q++) {
#pragma HLS UNROLL
        Channels:
            for (unsigned c = 0; c < Config::num_channels; c++) {
#pragma HLS UNROLL
                const typename Config::accum_t before = p + q == 0 ? zero<typename Config::accum_t>() : sum[c];
                sum[c] = cast<typename Config::accum_t>(before + x[(p + q) * Config::num_channels + c]);
                if (p + q == Config::in_height * Config::in_width - 1) {
                    y[c] = cast<Out>(truncated_quotient(sum[c], Config::in_height * Config::in_width));
                }
            }
        }
    }
}

// The largest element of whole channels, `num_parallel` pixels at a time.
template <typename Config, typename In, typename Out>
void global_max_pool(const In x[image<Config>::size], Out y[Config::num_channels]) {
    In best[Config::num_channels];
#pragma HLS ARRAY_PARTITION variable=best complete
Pixels:
    for (unsigned p = 0; p < Config::in_height * Config::in_width; p += Config::num_parallel) {
#pragma HLS PIPELINE II=1
    Parallel:
        for (unsigned q = 0; q < Config::num_parallel; q++) {
#pragma HLS UNROLL
        Channels:
            for (unsigned c = 0; c < Config::num_channels; c++) {
#pragma HLS UNROLL
                const In value = x[(p + q) * Config::num_channels + c];
                if (p + q == 0 || exceeds<In>(value, best[c])) {
                    best[c] = value;
                }
                if (p + q == Config::in_height * Config::in_width - 1) {
                    y[c] = cast<Out>(cast<typename Config::accum_t>(best[c]));
                }
            }
        }
    }
}

} // namespace nnet
