// Casts where each element has a type of its own.
//
// Config: num_elements, or num_beats and num_channels of a stream; cast_each<In, Out>(x, y), written out for each
// element.
#pragma once

#include "types.h"

namespace nnet {

template <typename Config, typename In, typename Out>
void cast_elements(const In x[Config::num_elements], Out y[Config::num_elements]) {
#pragma HLS PIPELINE II=1
    Config::template cast_each<In, Out>(x, y);
}

} // namespace nnet
