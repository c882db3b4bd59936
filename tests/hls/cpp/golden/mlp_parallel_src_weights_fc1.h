// Constants of one layer as raw integers. Generated from design 1edf6e66208b.
#pragma once

#include "../types.h"

namespace weights {
namespace fc1 {

static const nnet::rom<6, true>::type weight[24] = {
    16, -21, 3, -5, -4, -2, -17, -2, -7, 26, 1, -3, -3, -6, -9, -4, 3, -2, 7, -2,
    0, 12, 4, -5
};

static const nnet::rom<20, true>::type bias[6] = {
    -1504, 4416, 15840, -2208, -1984, 8224
};

} // namespace fc1
} // namespace weights
