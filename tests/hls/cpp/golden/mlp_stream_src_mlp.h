// Top function of mlp. Generated from design 2dedbca18ffa.
#pragma once

#include "nnet/stream.h"
#include "types.h"

// x: 'x', 4 of fixed<10,4,TRN,SAT>
// softmax: 'softmax', 3 of ufixed<10,1,TRN,SAT>
void mlp(hls::stream<nnet::array<type::x, 4>> &x, hls::stream<nnet::array<type::softmax, 3>> &softmax);
