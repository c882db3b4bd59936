// Top function of cnn. Generated from design a91166131213.
#include "cnn.h"

#include "layers.h"
#include "nnet/activation_stream.h"
#include "nnet/conv_stream.h"
#include "nnet/dense_stream.h"
#include "nnet/move_stream.h"
#include "nnet/pool_stream.h"
#include "weights/conv.h"
#include "weights/dense.h"

void cnn(hls::stream<nnet::array<type::image, 2>> &image, hls::stream<nnet::array<type::dense, 3>> &dense) {
#pragma HLS INTERFACE axis port=image
    NNET_PACK(image)
#pragma HLS INTERFACE axis port=dense
    NNET_PACK(dense)
#pragma HLS DATAFLOW
    hls::stream<nnet::array<type::conv, 3>> conv("conv");
#pragma HLS STREAM variable=conv depth=20
    hls::stream<nnet::array<type::relu, 3>> relu("relu");
#pragma HLS STREAM variable=relu depth=20
    hls::stream<nnet::array<type::pool, 3>> pool("pool");
#pragma HLS STREAM variable=pool depth=4
    hls::stream<nnet::array<type::flatten, 12>> flatten("flatten");
#pragma HLS STREAM variable=flatten depth=1

    // layer 'conv' (conv2d): 5 x 4 x 2 -> 5 x 4 x 3, window 3 x 2
    nnet::conv<config::conv>(image, conv, weights::conv::weight, weights::conv::bias);

    // layer 'relu' (relu): 60 elements
    nnet::activate<nnet::relu, config::relu>(conv, relu);

    // layer 'pool' (max_pool2d): 5 x 4 x 3 -> 2 x 2 x 3
    nnet::pool<nnet::max_window, config::pool>(relu, pool);

    // layer 'flatten' (reshape): 2 x 2 x 3 -> 12
    nnet::repack<config::flatten>(pool, flatten);

    // layer 'dense' (dense): 12 -> 3
    nnet::dense<config::dense>(flatten, dense, weights::dense::weight, weights::dense::bias);
}
