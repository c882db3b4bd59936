// Elementwise functions of several tensors and inner products in io_stream.
//
// Config: num_beats, num_channels; that of merge.h.
#pragma once

#include "merge.h"
#include "stream.h"

namespace nnet {

template <typename Join, template <typename> class Last, typename Config, typename A, typename B, typename Out>
void merge(hls::stream<array<A, Config::num_channels>> &a, hls::stream<array<B, Config::num_channels>> &b,
           hls::stream<array<Out, Config::num_channels>> &y) {
Beats:
    for (unsigned i = 0; i < Config::num_beats; i++) {
#pragma HLS PIPELINE II=1
        const array<A, Config::num_channels> from_a = a.read();
        const array<B, Config::num_channels> from_b = b.read();
        array<Out, Config::num_channels> result;
        NNET_PACK(result)
    Channels:
        for (unsigned k = 0; k < Config::num_channels; k++) {
#pragma HLS UNROLL
            result[k] = cast<Out>(Last<Config>::finish(Join::join(from_a[k], from_b[k])));
        }
        y.write(result);
    }
}

template <typename Join, template <typename> class Last, typename Config, typename A, typename B, typename C,
          typename Out>
void merge(hls::stream<array<A, Config::num_channels>> &a, hls::stream<array<B, Config::num_channels>> &b,
           hls::stream<array<C, Config::num_channels>> &c, hls::stream<array<Out, Config::num_channels>> &y) {
Beats:
    for (unsigned i = 0; i < Config::num_beats; i++) {
#pragma HLS PIPELINE II=1
        const array<A, Config::num_channels> from_a = a.read();
        const array<B, Config::num_channels> from_b = b.read();
        const array<C, Config::num_channels> from_c = c.read();
        array<Out, Config::num_channels> result;
        NNET_PACK(result)
    Channels:
        for (unsigned k = 0; k < Config::num_channels; k++) {
#pragma HLS UNROLL
            result[k] = cast<Out>(Last<Config>::finish(Join::join(Join::join(from_a[k], from_b[k]), from_c[k])));
        }
        y.write(result);
    }
}

template <typename Join, template <typename> class Last, typename Config, typename A, typename B, typename C,
          typename D, typename Out>
void merge(hls::stream<array<A, Config::num_channels>> &a, hls::stream<array<B, Config::num_channels>> &b,
           hls::stream<array<C, Config::num_channels>> &c, hls::stream<array<D, Config::num_channels>> &d,
           hls::stream<array<Out, Config::num_channels>> &y) {
Beats:
    for (unsigned i = 0; i < Config::num_beats; i++) {
#pragma HLS PIPELINE II=1
        const array<A, Config::num_channels> from_a = a.read();
        const array<B, Config::num_channels> from_b = b.read();
        const array<C, Config::num_channels> from_c = c.read();
        const array<D, Config::num_channels> from_d = d.read();
        array<Out, Config::num_channels> result;
        NNET_PACK(result)
    Channels:
        for (unsigned k = 0; k < Config::num_channels; k++) {
#pragma HLS UNROLL
            result[k] = cast<Out>(
                Last<Config>::finish(Join::join(Join::join(Join::join(from_a[k], from_b[k]), from_c[k]), from_d[k])));
        }
        y.write(result);
    }
}

template <typename Config, typename A, typename B, typename Out>
void dot(hls::stream<array<A, Config::num_in>> &a, hls::stream<array<B, Config::num_in>> &b,
         hls::stream<array<Out, 1>> &y) {
#pragma HLS PIPELINE II=1
    const array<A, Config::num_in> from_a = a.read();
    const array<B, Config::num_in> from_b = b.read();
    array<Out, 1> result;
    NNET_PACK(result)
    result[0] = cast<Out>(inner_product<Config>(from_a.data, from_b.data));
    y.write(result);
}

} // namespace nnet
