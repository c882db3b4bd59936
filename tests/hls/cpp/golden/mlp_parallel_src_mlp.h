// Top function of mlp. Generated from design 70ca2890cacf.
#pragma once

#include "types.h"

// x: 'x', 4 of fixed<10,4,TRN,SAT>
// softmax: 'softmax', 3 of fixed<10,4,TRN,SAT>
void mlp(const type::x x[4], type::softmax softmax[3]);
