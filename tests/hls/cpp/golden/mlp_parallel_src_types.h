// Types of all tensors of mlp. Generated from design 70ca2890cacf.
#pragma once

#include "nnet/types.h"

namespace type {
typedef ap_fixed<10, 4, AP_TRN, AP_SAT> x;
typedef ap_fixed<10, 4, AP_TRN, AP_SAT> fc1;
typedef ap_fixed<10, 4, AP_TRN, AP_SAT> relu;
typedef ap_fixed<13, 7, AP_TRN, AP_SAT> fc2;
typedef ap_fixed<10, 4, AP_TRN, AP_SAT> softmax;
} // namespace type
