// Top function of mlp. Generated from design 2dedbca18ffa.
#include "mlp.h"

#include "layers.h"
#include "nnet/activation_stream.h"
#include "nnet/dense_stream.h"
#include "nnet/softmax_stream.h"
#include "weights/fc1.h"
#include "weights/fc2.h"
#include "weights/softmax.h"

void mlp(hls::stream<nnet::array<type::x, 4>> &x, hls::stream<nnet::array<type::softmax, 3>> &softmax) {
#pragma HLS INTERFACE axis port=x
    NNET_PACK(x)
#pragma HLS INTERFACE axis port=softmax
    NNET_PACK(softmax)
#pragma HLS DATAFLOW
    hls::stream<nnet::array<type::fc1, 6>> fc1("fc1");
#pragma HLS STREAM variable=fc1 depth=1
    hls::stream<nnet::array<type::relu, 6>> relu("relu");
#pragma HLS STREAM variable=relu depth=1
    hls::stream<nnet::array<type::fc2, 3>> fc2("fc2");
#pragma HLS STREAM variable=fc2 depth=1

    // layer 'fc1' (dense): 4 -> 6
    nnet::dense<config::fc1>(x, fc1, weights::fc1::weight, weights::fc1::bias);

    // layer 'relu' (relu): 6 elements
    nnet::activate<nnet::relu, config::relu>(fc1, relu);

    // layer 'fc2' (dense): 6 -> 3
    nnet::dense<config::fc2>(relu, fc2, weights::fc2::weight, weights::fc2::bias);

    // layer 'softmax' (softmax): 3 classes
    nnet::softmax<nnet::stable_norm, config::softmax>(fc2, softmax, weights::softmax::exp_table, weights::softmax::inv_table);
}
