// Top function of mlp. Generated from design 1edf6e66208b.
#include "mlp.h"

#include "layers.h"
#include "nnet/activation.h"
#include "nnet/dense.h"
#include "nnet/softmax.h"
#include "weights/fc1.h"
#include "weights/fc2.h"
#include "weights/softmax.h"

void mlp(const type::x x[4], type::softmax softmax[3]) {
#pragma HLS ARRAY_RESHAPE variable=x complete dim=0
#pragma HLS INTERFACE ap_vld port=x
#pragma HLS ARRAY_RESHAPE variable=softmax complete dim=0
#pragma HLS INTERFACE ap_vld port=softmax
#pragma HLS PIPELINE II=1
    type::fc1 fc1[6];
#pragma HLS ARRAY_PARTITION variable=fc1 complete dim=0
    type::relu relu[6];
#pragma HLS ARRAY_PARTITION variable=relu complete dim=0
    type::fc2 fc2[3];
#pragma HLS ARRAY_PARTITION variable=fc2 complete dim=0

    // layer 'fc1' (dense): 4 -> 6
    nnet::dense<config::fc1>(x, fc1, weights::fc1::weight, weights::fc1::bias);

    // layer 'relu' (relu): 6 elements
    nnet::activate<nnet::relu, config::relu>(fc1, relu);

    // layer 'fc2' (dense): 6 -> 3
    nnet::dense<config::fc2>(relu, fc2, weights::fc2::weight, weights::fc2::bias);

    // layer 'softmax' (softmax): 3 classes
    nnet::softmax<nnet::stable_norm, config::softmax>(fc2, softmax, weights::softmax::exp_table, weights::softmax::inv_table);
}
