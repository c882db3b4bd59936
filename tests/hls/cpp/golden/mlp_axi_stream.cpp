// mlp with AXI-Stream ports. Generated from design 2dedbca18ffa.
#include "mlp_axi.h"

void mlp_axi(hls::stream<ap_axis<16, 1, 1, 1>> &x, hls::stream<ap_axis<16, 1, 1, 1>> &softmax) {
#pragma HLS INTERFACE axis port=x
#pragma HLS INTERFACE axis port=softmax
#pragma HLS INTERFACE ap_ctrl_none port=return
#pragma HLS DATAFLOW
    hls::stream<nnet::array<type::x, 4>> x_inner("x_inner");
#pragma HLS STREAM variable=x_inner depth=1
    hls::stream<nnet::array<type::softmax, 3>> softmax_inner("softmax_inner");
#pragma HLS STREAM variable=softmax_inner depth=1
    nnet::from_axi<16, 1, 4>(x, x_inner);
    mlp(x_inner, softmax_inner);
    nnet::to_axi<16, 1, 3>(softmax_inner, softmax);
}
