// Top function of mlp. Generated from design 1edf6e66208b.
#pragma once

#include "types.h"

// x: 'x', 4 of fixed<10,4,TRN,SAT>
// softmax: 'softmax', 3 of ufixed<10,1,TRN,SAT>
void mlp(const type::x x[4], type::softmax softmax[3]);
