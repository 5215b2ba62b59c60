//! The end of a tile: its sums are clamped and written.

// Plain loops over constant bounds are what the compiler unrolls best.
#![allow(clippy::needless_range_loop)]

use super::piece::load;
use super::strip::Strip;
use crate::simd::Simd;

/// The most terms that are left to a store.
const MOST: usize = 3;

/// Clamps the sums, writes those of channels that exist, and returns where the next tile goes.
///
/// # Safety
/// As for [`tile::run`](super::tile::run).
#[inline(always)]
pub(super) unsafe fn finish<S: Simd, const M: usize, const V: usize>(
    simd: S,
    strip: &Strip,
    mut acc: [[S::F32; V]; M],
    mut output: *mut f32,
) -> *mut f32 {
    clamp(simd, strip, &mut acc);
    // SAFETY: the caller's.
    unsafe {
        if strip.channels >= V * S::LANES {
            return store(simd, strip, &acc, output);
        }
        for acc in &acc {
            for (v, x) in acc.iter().enumerate() {
                let count = strip.channels.saturating_sub(v * S::LANES).min(S::LANES);
                let output = output.wrapping_add(v * S::LANES);
                simd.store_masked(output, *x, simd.mask(count));
            }
            output = output.wrapping_add(strip.output_pixel);
        }
    }
    output
}

/// Clamps the sums.
#[inline(always)]
pub(super) fn clamp<S: Simd, const M: usize, const V: usize>(
    simd: S,
    strip: &Strip,
    acc: &mut [[S::F32; V]; M],
) {
    if let Some([min, max]) = strip.clamp {
        if min > f32::NEG_INFINITY {
            let min = simd.splat(min);
            for acc in &mut *acc {
                for x in acc {
                    *x = simd.at_least(*x, min);
                }
            }
        }
        if max < f32::INFINITY {
            let max = simd.splat(max);
            for acc in &mut *acc {
                for x in acc {
                    *x = simd.at_most(*x, max);
                }
            }
        }
    }
}

/// Writes the sums of channels that all exist, and returns where the next tile goes.
///
/// # Safety
/// As for [`tile::run`](super::tile::run); every channel of the block exists.
#[inline(always)]
pub(super) unsafe fn store<S: Simd, const M: usize, const V: usize>(
    simd: S,
    strip: &Strip,
    acc: &[[S::F32; V]; M],
    mut output: *mut f32,
) -> *mut f32 {
    for acc in acc {
        for (v, x) in acc.iter().enumerate() {
            // SAFETY: the caller's.
            unsafe { simd.store(output.add(v * S::LANES), *x) };
        }
        output = output.wrapping_add(strip.output_pixel);
    }
    output
}

/// Adds the last terms, [`Simd::LATE`] of them from `x` and `w` on, and writes each sum as soon as it is complete. A
/// store takes the turn of a multiply-add where many stand in a row (measured on Zen 3: 28 of 172 cycles for twelve
/// sums of 24 terms), less where one lies between two, and next to nothing where three do. Pixels are `pixel` floats
/// apart, the weights of terms `width`.
///
/// # Safety
/// As for [`tile::run`](super::tile::run); every channel of the block exists.
#[inline(always)]
#[allow(clippy::too_many_arguments)] // three places, and how each goes on
pub(super) unsafe fn finish_with<S: Simd, const M: usize, const V: usize>(
    simd: S,
    strip: &Strip,
    acc: [[S::F32; V]; M],
    x: *const f32,
    pixel: usize,
    w: *const f32,
    width: usize,
    output: *mut f32,
) -> *mut f32 {
    const { assert!(M <= 14, "each pixel has its number below") };
    let mut late = Late::<S, V> {
        x,
        pixel,
        w,
        width,
        held: [[simd.splat(0.0); V]; MOST],
        output,
    };
    // SAFETY: the caller's.
    unsafe {
        macro_rules! pixels {
            ($clamp:expr, $clamped:literal: $($m:literal)*) => {{$(
                if $m < M {
                    late.write::<$m, $clamped>(simd, strip, acc[$m], $clamp);
                }
            )*}};
        }
        match strip.clamp {
            None => pixels!(|x| x, false: 0 1 2 3 4 5 6 7 8 9 10 11 12 13),
            Some([min, max]) => {
                let (min, max) = (simd.splat(min), simd.splat(max));
                let clamp = |x| simd.clamp(x, min, max);
                pixels!(clamp, true: 0 1 2 3 4 5 6 7 8 9 10 11 12 13);
            }
        }
    }
    late.output
}

/// The last terms of a tile's sums.
struct Late<S: Simd, const V: usize> {
    x: *const f32,
    pixel: usize,
    w: *const f32,
    width: usize,
    /// The weights that are in registers.
    held: [[S::F32; V]; MOST],
    output: *mut f32,
}

impl<S: Simd, const V: usize> Late<S, V> {
    /// How many weights are in registers when pixel `m` is computed: each pixel that is written leaves its own to them.
    const fn held(m: usize, clamped: bool) -> usize {
        let ends = if clamped { 2 } else { 0 };
        let spare = S::SPARE.saturating_sub(ends) + m * V;
        let all = S::LATE[V] * V;
        if spare < all { spare } else { all }
    }

    /// # Safety
    /// As for [`finish_with`].
    #[inline(always)]
    unsafe fn write<const AT: usize, const CLAMPED: bool>(
        &mut self,
        simd: S,
        strip: &Strip,
        mut sums: [S::F32; V],
        clamp: impl Fn(S::F32) -> S::F32,
    ) {
        let terms = const { S::LATE[V] };
        let before = const {
            if AT > 0 {
                Self::held(AT - 1, CLAMPED)
            } else {
                0
            }
        };
        let held = const { Self::held(AT, CLAMPED) };
        let x = self.x.wrapping_add(AT * self.pixel);
        // Weights as parts of the multiply-adds, as long as there are no registers for all of them.
        let w = if const { S::LATE[V] > 1 } {
            simd.opaque(self.w)
        } else {
            self.w
        };
        // Two sums at a time where each of their terms waits for the one before.
        let together = const { if S::LATE[V] > 1 { 2 } else { 1 } };
        // SAFETY: the caller's.
        unsafe {
            for i in 0..terms {
                for v in 0..V {
                    if i * V + v >= before && i * V + v < held {
                        let b = load::<S, V>(simd, w.wrapping_add(i * self.width), v, strip);
                        self.held[i][v] = simd.settled(b);
                    }
                }
            }
            let mut a = [simd.splat(0.0); MOST];
            for i in 0..terms {
                a[i] = simd.splat(x.add(i).read());
            }
            for group in 0..V.div_ceil(together) {
                let from = group * together;
                let to = (from + together).min(V);
                for i in 0..terms {
                    for v in from..to {
                        let b = if i * V + v < held {
                            self.held[i][v]
                        } else {
                            load::<S, V>(simd, w.wrapping_add(i * self.width), v, strip)
                        };
                        sums[v] = simd.mul_add(a[i], b, sums[v]);
                        if terms > 1 {
                            sums[v] = simd.settled(sums[v]);
                        }
                    }
                }
                for v in from..to {
                    simd.store(self.output.add(v * S::LANES), clamp(sums[v]));
                }
            }
        }
        self.output = self.output.wrapping_add(strip.output_pixel);
    }
}
