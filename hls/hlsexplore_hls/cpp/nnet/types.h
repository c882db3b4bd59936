// Types that every layer uses: constants kept as raw integers, and how they become fixed-point values again.
#pragma once

#include <ap_fixed.h>
#include <ap_int.h>

// Pragmas whose spelling differs between Vivado HLS (until 2020.1) and Vitis HLS.
#define NNET_DO_PRAGMA(text) _Pragma(#text)
#if defined(__SYNTHESIS__) && !defined(__VITIS_HLS__)
#define NNET_ROM(name) NNET_DO_PRAGMA(HLS RESOURCE variable = name core = ROM_nP_BRAM)
#else
#define NNET_ROM(name) NNET_DO_PRAGMA(HLS BIND_STORAGE variable = name type = rom_np impl = bram)
#endif

namespace nnet {

enum class strategy { latency, resource };

// Storage of one raw integer of `width` bits in a constant array: exactly that wide in hardware, so that memories waste
// no bits; a plain integer in simulation, where constructors of thousands of constants would cost compile time.
// clang-format off
#ifdef __SYNTHESIS__
template <int width, bool is_signed> struct rom { typedef ap_int<width> type; };
template <int width> struct rom<width, false> { typedef ap_uint<width> type; };
#else
template <int num_bytes, bool is_signed> struct plain_integer;
template <> struct plain_integer<1, true> { typedef signed char type; };
template <> struct plain_integer<1, false> { typedef unsigned char type; };
template <> struct plain_integer<2, true> { typedef short type; };
template <> struct plain_integer<2, false> { typedef unsigned short type; };
template <> struct plain_integer<4, true> { typedef int type; };
template <> struct plain_integer<4, false> { typedef unsigned int type; };
template <> struct plain_integer<8, true> { typedef long long type; };
template <> struct plain_integer<8, false> { typedef unsigned long long type; };
// clang-format on

template <int width, bool is_signed> struct rom {
    static_assert(width >= 1 && width <= 64, "A constant array holds integers of 1 to 64 bits.");
    typedef typename plain_integer<(width <= 8 ? 1 : width <= 16 ? 2 : width <= 32 ? 4 : 8), is_signed>::type type;
};
#endif

// The fixed-point value whose bits are a raw integer. Simulation headers take the bits directly at a tenth of the cost.
template <typename T, typename Raw> inline T from_raw(Raw raw) {
#pragma HLS INLINE
    T value;
#ifdef __SYNTHESIS__
    value.range(T::width - 1, 0) = raw;
#else
    value.V = raw;
#endif
    return value;
}

// A cast to a type, whatever bits it keeps. The headers look at the first bit that an assignment drops; where even the
// sign lies above that bit, it is repeated down to it, which costs nothing.
template <bool is_far> struct caster {
    template <typename Out, int W, int I, bool S, ap_q_mode Q, ap_o_mode O, int N>
    static Out cast(const ap_fixed_base<W, I, S, Q, O, N> &x) {
#pragma HLS INLINE
        return x;
    }
};
template <> struct caster<true> {
    template <typename Out, int W, int I, bool S, ap_q_mode Q, ap_o_mode O, int N>
    static Out cast(const ap_fixed_base<W, I, S, Q, O, N> &x) {
#pragma HLS INLINE
        constexpr int more = W - I - (Out::width - Out::iwidth) - W;
        const ap_fixed_base<W + more, I + more, S, AP_TRN, AP_WRAP, 0> wide = x;
        return wide;
    }
};
template <typename Out, int W, int I, bool S, ap_q_mode Q, ap_o_mode O, int N>
inline Out cast(const ap_fixed_base<W, I, S, Q, O, N> &x) {
#pragma HLS INLINE
    return caster<(W - I - (Out::width - Out::iwidth) > W)>::template cast<Out>(x);
}

// The sum of two values of one type, cast to it: without fraction bits to round, only overflow remains. An adder that
// wraps is an adder of the raw integers.
template <typename T, ap_o_mode overflow = T::omode> struct adder {
    static T add(const T &a, const T &b) {
#pragma HLS INLINE
        return a + b;
    }
};
template <typename T> struct adder<T, AP_WRAP> {
    static T add(const T &a, const T &b) {
#pragma HLS INLINE
#ifdef __SYNTHESIS__
        return a + b;
#else
        T sum;
        sum.V = a.V + b.V;
        return sum;
#endif
    }
};
template <typename T> inline T add(const T &a, const T &b) {
#pragma HLS INLINE
    return adder<T>::add(a, b);
}

// Whether one value exceeds another of the same type: a comparison of their raw integers.
template <typename T> inline bool exceeds(const T &a, const T &b) {
#pragma HLS INLINE
#ifdef __SYNTHESIS__
    return a > b;
#else
    return a.V > b.V;
#endif
}

template <typename T> inline T zero() {
#pragma HLS INLINE
    return from_raw<T>(0);
}

// Signs without a comparison of numbers.
template <typename T> inline bool is_negative(const T &x) {
#pragma HLS INLINE
    return x.is_neg();
}

// The raw integer of a value.
template <int W, int I, ap_q_mode Q, ap_o_mode O, int N> inline ap_int<W> raw_bits(const ap_fixed<W, I, Q, O, N> &x) {
#pragma HLS INLINE
    return x.range(W - 1, 0);
}
template <int W, int I, ap_q_mode Q, ap_o_mode O, int N> inline ap_uint<W> raw_bits(const ap_ufixed<W, I, Q, O, N> &x) {
#pragma HLS INLINE
    return x.range(W - 1, 0);
}

// The bits of a value with the binary point moved: x * 2**bits without any arithmetic.
template <int bits, int W, int I, ap_q_mode Q, ap_o_mode O, int N>
inline ap_fixed<W, I + bits> scaled(const ap_fixed<W, I, Q, O, N> &x) {
#pragma HLS INLINE
    return from_raw<ap_fixed<W, I + bits>>(raw_bits(x));
}
template <int bits, int W, int I, ap_q_mode Q, ap_o_mode O, int N>
inline ap_ufixed<W, I + bits> scaled(const ap_ufixed<W, I, Q, O, N> &x) {
#pragma HLS INLINE
    return from_raw<ap_ufixed<W, I + bits>>(raw_bits(x));
}

// -x in full precision.
template <int W, int I, ap_q_mode Q, ap_o_mode O, int N>
inline ap_fixed<W + 1, I + 1> opposite(const ap_fixed<W, I, Q, O, N> &x) {
#pragma HLS INLINE
    return -x;
}
template <int W, int I, ap_q_mode Q, ap_o_mode O, int N>
inline ap_fixed<W + 1, I + 1> opposite(const ap_ufixed<W, I, Q, O, N> &x) {
#pragma HLS INLINE
    return -x;
}

// What makes a multiplication, of number `index` among those that happen at once.
namespace multiplier {

// What the tool chooses.
struct any {
    template <typename A, typename B> static auto product(const A &a, const B &b, unsigned) -> decltype(a * b) {
#pragma HLS INLINE
        return a * b;
    }
};

// DSP blocks.
struct dsp {
    template <typename A, typename B> static auto product(const A &a, const B &b, unsigned) -> decltype(a * b) {
#pragma HLS INLINE
        const decltype(a * b) result = a * b;
#ifdef __VITIS_HLS__
#pragma HLS BIND_OP variable=result op=mul impl=dsp
#else
#pragma HLS RESOURCE variable=result core=DSP48
#endif
        return result;
    }
};

// Lookup tables.
struct lut {
    template <typename A, typename B> static auto product(const A &a, const B &b, unsigned) -> decltype(a * b) {
#pragma HLS INLINE
        const decltype(a * b) result = a * b;
#ifdef __VITIS_HLS__
#pragma HLS BIND_OP variable=result op=mul impl=fabric
#else
#pragma HLS RESOURCE variable=result core=Mul_LUT
#endif
        return result;
    }
};

// DSP blocks for the first ones, lookup tables for the others. Loops around are unrolled, so `index` is a constant.
template <unsigned Most> struct mixed {
    template <typename A, typename B> static auto product(const A &a, const B &b, unsigned index) -> decltype(a * b) {
#pragma HLS INLINE
        if (index < Most) {
            return dsp::product(a, b, index);
        }
        return lut::product(a, b, index);
    }
};

} // namespace multiplier

} // namespace nnet
