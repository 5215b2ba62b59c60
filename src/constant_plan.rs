//! A plan as a constant of C: what lies in memory, word by word.
//!
//! The members of a plan are laid out as C does it, and each takes whole words of an address or, two by two,
//! of 32 bits, so that one text is right for targets of either size. (The order of bytes is that of
//! little-endian machines.)

use crate::ConvI8;
use crate::geometry::{Geometry, Padding, Sizes};
use crate::kernel::Direct;
use crate::kernel::int8::Kernels;
use crate::quant::{Quant, Quantization, Rounding};
use core::fmt;
use core::mem::offset_of;

/// What tells a plan from other memory, and its layout from those of other versions.
pub(crate) const SEAL_I8: u64 = u64::from_le_bytes(*b"mcint8\x03\0");

const WORD: usize = size_of::<usize>();

/// The structures follow each other without a gap, however a target aligns numbers of 64 bits.
const _: () = {
    let sizes = 28 * WORD;
    let quantization = sizes + 8 + 16 * WORD;
    assert!(offset_of!(ConvI8, algorithm) == 2 * WORD && size_of::<Direct>() == WORD);
    assert!(offset_of!(ConvI8, packed_len) == 3 * WORD);
    assert!(offset_of!(ConvI8, geometry) == 4 * WORD && size_of::<Geometry>() == 24 * WORD);
    assert!(offset_of!(ConvI8, sizes) == sizes && offset_of!(Sizes, output) == 8);
    assert!(offset_of!(Sizes, group_filters) == 8 + 15 * WORD);
    assert!(offset_of!(ConvI8, quantization) == quantization && size_of::<Quantization>() == 7 * 4);
    assert!(offset_of!(ConvI8, quant) == quantization + 7 * 4 && size_of::<Quant>() == 6 * 4);
    assert!(offset_of!(ConvI8, digest) == quantization + 13 * 4);
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
        let rounding = match plan.quantization.rounding {
            Rounding::Tflite => "microconv_i8_tflite",
            Rounding::TfliteSingle | Rounding::Float => "microconv_i8_rounded",
        };
        write!(f, "{{{SEAL_I8:#x}ULL, {kernels}, {rounding}, {{")?;
        words(f, &[plan.algorithm as usize, plan.packed_len])?;
        geometry(f, &plan.geometry)?;
        sizes(f, &plan.sizes)?;
        pairs(f, &numbers(plan))?;
        // The rest is unused.
        f.write_str("0}}")
    }
}

/// Writes words of an address.
fn words(f: &mut fmt::Formatter<'_>, words: &[usize]) -> fmt::Result {
    words.iter().try_for_each(|word| write!(f, "{word}, "))
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

fn geometry(f: &mut fmt::Formatter<'_>, geometry: &Geometry) -> fmt::Result {
    let (kind, sides) = match geometry.padding {
        Padding::Valid => (0, [[0; 2]; 3]),
        Padding::Same => (1, [[0; 2]; 3]),
        Padding::Explicit(sides) => (2, sides),
    };
    words(f, &[geometry.layout as usize, geometry.batch])?;
    words(f, &geometry.input)?;
    words(f, &[geometry.channels, geometry.filters])?;
    words(f, &geometry.kernel)?;
    words(f, &geometry.stride)?;
    words(f, &geometry.dilation)?;
    words(f, &[kind])?;
    words(f, sides.as_flattened())?;
    words(f, &[geometry.groups])
}

fn sizes(f: &mut fmt::Formatter<'_>, sizes: &Sizes) -> fmt::Result {
    pairs(f, &[sizes.macs as u32, (sizes.macs >> 32) as u32])?;
    words(f, &sizes.output)?;
    words(f, sizes.padding.as_flattened())?;
    words(f, &[sizes.input_len, sizes.output_len, sizes.weights_len])?;
    words(f, &[sizes.taps, sizes.parameters])?;
    words(f, &[sizes.group_channels, sizes.group_filters])
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
