// Top function of branched. Generated from design 0c21d691bbb0.
#include "branched.h"

#include "layers.h"
#include "nnet/copy.h"
#include "nnet/dense.h"
#include "nnet/merge.h"
#include "nnet/move.h"
#include "weights/left.h"

void branched(const type::a a[6], const type::b b[6], type::flat flat[12], type::sum sum[6], type::a a_out[6]) {
#pragma HLS ARRAY_RESHAPE variable=a complete dim=0
#pragma HLS INTERFACE ap_vld port=a
#pragma HLS ARRAY_RESHAPE variable=b complete dim=0
#pragma HLS INTERFACE ap_vld port=b
#pragma HLS ARRAY_RESHAPE variable=flat complete dim=0
#pragma HLS INTERFACE ap_vld port=flat
#pragma HLS ARRAY_RESHAPE variable=sum complete dim=0
#pragma HLS INTERFACE ap_vld port=sum
#pragma HLS ARRAY_RESHAPE variable=a_out complete dim=0
#pragma HLS INTERFACE ap_vld port=a_out
#pragma HLS DATAFLOW
    type::a a_rest[6];
#pragma HLS ARRAY_PARTITION variable=a_rest complete dim=0
    type::left left[6];
#pragma HLS ARRAY_PARTITION variable=left complete dim=0
    type::left left_copy[6];
#pragma HLS ARRAY_PARTITION variable=left_copy complete dim=0
    type::left left_rest[6];
#pragma HLS ARRAY_PARTITION variable=left_rest complete dim=0
    type::sum sum_inner[6];
#pragma HLS ARRAY_PARTITION variable=sum_inner complete dim=0
    type::sum sum_inner_rest[6];
#pragma HLS ARRAY_PARTITION variable=sum_inner_rest complete dim=0

    // copy of 'a' for several readers
    nnet::copy<6>(a, a_out, a_rest);

    // layer 'left' (dense): 3 -> 3 at 2 positions
    nnet::dense<config::left>(a_rest, left, weights::left::weight, weights::left::bias);

    // copy of 'left' for several readers
    nnet::copy<6>(left, left_copy, left_rest);

    // layer 'sum' (add): 2 tensors of 6 elements
    nnet::merge<nnet::sum, nnet::keep, config::sum>(left_copy, b, sum_inner);

    // copy of 'sum' for several readers
    nnet::copy<6>(sum_inner, sum, sum_inner_rest);

    // layer 'both' (concatenate): 2 x 3 + 2 x 3
    nnet::concatenate<config::both>(sum_inner_rest, left_rest, flat);
}
