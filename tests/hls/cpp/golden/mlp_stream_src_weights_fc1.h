// Constants of one layer as raw integers. Generated from design 2dedbca18ffa.
#pragma once

#include "../types.h"

namespace weights {
namespace fc1 {

static const nnet::rom<6, true>::type weight[24] = {
    16, -17, -21, -2, 3, -7, -5, 26, -4, 1, -2, -3, -3, 7, -6, -2, -9, 0, -4, 12,
    3, 4, -2, -5
};

static const nnet::rom<20, true>::type bias[6] = {
    -1504, 4416, 15840, -2208, -1984, 8224
};

} // namespace fc1
} // namespace weights
