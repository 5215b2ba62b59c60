//! The panel format of int8 weights, in 32-bit words.
//!
//! ```text
//! packed    = panel...  seal
//! panel     = bias[W]  weight sum[W]  multiplier[W]  shift[W]  weights
//! weights   = [quad][W]             dense: a word is four weights of one filter
//!             [tap][W / 4]          depthwise: a word is one tap's weights of four filters
//! ```
//!
//! Panels are those of the f32 format ([`crate::pack`]): W is 16, and 4, 8 or 16 in the last of a
//! group. A filter's weights stand in the order `[window depth][window row][window column][channel]`
//! and are cut into quads as they come; zeros fill up the last. The first of four lies in the lowest
//! eight bits of its word, so the format is one of numbers and not of bytes: a `const` array of words
//! holds the same layer on every target.
//!
//! What is multiplied is the input as it is, or less its zero point, or with its highest bit flipped,
//! as suits a level. The sum of the weights turns one sum into the other.
//!
//! Multiplier and shift are the integers of [`Multiplier`](crate::Multiplier), or the bits of a float
//! and 0.
//!
//! The seal's digest also says whether all filters are [`PLAIN`].

use crate::conv::length;
use crate::error::{Argument, Error, Reason, Refused};
use crate::geometry::{Geometry, Sizes, product};
use crate::kernel::Direct;
use crate::pack::{self, FORMAT, MARK, PANEL, Panels, SEAL, VERSION, Weights, width};
use crate::quant::{Quant, Rounding, Scales};

/// Rows of a panel before the weights.
pub(crate) const HEADER: usize = 4;

/// Weights in a word.
pub(crate) const QUAD: usize = 4;

/// What the digest in the seal is changed by if all filters are such as converters make: M is below
/// 1/2, rounded as [`Rounding::Tflite`], and no sum leaves half of an int32.
const PLAIN: u32 = 0x1555_5555;

/// The shape of packed weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PanelsI8 {
    pub panels: Panels,
    pub algorithm: Direct,
}

impl PanelsI8 {
    #[inline(always)]
    pub const fn of(algorithm: Direct, geometry: &Geometry, sizes: &Sizes) -> Self {
        PanelsI8 {
            panels: algorithm.panels(geometry, sizes),
            algorithm,
        }
    }

    /// Weights of a filter.
    pub const fn depth(&self) -> usize {
        self.panels.taps * self.panels.depth
    }

    /// Words of a panel so many filters wide.
    pub const fn panel(&self, width: usize) -> usize {
        let weights = match self.algorithm {
            Direct::Dense => self.depth().div_ceil(QUAD) * width,
            Direct::Depthwise => self.panels.taps * (width / QUAD),
        };
        HEADER * width + weights
    }

    /// Words of the packed buffer; nothing if the target cannot address them.
    pub const fn len(&self) -> Option<usize> {
        let whole = self.panels.filters / PANEL;
        let last = match self.panels.filters % PANEL {
            0 => 0,
            last => self.panel(width(last)),
        };
        // A panel is no longer than five times its weights, and those were counted.
        let len = match product(&[whole, self.panel(PANEL)]) {
            Some(whole) => product(&[self.panels.groups, whole + last]),
            None => None,
        };
        match len {
            Some(len) => product(&[len + SEAL]),
            None => None,
        }
    }
}

/// What the packed words depend on, beside the layer's shape: see [`pack::digest`].
pub(crate) const fn digest(geometry: &Geometry, quant: &Quant) -> u32 {
    let rounding = match quant.rounding {
        Rounding::Tflite => 0,
        Rounding::TfliteSingle => 1,
        Rounding::Float => 2,
    };
    // The proof that no sum overflows holds for this zero point.
    pack::digest(geometry, &[8, (quant.input_zero + 128) as usize, rounding])
}

/// Refuses weights whose sums can leave the 32-bit integers, and scales that are none. Tells whether all
/// filters are [`PLAIN`].
///
/// A sum is `bias + sum of w (x - z)`, and `x - z` lies in `-128 - z..=127 - z`; a tap in the padding
/// counts as 0, which lies there too. So no sum of the filter, whole or in part, is above the bias
/// plus what its positive weights make of the one end and its negative ones of the other.
///
/// # Safety
///
/// As for [`pack`].
pub(crate) const unsafe fn check(
    shape: &PanelsI8,
    quant: &Quant,
    weights: &Weights<'_, i8>,
    bias: Option<&[i32]>,
    scales: &Scales<'_>,
) -> Result<bool, Error> {
    let mut plain = matches!(quant.rounding, Rounding::Tflite);
    let [low, high] = [
        -128 - quant.input_zero as i64,
        127 - quant.input_zero as i64,
    ];
    let mut filter = 0;
    while filter < shape.panels.groups * shape.panels.filters {
        // SAFETY: the caller's, for a filter that exists.
        let [positive, negative] = unsafe { sums(shape, weights, filter) };
        let bias = match bias {
            // SAFETY: the caller's.
            Some(bias) => unsafe { *bias.as_ptr().add(filter) as i64 },
            None => 0,
        };
        // A weight is at most 2^7 and an input 2^8, and there are less than 2^48 of them.
        let most = bias.wrapping_add(positive * high + negative * low);
        let least = bias.wrapping_add(positive * low + negative * high);
        if most > i32::MAX as i64 || least < i32::MIN as i64 {
            return Err(Error::Accumulator { filter });
        }
        match scales.words(filter, quant.rounding) {
            Ok([_, shift]) => plain &= shift < 0 && most < 1 << 30 && least >= -1 << 30,
            Err(error) => return Err(error),
        }
        filter += 1;
    }
    Ok(plain)
}

/// What the positive weights of a filter add up to, and the negative ones.
///
/// # Safety
///
/// As for [`pack`], and the filter is one.
pub(crate) const unsafe fn sums(
    shape: &PanelsI8,
    weights: &Weights<'_, i8>,
    filter: usize,
) -> [i64; 2] {
    let [filter_step, tap_step, channel_step] = weights.strides(&shape.panels);
    let weights = weights.slice().as_ptr();
    let (mut positive, mut negative) = (0i64, 0i64);
    let mut tap = 0;
    while tap < shape.panels.taps {
        let mut channel = 0;
        while channel < shape.panels.depth {
            let at = filter * filter_step + tap * tap_step + channel * channel_step;
            // SAFETY: the caller's, for a weight that exists.
            let weight = unsafe { *weights.add(at) } as i64;
            if weight > 0 {
                positive += weight;
            } else {
                negative += weight;
            }
            channel += 1;
        }
        tap += 1;
    }
    [positive, negative]
}

/// Writes panels and seal.
///
/// # Safety
///
/// `weights` holds `groups * filters * taps * depth` elements, `bias` (if there is one)
/// `groups * filters`, `packed` is [`PanelsI8::len`] long, and [`check`] has passed, and said whether all
/// are `plain`.
#[allow(clippy::too_many_arguments)]
pub(crate) const unsafe fn pack(
    shape: &PanelsI8,
    rounding: Rounding,
    digest: u32,
    plain: bool,
    weights: &Weights<'_, i8>,
    bias: Option<&[i32]>,
    scales: &Scales<'_>,
    packed: &mut [i32],
) {
    let panels = &shape.panels;
    let [filter_step, tap_step, channel_step] = weights.strides(panels);
    let weights = weights.slice().as_ptr();
    let seal = packed.len() - SEAL;
    let packed = packed.as_mut_ptr();
    // SAFETY: `at` runs once through the panels, whose lengths `PanelsI8::len` has added up, and a
    // filter that exists has a bias and `taps * depth` weights.
    unsafe {
        let mut word = 0;
        while word < seal {
            *packed.add(word) = 0;
            word += 1;
        }
        let mut at = 0;
        let mut group = 0;
        while group < panels.groups {
            let mut first = 0;
            while first < panels.filters {
                let width = width(panels.filters - first);
                let mut lane = 0;
                while lane < width && first + lane < panels.filters {
                    let filter = group * panels.filters + first + lane;
                    let header = packed.add(at + lane);
                    let words = packed.add(at + HEADER * width);
                    let mut sum = 0i32;
                    let mut index = 0;
                    let mut tap = 0;
                    while tap < panels.taps {
                        let from = weights.add(filter * filter_step + tap * tap_step);
                        let mut channel = 0;
                        while channel < panels.depth {
                            let weight = *from.add(channel * channel_step);
                            sum = sum.wrapping_add(weight as i32);
                            let (word, byte) = match shape.algorithm {
                                Direct::Dense => (index / QUAD * width + lane, index % QUAD),
                                Direct::Depthwise => {
                                    (index * (width / QUAD) + lane / QUAD, lane % QUAD)
                                }
                            };
                            *words.add(word) |= (weight as u8 as i32) << (8 * byte);
                            index += 1;
                            channel += 1;
                        }
                        tap += 1;
                    }
                    if let Some(bias) = bias {
                        *header = *bias.as_ptr().add(filter);
                    }
                    *header.add(width) = sum;
                    if let Ok([multiplier, shift]) = scales.words(filter, rounding) {
                        *header.add(2 * width) = multiplier;
                        *header.add(3 * width) = shift;
                    }
                    lane += 1;
                }
                at += shape.panel(width);
                first += width;
            }
            group += 1;
        }
        let digest = if plain { digest ^ PLAIN } else { digest };
        let words = pack::seal_words(pack::UNTRANSFORMED, digest);
        let mut word = 0;
        while word < SEAL {
            *packed.add(seal + word) = words[word] as i32;
            word += 1;
        }
    }
}

/// Refuses a buffer that does not end with this layer's seal. Tells whether all filters are [`PLAIN`].
// In the frame of its callers, of which small firmware has one.
#[inline(always)]
pub(crate) fn check_seal(digest: u32, packed: &[i32]) -> Result<bool, Refused> {
    let refused = |reason, needed, given| {
        Err(Refused {
            reason,
            argument: Argument::Packed,
            needed: needed as usize,
            given: given as usize,
        })
    };
    let needed = pack::seal_words(pack::UNTRANSFORMED, digest);
    let seal = match packed.last_chunk::<SEAL>() {
        Some(seal) => seal.map(|word| word as u32),
        None => return refused(Reason::NotPacked, 0, 0),
    };
    let [whose, too, format, layer] = seal;
    if [whose, too] != [needed[0], needed[1]] {
        return refused(Reason::NotPacked, 0, 0);
    }
    // The format above the version says of another layer that it is one of floats.
    let version = format ^ needed[2];
    if version << (32 - FORMAT) != 0 {
        return refused(Reason::PackedVersion, VERSION, format & !MARK);
    }
    let plain = layer == digest ^ PLAIN;
    if version == 0 && (plain || layer == digest) {
        return Ok(plain);
    }
    refused(Reason::PackedGeometry, digest, layer)
}

/// Packed words in their bytes, if they are aligned, so many, and this layer's.
pub(crate) fn from_bytes(digest: u32, len: usize, bytes: &[u8]) -> Result<&[i32], Error> {
    let past = bytes.as_ptr().addr() % align_of::<i32>();
    if past != 0 {
        return Err(Error::Alignment {
            needed: align_of::<i32>(),
            given: past,
        });
    }
    match bytemuck::try_cast_slice(bytes) {
        Ok(packed) => {
            length(Argument::Packed, len, packed.len())?;
            check_seal(digest, packed)?;
            Ok(packed)
        }
        Err(_) => Err(Error::Length {
            argument: Argument::Packed,
            needed: len,
            given: bytes.len() / size_of::<i32>(),
        }),
    }
}
