// Balanced trees, every node cast to the type of the elements.
#pragma once

#include "types.h"

namespace nnet {

// The largest power of two below a size.
constexpr unsigned left_half(unsigned size, unsigned half = 1) {
    return 2 * half < size ? left_half(size, 2 * half) : half;
}

// Sum of a vector by a balanced tree, every node cast to the type of its elements.
template <typename T, unsigned size> struct tree {
    static constexpr unsigned half = left_half(size);
    static T sum(const T x[size]) {
#pragma HLS INLINE
        const T left = tree<T, half>::sum(x);
        const T right = tree<T, size - half>::sum(x + half);
        return add<T>(left, right);
    }
};
template <typename T> struct tree<T, 1> {
    static T sum(const T x[1]) {
#pragma HLS INLINE
        return x[0];
    }
};

} // namespace nnet
