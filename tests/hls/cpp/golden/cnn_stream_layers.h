// Configuration of every layer of cnn. Generated from design a91166131213.
#pragma once

#include "types.h"

namespace config {

// layer 'conv' (conv2d): 5 x 4 x 2 -> 5 x 4 x 3, window 3 x 2
struct conv {
    static constexpr unsigned in_height = 5;
    static constexpr unsigned in_width = 4;
    static constexpr unsigned num_channels = 2;
    static constexpr unsigned out_height = 5;
    static constexpr unsigned out_width = 4;
    static constexpr unsigned kernel_height = 3;
    static constexpr unsigned kernel_width = 2;
    static constexpr unsigned stride_rows = 1;
    static constexpr unsigned stride_columns = 1;
    static constexpr unsigned dilation_rows = 1;
    static constexpr unsigned dilation_columns = 1;
    static constexpr unsigned pad_top = 1;
    static constexpr unsigned pad_left = 0;
    static constexpr unsigned stream_height = 7;
    static constexpr unsigned stream_width = 5;
    static constexpr unsigned num_inputs = 40;
    static constexpr unsigned num_positions = 20;
    static constexpr unsigned num_columns = 4;
    static constexpr unsigned parallel = 1;
    static constexpr unsigned num_in = 12;
    static constexpr unsigned num_out = 3;
    static constexpr unsigned num_weights = 36;
    static constexpr unsigned channel_multiplier = 0;
    static constexpr unsigned reuse = 6;
    static constexpr unsigned num_multipliers = 6;
    static constexpr nnet::strategy kind = nnet::strategy::resource;
    typedef ap_fixed<6, 3> weight_t;
    typedef ap_fixed<21, 8> bias_t;
    typedef ap_fixed<21, 8> accum_t;
    typedef nnet::multiplier::any product_of;
    typedef nnet::rom<6, true>::type weight_rom;
    typedef nnet::rom<21, true>::type bias_rom;
};

// layer 'relu' (relu): 60 elements
struct relu {
    static constexpr unsigned num_beats = 20;
    static constexpr unsigned num_channels = 3;
};

// layer 'pool' (max_pool2d): 5 x 4 x 3 -> 2 x 2 x 3
struct pool {
    static constexpr unsigned in_height = 5;
    static constexpr unsigned in_width = 4;
    static constexpr unsigned num_channels = 3;
    static constexpr unsigned out_height = 2;
    static constexpr unsigned out_width = 2;
    static constexpr unsigned kernel_height = 2;
    static constexpr unsigned kernel_width = 2;
    static constexpr unsigned stride_rows = 2;
    static constexpr unsigned stride_columns = 2;
    static constexpr unsigned dilation_rows = 1;
    static constexpr unsigned dilation_columns = 1;
    static constexpr unsigned pad_top = 0;
    static constexpr unsigned pad_left = 0;
    static constexpr unsigned stream_height = 5;
    static constexpr unsigned stream_width = 4;
    static constexpr bool has_padding = false;
    static constexpr unsigned num_parallel = 1;
    typedef ap_fixed<10, 7> accum_t;
};

// layer 'flatten' (reshape): 2 x 2 x 3 -> 12
struct flatten {
    static constexpr unsigned num_in_beats = 4;
    static constexpr unsigned in_size = 3;
    static constexpr unsigned num_out_beats = 1;
    static constexpr unsigned out_size = 12;
};

// layer 'dense' (dense): 12 -> 3
struct dense {
    static constexpr unsigned num_inputs = 12;
    static constexpr unsigned num_positions = 1;
    static constexpr unsigned num_columns = 1;
    static constexpr unsigned parallel = 1;
    static constexpr unsigned num_in = 12;
    static constexpr unsigned num_out = 3;
    static constexpr unsigned num_weights = 36;
    static constexpr unsigned channel_multiplier = 0;
    static constexpr unsigned reuse = 1;
    static constexpr unsigned num_multipliers = 35;
    static constexpr nnet::strategy kind = nnet::strategy::latency;
    typedef ap_fixed<6, 3> weight_t;
    typedef ap_fixed<21, 11> bias_t;
    typedef ap_fixed<21, 11> accum_t;
    typedef nnet::multiplier::any product_of;
    typedef nnet::rom<6, true>::type weight_rom;
    typedef nnet::rom<21, true>::type bias_rom;
};

} // namespace config
