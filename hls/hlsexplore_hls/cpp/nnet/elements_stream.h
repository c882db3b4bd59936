// Casts of streams where each channel has a type of its own.
#pragma once

#include "elements.h"
#include "stream.h"

namespace nnet {

template <typename Config, typename In, typename Out> struct cast_body {
    static constexpr unsigned ii = 1;
    static void apply(const array<In, Config::num_channels> &x, array<Out, Config::num_channels> &y, unsigned) {
#pragma HLS INLINE
        Config::template cast_each<In, Out>(x.data, y.data);
    }
};

template <typename Config, typename In, typename Out>
void cast_elements(hls::stream<array<In, Config::num_channels>> &x, hls::stream<array<Out, Config::num_channels>> &y) {
    beat_loop<cast_body<Config, In, Out>, Config::num_beats>::run(x, y);
}

} // namespace nnet
