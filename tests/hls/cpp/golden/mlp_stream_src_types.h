// Types of all tensors of mlp. Generated from design 2dedbca18ffa.
#pragma once

#include "nnet/types.h"

namespace type {
typedef ap_fixed<10, 4, AP_TRN, AP_SAT> x;
typedef ap_fixed<11, 7, AP_TRN, AP_SAT> fc1;
typedef ap_fixed<11, 7, AP_TRN, AP_SAT> relu;
typedef ap_fixed<16, 8, AP_TRN, AP_SAT> fc2;
typedef ap_ufixed<10, 1, AP_TRN, AP_SAT> softmax;
} // namespace type
