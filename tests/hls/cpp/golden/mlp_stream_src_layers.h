// Configuration of every layer of mlp. Generated from design 2dedbca18ffa.
#pragma once

#include "types.h"

namespace config {

// layer 'fc1' (dense): 4 -> 6
struct fc1 {
    static constexpr unsigned num_inputs = 4;
    static constexpr unsigned num_positions = 1;
    static constexpr unsigned num_columns = 1;
    static constexpr unsigned parallel = 1;
    static constexpr unsigned num_in = 4;
    static constexpr unsigned num_out = 6;
    static constexpr unsigned num_weights = 24;
    static constexpr unsigned channel_multiplier = 0;
    static constexpr unsigned reuse = 2;
    static constexpr unsigned num_multipliers = 12;
    static constexpr nnet::strategy kind = nnet::strategy::resource;
    typedef ap_fixed<6, 3> weight_t;
    typedef ap_fixed<20, 7> bias_t;
    typedef ap_fixed<20, 7> accum_t;
    typedef nnet::multiplier::any product_of;
    typedef nnet::rom<6, true>::type weight_rom;
    typedef nnet::rom<20, true>::type bias_rom;
};

// layer 'relu' (relu): 6 elements
struct relu {
    static constexpr unsigned num_beats = 1;
    static constexpr unsigned num_channels = 6;
};

// layer 'fc2' (dense): 6 -> 3
struct fc2 {
    static constexpr unsigned num_inputs = 6;
    static constexpr unsigned num_positions = 1;
    static constexpr unsigned num_columns = 1;
    static constexpr unsigned parallel = 1;
    static constexpr unsigned num_in = 6;
    static constexpr unsigned num_out = 3;
    static constexpr unsigned num_weights = 18;
    static constexpr unsigned channel_multiplier = 0;
    static constexpr unsigned reuse = 1;
    static constexpr unsigned num_multipliers = 16;
    static constexpr nnet::strategy kind = nnet::strategy::latency;
    typedef ap_fixed<6, 3> weight_t;
    typedef ap_fixed<21, 10> bias_t;
    typedef ap_fixed<21, 10> accum_t;
    typedef nnet::multiplier::any product_of;
    typedef nnet::rom<6, true>::type weight_rom;
    typedef nnet::rom<21, true>::type bias_rom;
};

// layer 'softmax' (softmax): 3 classes
struct softmax {
    static constexpr unsigned num_in = 3;
    static constexpr unsigned num_positions = 1;
    static constexpr unsigned exp_bits = 4;
    static constexpr unsigned inverse_bits = 4;
    typedef ap_ufixed<12, 4, AP_TRN, AP_SAT> norm_t;
    typedef ap_ufixed<18, 1, AP_RND, AP_SAT> exp_table_t;
    typedef ap_ufixed<19, 2, AP_RND, AP_SAT> accum_t;
    typedef ap_ufixed<19, 2, AP_RND, AP_SAT> inv_input_t;
    typedef ap_ufixed<18, 1, AP_RND, AP_SAT> inv_table_t;
    typedef nnet::rom<18, false>::type exp_rom;
    typedef nnet::rom<18, false>::type inv_rom;
};

} // namespace config
