//! The innermost loops of a tile: contiguous input floats under each of its pixels, and the weights
//! of as many channels.

// Plain loops over constant bounds are what the compiler unrolls best.
#![allow(clippy::needless_range_loop)]

use super::strip::Strip;
use crate::pack;
use crate::simd::Simd;

/// Where vector `v` of a block lies in a row of weights: floats from the first.
#[inline(always)]
pub(super) fn lane<S: Simd>(v: usize, panel: usize) -> usize {
    v * S::LANES / pack::PANEL * panel + v * S::LANES % pack::PANEL
}

/// Loads vector `v` of a row of weights or biases.
///
/// # Safety
/// A row of the block's panels is readable at `p`.
#[inline(always)]
pub(super) unsafe fn load<S: Simd, const V: usize>(
    simd: S,
    p: *const f32,
    v: usize,
    strip: &Strip,
) -> S::F32 {
    // SAFETY: the caller's; a panel narrower than a register is read under the mask.
    unsafe {
        let p = p.add(lane::<S>(v, strip.panel));
        if S::LANES > pack::NARROWEST && V < S::VECTORS {
            simd.load_masked(p, simd.mask(strip.width.min(S::LANES)))
        } else {
            simd.load(p)
        }
    }
}

/// The sums of a tile before the first tap: the biases.
///
/// # Safety
/// As for [`tile::run`](super::tile::run).
#[inline(always)]
pub(super) unsafe fn sums<S: Simd, const M: usize, const V: usize>(
    simd: S,
    strip: &Strip,
    mut bias: *const f32,
) -> [[S::F32; V]; M] {
    let mut acc = [[simd.splat(0.0); V]; M];
    for acc in &mut acc {
        // Each from memory: no more loads than copies would be, and half where they come in pairs.
        bias = simd.opaque(bias);
        for (v, acc) in acc.iter_mut().enumerate() {
            // SAFETY: the caller's.
            *acc = unsafe { load::<S, V>(simd, bias, v, strip) };
        }
    }
    acc
}

/// Adds the `left` floats from `p` on, and those at the same place under the other pixels, to
/// pixels `START..END`, and returns where the floats and the weights go on.
///
/// # Safety
/// As for [`tile::run`](super::tile::run).
#[inline(always)]
pub(super) unsafe fn piece<
    S: Simd,
    const M: usize,
    const V: usize,
    const START: usize,
    const END: usize,
>(
    simd: S,
    acc: &mut [[S::F32; V]; M],
    strip: &Strip,
    p: *const f32,
    mut w: *const f32,
    mut left: usize,
) -> (*const f32, *const f32) {
    let end = if END == 0 { M - 1 } else { END };
    let pixel = strip.pixel;
    // So many vectors stand in full panels only, whose width the compiler can then fold in.
    let width = if S::BLOCK > 1 && (V - 1) * S::LANES >= pack::PANEL / 2 {
        pack::PANEL
    } else {
        strip.width
    };
    // One address serves three pixels: at it, `pixel` further on and twice that.
    let mut bases = [p; M];
    for (i, base) in bases.iter_mut().enumerate().take(M.div_ceil(3)) {
        *base = simd.opaque(p.wrapping_add(3 * i * pixel));
    }
    let at = |bases: &[*const f32; M], m: usize| {
        let i = m - START;
        bases[i / 3].wrapping_add(i % 3 * pixel)
    };
    // SAFETY: the caller's.
    unsafe {
        macro_rules! channel {
            ($pixels:ident $i:literal) => {
                if $i < S::BLOCK {
                    for v in 0..V {
                        let b = load::<S, V>(simd, w, v, strip);
                        for m in START..end {
                            acc[m][v] = simd.mul_add_channel::<$i>($pixels[m], b, acc[m][v]);
                        }
                    }
                    w = w.wrapping_add(width);
                }
            };
        }
        // Pixels stay in registers while their channels are used up, and each weight passes by.
        if S::BLOCK > 1 {
            for _ in 0..left / S::BLOCK {
                let mut pixels = [simd.pixel(bases[0]); M];
                for m in START..end {
                    pixels[m] = simd.pixel(at(&bases, m));
                }
                channel!(pixels 0);
                channel!(pixels 1);
                channel!(pixels 2);
                channel!(pixels 3);
                w = simd.opaque(w);
                for base in &mut bases {
                    *base = base.wrapping_add(S::BLOCK);
                }
            }
            left %= S::BLOCK;
        }
        // Fewer pixels than vectors: they stay in registers, and each weight passes by.
        while S::BLOCK == 1 && M < V && left > 0 {
            let mut a = [simd.splat(0.0); M];
            for m in START..end {
                a[m] = simd.splat(at(&bases, m).read());
            }
            for v in 0..V {
                let b = load::<S, V>(simd, w, v, strip);
                for m in START..end {
                    acc[m][v] = simd.mul_add(a[m], b, acc[m][v]);
                }
            }
            w = w.wrapping_add(width);
            for base in &mut bases {
                *base = base.wrapping_add(1);
            }
            left -= 1;
        }
        // Weights stay in registers, and each pixel's channel passes by.
        while left > 0 {
            let mut b = [simd.splat(0.0); V];
            for (v, b) in b.iter_mut().enumerate() {
                *b = load::<S, V>(simd, w, v, strip);
            }
            for m in START..end {
                let a = simd.splat(at(&bases, m).read());
                for v in 0..V {
                    acc[m][v] = simd.mul_add(a, b[v], acc[m][v]);
                }
            }
            w = w.wrapping_add(width);
            for base in bases.iter_mut().take(M.div_ceil(3)) {
                *base = base.wrapping_add(1);
                if M > 7 {
                    // Else each pixel would have an address, more than there are registers.
                    *base = simd.opaque(*base);
                }
            }
            left -= 1;
        }
    }
    (bases[0], w)
}
