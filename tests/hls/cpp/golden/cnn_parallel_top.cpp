// Top function of cnn. Generated from design 30391611b14f.
#include "cnn.h"

#include "layers.h"
#include "nnet/activation.h"
#include "nnet/conv.h"
#include "nnet/dense.h"
#include "nnet/pool.h"
#include "weights/conv.h"
#include "weights/dense.h"

void cnn(const type::image image[40], type::dense dense[3]) {
#pragma HLS ARRAY_RESHAPE variable=image complete dim=0
#pragma HLS INTERFACE ap_vld port=image
#pragma HLS ARRAY_RESHAPE variable=dense complete dim=0
#pragma HLS INTERFACE ap_vld port=dense
#pragma HLS DATAFLOW
    type::conv conv[60];
#pragma HLS ARRAY_PARTITION variable=conv complete dim=0
    type::relu relu[60];
#pragma HLS ARRAY_PARTITION variable=relu complete dim=0
    type::pool pool[12];
#pragma HLS ARRAY_PARTITION variable=pool complete dim=0

    // layer 'conv' (conv2d): 5 x 4 x 2 -> 5 x 4 x 3, window 3 x 2
    nnet::conv<config::conv>(image, conv, weights::conv::weight, weights::conv::bias);

    // layer 'relu' (relu): 60 elements
    nnet::activate<nnet::relu, config::relu>(conv, relu);

    // layer 'pool' (max_pool2d): 5 x 4 x 3 -> 2 x 2 x 3
    nnet::pool<nnet::max_pool, config::pool>(relu, pool);

    // layer 'dense' (dense): 12 -> 3
    nnet::dense<config::dense>(pool, dense, weights::dense::weight, weights::dense::bias);
}
