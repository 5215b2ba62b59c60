//! A plan as a constant of C: what lies in memory, word by word.
//!
//! The members of a plan are laid out as C does it, and each takes whole words of an address or, two by two,
//! of 32 bits, so that one text is right for targets of either size. (The order of bytes is that of
//! little-endian machines.)

use crate::ConvI8;
use crate::geometry::{Geometry, Padding, Sizes};
use crate::kernel::Direct;
use crate::kernel::int8::Kernels;
use crate::quant::{Quant, Quantization};
use core::fmt;
use core::mem::offset_of;

/// What tells a plan from other memory, and its layout from those of other versions.
pub(crate) const SEAL_I8: u64 = u64::from_le_bytes(*b"mcint8\x02\0");

const WORD: usize = size_of::<usize>();

/// The structures follow each other without a gap, but for the words after `Sizes` on targets of 32 bits.
const _: () = {
    let sizes = 26 * WORD;
    let quantization = sizes + size_of::<Sizes>();
    assert!(offset_of!(ConvI8, algorithm) == WORD && size_of::<Direct>() == WORD);
    assert!(offset_of!(ConvI8, geometry) == 2 * WORD && size_of::<Geometry>() == 24 * WORD);
    assert!(offset_of!(ConvI8, sizes) == sizes && offset_of!(Sizes, output) == 8);
    assert!(offset_of!(Sizes, group_filters) == 8 + 14 * WORD);
    assert!(offset_of!(ConvI8, quantization) == quantization && size_of::<Quantization>() == 7 * 4);
    assert!(offset_of!(ConvI8, quant) == quantization + 7 * 4 && size_of::<Quant>() == 6 * 4);
    assert!(offset_of!(ConvI8, digest) == quantization + 13 * 4);
    assert!(offset_of!(ConvI8, packed_len) == quantization + 14 * 4);
};

/// A plan as the initializer of a `microconv_i8` in C: see [`ConvI8::c_initializer`].
#[derive(Clone, Copy, Debug)]
pub struct CInitializer<'a>(&'a ConvI8);

impl<'a> CInitializer<'a> {
    pub(crate) const fn of(plan: &'a ConvI8) -> Self {
        CInitializer(plan)
    }
}

impl fmt::Display for CInitializer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plan = self.0;
        let kernels = match Kernels::of(&plan.geometry, &plan.sizes, plan.algorithm) {
            Kernels::Dense => "microconv_i8_dense",
            Kernels::Pointwise => "microconv_i8_pointwise",
            Kernels::Depthwise => "microconv_i8_depthwise",
        };
        write!(
            f,
            "{{{SEAL_I8:#x}ULL, {kernels}, {{{}, ",
            plan.algorithm as usize
        )?;
        for word in geometry(&plan.geometry) {
            write!(f, "{word}, ")?;
        }
        let macs = plan.sizes.macs;
        pairs(f, &[macs as u32, (macs >> 32) as u32])?;
        for word in sizes(&plan.sizes) {
            write!(f, "{word}, ")?;
        }
        f.write_str("MICROCONV_GAP_ ")?;
        pairs(f, &numbers(plan))?;
        write!(f, "{}}}}}", plan.packed_len)
    }
}

/// Writes words of 32 bits, two by two.
fn pairs(f: &mut fmt::Formatter<'_>, words: &[u32]) -> fmt::Result {
    for pair in words.chunks_exact(2) {
        if let [low, high] = pair {
            write!(f, "MICROCONV_PAIR_({low}, {high}), ")?;
        }
    }
    Ok(())
}

fn geometry(geometry: &Geometry) -> [usize; 24] {
    let Geometry {
        layout,
        batch,
        input: [d, h, w],
        channels,
        filters,
        kernel: [kd, kh, kw],
        stride: [sd, sh, sw],
        dilation: [dd, dh, dw],
        padding,
        groups,
    } = *geometry;
    let (kind, sides) = match padding {
        Padding::Valid => (0, [[0; 2]; 3]),
        Padding::Same => (1, [[0; 2]; 3]),
        Padding::Explicit(sides) => (2, sides),
    };
    let [[front, back], [top, bottom], [left, right]] = sides;
    [
        layout as usize,
        batch,
        d,
        h,
        w,
        channels,
        filters,
        kd,
        kh,
        kw,
        sd,
        sh,
        sw,
        dd,
        dh,
        dw,
        kind,
        front,
        back,
        top,
        bottom,
        left,
        right,
        groups,
    ]
}

/// All but the multiply-accumulates, which come first.
fn sizes(sizes: &Sizes) -> [usize; 15] {
    let Sizes {
        macs: _,
        output: [d, h, w],
        padding: [[front, back], [top, bottom], [left, right]],
        input_len,
        output_len,
        weights_len,
        parameters,
        group_channels,
        group_filters,
    } = *sizes;
    [
        d,
        h,
        w,
        front,
        back,
        top,
        bottom,
        left,
        right,
        input_len,
        output_len,
        weights_len,
        parameters,
        group_channels,
        group_filters,
    ]
}

fn numbers(plan: &ConvI8) -> [u32; 14] {
    let Quantization {
        input,
        output,
        input_zero_point,
        output_zero_point,
        min,
        max,
        rounding,
    } = plan.quantization;
    let quant = &plan.quant;
    [
        input as u32,
        output as u32,
        input_zero_point as u32,
        output_zero_point as u32,
        min as u32,
        max as u32,
        rounding as u32,
        quant.input_zero as u32,
        quant.zero as u32,
        quant.min as u32,
        quant.max as u32,
        quant.rounding as u32,
        u32::from(quant.flip_input) | u32::from(quant.flip) << 8,
        plan.digest,
    ]
}
