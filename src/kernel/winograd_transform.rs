//! The transforms of inputs and of products, along one axis and along both.
//!
//! Every lane is a channel. The order of the operations is fixed, so that every level that fuses
//! rounds alike. A Cortex-M has loops of its own (`small/winograd/lines.rs`), in the same order.

// Plain loops over constant bounds are what the compiler unrolls best.
#![allow(clippy::needless_range_loop)]

use super::winograd_points::Points;
use crate::simd::Simd;

/// `c x + sum`, without a multiplication where `c` is one: either way it is rounded once.
#[inline(always)]
fn plus<S: Simd>(simd: S, c: f32, x: S::F32, sum: S::F32) -> S::F32 {
    if c == 1.0 {
        simd.add(sum, x)
    } else if c == -1.0 {
        simd.sub(sum, x)
    } else {
        simd.mul_add(x, simd.splat(c), sum)
    }
}

/// `Bᵀ d`.
///
/// A polynomial in even powers sees every second input: the rows of zero and infinity are one
/// polynomial, over the even and over the odd inputs. So are the two halves of a pair's rows, which
/// differ in the sign of the odd half.
#[inline(always)]
fn inputs<S: Simd, const M: usize, const N: usize>(simd: S, d: [S::F32; N]) -> [S::F32; N] {
    let mut v = d;
    for odd in 0..2 {
        let mut sum = d[M + odd];
        for k in 0..M / 2 {
            sum = plus(simd, Points::<M>::ENDS[k], d[2 * k + odd], sum);
        }
        v[odd * (N - 1)] = sum;
    }
    for pair in 0..M / 2 {
        let mut halves = [d[M], d[M - 1]];
        for (odd, half) in halves.iter_mut().enumerate() {
            for k in 0..M / 2 - 1 {
                let c = Points::<M>::OTHERS[pair][k];
                *half = plus(simd, c, d[2 * k + 2 - odd], *half);
            }
        }
        let point = Points::<M>::PAIRS[pair];
        v[1 + 2 * pair] = plus(simd, point, halves[1], halves[0]);
        v[2 + 2 * pair] = plus(simd, -point, halves[1], halves[0]);
    }
    v
}

/// `Aᵀ p`.
#[inline(always)]
fn outputs<S: Simd, const M: usize, const N: usize>(simd: S, p: [S::F32; N]) -> [S::F32; M] {
    let mut y = [p[0]; M];
    // The sum of a pair's products counts for even powers, the difference for odd ones.
    let mut halves = [[p[0]; M]; 2];
    for pair in 0..M / 2 {
        halves[0][pair] = simd.add(p[1 + 2 * pair], p[2 + 2 * pair]);
        halves[1][pair] = simd.sub(p[1 + 2 * pair], p[2 + 2 * pair]);
    }
    for i in 0..M {
        let half = halves[i % 2];
        let power = |pair: usize| Points::<M>::POWERS[pair][i];
        let mut first = 0;
        let mut sum = p[0];
        if i == M - 1 {
            sum = p[N - 1];
        } else if i > 0 {
            first = 1;
            sum = if power(0) == 1.0 {
                half[0]
            } else {
                simd.mul(half[0], simd.splat(power(0)))
            };
        }
        for pair in first..M / 2 {
            sum = plus(simd, power(pair), half[pair], sum);
        }
        y[i] = sum;
    }
    y
}

/// `Bᵀ d B`: `load` gives the input of a row and a column, `store` takes a number and the row and
/// column of its point.
#[inline(always)]
pub(super) fn input_tile<S: Simd, const M: usize, const N: usize>(
    simd: S,
    load: impl Fn(usize, usize) -> S::F32,
    store: impl Fn(usize, usize, S::F32),
) {
    let mut half = [[simd.splat(0.0); N]; N];
    for column in 0..N {
        let mut d = [simd.splat(0.0); N];
        for row in 0..N {
            d[row] = load(row, column);
        }
        let d = inputs::<S, M, N>(simd, d);
        for row in 0..N {
            half[row][column] = d[row];
        }
    }
    for row in 0..N {
        let d = inputs::<S, M, N>(simd, half[row]);
        for column in 0..N {
            store(row, column, d[column]);
        }
    }
}

/// `Aᵀ P A`: `load` gives the product of a point, `store` takes an output.
#[inline(always)]
pub(super) fn output_tile<S: Simd, const M: usize, const N: usize>(
    simd: S,
    load: impl Fn(usize, usize) -> S::F32,
    store: impl Fn(usize, usize, S::F32),
) {
    let mut half = [[simd.splat(0.0); N]; M];
    for column in 0..N {
        let mut p = [simd.splat(0.0); N];
        for row in 0..N {
            p[row] = load(row, column);
        }
        let p = outputs::<S, M, N>(simd, p);
        for row in 0..M {
            half[row][column] = p[row];
        }
    }
    for row in 0..M {
        let y = outputs::<S, M, N>(simd, half[row]);
        for column in 0..M {
            store(row, column, y[column]);
        }
    }
}
