// Top function of branched. Generated from design 7e20ebdf289e.
#include "branched.h"

#include "layers.h"
#include "nnet/dense_stream.h"
#include "nnet/merge_stream.h"
#include "nnet/move_stream.h"
#include "nnet/stream.h"
#include "weights/left.h"

void branched(hls::stream<nnet::array<type::a, 3>> &a, hls::stream<nnet::array<type::b, 3>> &b, hls::stream<nnet::array<type::flat, 12>> &flat, hls::stream<nnet::array<type::sum, 3>> &sum, hls::stream<nnet::array<type::a, 3>> &a_out) {
#pragma HLS INTERFACE axis port=a
    NNET_PACK(a)
#pragma HLS INTERFACE axis port=b
    NNET_PACK(b)
#pragma HLS INTERFACE axis port=flat
    NNET_PACK(flat)
#pragma HLS INTERFACE axis port=sum
    NNET_PACK(sum)
#pragma HLS INTERFACE axis port=a_out
    NNET_PACK(a_out)
#pragma HLS DATAFLOW
    hls::stream<nnet::array<type::a, 3>> a_rest("a_rest");
#pragma HLS STREAM variable=a_rest depth=2
    hls::stream<nnet::array<type::left, 3>> left("left");
#pragma HLS STREAM variable=left depth=2
    hls::stream<nnet::array<type::left, 3>> left_copy("left_copy");
#pragma HLS STREAM variable=left_copy depth=2
    hls::stream<nnet::array<type::left, 3>> left_rest("left_rest");
#pragma HLS STREAM variable=left_rest depth=2
    hls::stream<nnet::array<type::sum, 3>> sum_inner("sum_inner");
#pragma HLS STREAM variable=sum_inner depth=2
    hls::stream<nnet::array<type::sum, 3>> sum_inner_rest("sum_inner_rest");
#pragma HLS STREAM variable=sum_inner_rest depth=2
    hls::stream<nnet::array<type::both, 6>> both("both");
#pragma HLS STREAM variable=both depth=2

    // copy of 'a' for several readers
    nnet::copy<2>(a, a_out, a_rest);

    // layer 'left' (dense): 3 -> 3 at 2 positions
    nnet::dense<config::left>(a_rest, left, weights::left::weight, weights::left::bias);

    // copy of 'left' for several readers
    nnet::copy<2>(left, left_copy, left_rest);

    // layer 'sum' (add): 2 tensors of 6 elements
    nnet::merge<nnet::sum, nnet::keep, config::sum>(left_copy, b, sum_inner);

    // copy of 'sum' for several readers
    nnet::copy<2>(sum_inner, sum, sum_inner_rest);

    // layer 'both' (concatenate): 2 x 3 + 2 x 3
    nnet::concatenate_channels<config::both>(sum_inner_rest, left_rest, both);

    // layer 'flat' (reshape): 2 x 6 -> 12
    nnet::repack<config::flat>(both, flat);
}
