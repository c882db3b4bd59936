// mlp as a kernel that works on samples in memory. Generated from design 2dedbca18ffa.
#include "mlp_kernel.h"

// One sample: fetched, computed and stored side by side with its neighbours.
static void mlp_kernel_sample(const short *x, short *softmax, unsigned sample) {
#pragma HLS DATAFLOW
    hls::stream<nnet::array<type::x, 4>> x_inner("x_inner");
#pragma HLS STREAM variable=x_inner depth=1
    hls::stream<nnet::array<type::softmax, 3>> softmax_inner("softmax_inner");
#pragma HLS STREAM variable=softmax_inner depth=1
    nnet::load<1, 4>(x, sample, x_inner);
    mlp(x_inner, softmax_inner);
    nnet::store<1, 3>(softmax_inner, sample, softmax);
}

extern "C" void mlp_kernel(const short *x, short *softmax, unsigned num_samples) {
#pragma HLS INTERFACE m_axi port=x offset=slave bundle=gmem0 depth=4
#pragma HLS INTERFACE s_axilite port=x bundle=control
#pragma HLS INTERFACE m_axi port=softmax offset=slave bundle=gmem1 depth=3
#pragma HLS INTERFACE s_axilite port=softmax bundle=control
#pragma HLS INTERFACE s_axilite port=num_samples bundle=control
#pragma HLS INTERFACE s_axilite port=return bundle=control
Samples:
    for (unsigned sample = 0; sample < num_samples; sample++) {
        mlp_kernel_sample(x, softmax, sample);
    }
}
