//! The panel format: weights in the order that the kernels read them.
//!
//! ```text
//! packed  = panel...  seal
//! panel   = bias[W]  weights[window depth][window row][window column][channel][W]
//!           bias[W]  weights[point row][point column][channel][W]      (Winograd)
//! ```
//!
//! A panel holds W filters of one group: 16, and in the last panel of a group the fewest of 4, 8 or
//! 16 that hold the filters left over; filters that fill it up are zero. 16 is one AVX-512
//! register, two of AVX2, four of NEON. A depthwise layer is stored as one group whose filters have
//! one channel. The format is the same on every level and every target, so weights can be packed at
//! compile time, by a build script, or when the program starts.
//!
//! The seal is [`SEAL`] words at the end: format version, what the weights are transformed for, and a
//! digest of what the packed numbers depend on. It stands at the end so that panels keep the alignment of the buffer. Each word is a
//! normal, finite float, so that a buffer that goes through a printed float literal arrives whole.

use crate::algorithm::Algorithm;
use crate::error::Error;
use crate::geometry::{Geometry, product};
use crate::kernel::Variant;

/// Filters in a full panel.
pub(crate) const PANEL: usize = 16;

/// Filters in the narrowest panel.
pub(crate) const NARROWEST: usize = 4;

/// Words of the seal.
pub(crate) const SEAL: usize = 4;

/// The version of the format. It changes whenever a packed buffer of before would be misread.
pub(crate) const VERSION: u32 = 2;

/// Weights as frameworks store them, row-major. `I` counts the channels that one filter reads:
/// input channels divided by groups. `H` stands for depth, height in a 3-D convolution.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Weights<'a, T> {
    /// `[filter][height][width][channel]`: TensorFlow Lite.
    Ohwi(&'a [T]),
    /// `[filter][channel][height][width]`: ONNX, PyTorch.
    Oihw(&'a [T]),
    /// `[height][width][channel][filter]`: TensorFlow, Keras; and TensorFlow Lite's depthwise
    /// `1HWO`, where a filter reads one channel.
    Hwio(&'a [T]),
}

impl<'a, T> Weights<'a, T> {
    pub(crate) const fn slice(&self) -> &'a [T] {
        match self {
            Weights::Ohwi(slice) | Weights::Oihw(slice) | Weights::Hwio(slice) => slice,
        }
    }

    /// Distances between filters, taps and channels.
    pub(crate) const fn strides(&self, panels: &Panels) -> [usize; 3] {
        let Panels { taps, depth, .. } = *panels;
        match self {
            Weights::Ohwi(_) => [taps * depth, depth, 1],
            Weights::Oihw(_) => [taps * depth, 1, taps],
            Weights::Hwio(_) => [1, depth * panels.all(), panels.all()],
        }
    }
}

/// The shape of packed weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Panels {
    /// The transform that the weights are packed under, if any.
    pub transform: Option<Variant>,
    pub groups: usize,
    /// Filters of one group.
    pub filters: usize,
    /// Positions of the window.
    pub taps: usize,
    /// Channels that one filter reads.
    pub depth: usize,
}

impl Panels {
    /// Filters of all groups.
    const fn all(&self) -> usize {
        self.groups * self.filters
    }

    /// Weights of a filter and channel: the taps, or the points of their transform.
    const fn points(&self) -> usize {
        match self.transform {
            None => self.taps,
            Some(variant) => variant.points(),
        }
    }

    /// Rows of a panel: the bias and each weight of a filter.
    pub const fn rows(&self) -> usize {
        1 + self.points() * self.depth
    }

    /// Which format the weights are in.
    const fn format(&self) -> u32 {
        match self.transform {
            None => UNTRANSFORMED,
            Some(variant) => variant.outputs() as u32,
        }
    }

    /// Filters of a group with those that fill its last panel up.
    const fn lanes(&self) -> usize {
        let whole = self.filters / PANEL * PANEL;
        match self.filters % PANEL {
            0 => whole,
            last => whole + width(last),
        }
    }

    /// Elements of a group's panels.
    pub const fn group(&self) -> usize {
        self.lanes() * self.rows()
    }

    /// Elements of the packed buffer; nothing if the target cannot address them.
    pub const fn len(&self) -> Option<usize> {
        // A row more for the bias cannot overflow what is within the limit.
        if product(&[self.points(), self.depth]).is_none() {
            return None;
        }
        match product(&[self.groups, self.lanes(), self.rows()]) {
            Some(len) => product(&[len + SEAL]),
            None => None,
        }
    }
}

/// Width of a panel for so many filters, or for the first of them if they need more panels.
pub(crate) const fn width(filters: usize) -> usize {
    match filters {
        0..=NARROWEST => NARROWEST,
        5..=8 => 8,
        _ => PANEL,
    }
}

/// Writes panels and seal.
///
/// # Safety
///
/// `weights` holds `groups * filters * taps * depth` elements, `bias` (if there is one)
/// `groups * filters`, and `packed` is [`Panels::len`] long.
pub(crate) const unsafe fn pack(
    panels: &Panels,
    digest: u32,
    weights: &Weights<'_, f32>,
    bias: Option<&[f32]>,
    packed: &mut [f32],
) {
    let [filter_step, tap_step, channel_step] = weights.strides(panels);
    let weights = weights.slice().as_ptr();
    let seal = packed.len() - SEAL;
    let packed = packed.as_mut_ptr();
    // SAFETY: `at` runs once through the panels, whose lengths `Panels::len` has added up, and a
    // filter that exists has a bias and `taps * depth` weights.
    unsafe {
        let mut at = 0;
        let mut group = 0;
        while group < panels.groups {
            let mut first = 0;
            while first < panels.filters {
                let width = width(panels.filters - first);
                let mut lane = 0;
                while lane < width {
                    let exists = first + lane < panels.filters;
                    let filter = group * panels.filters + first + lane;
                    let mut to = packed.add(at + lane);
                    *to = match bias {
                        Some(bias) if exists => *bias.as_ptr().add(filter),
                        _ => 0.0,
                    };
                    to = to.add(width);
                    let mut channel = 0;
                    while channel < panels.depth {
                        let to = to.add(channel * width);
                        let step = panels.depth * width;
                        if exists {
                            let from = weights.add(filter * filter_step + channel * channel_step);
                            write_weights(panels, from, tap_step, to, step);
                        } else {
                            let mut point = 0;
                            while point < panels.points() {
                                *to.add(point * step) = 0.0;
                                point += 1;
                            }
                        }
                        channel += 1;
                    }
                    lane += 1;
                }
                at += width * panels.rows();
                first += width;
            }
            group += 1;
        }
        let words = seal_words(panels.format(), digest);
        let mut word = 0;
        while word < SEAL {
            *packed.add(seal + word) = f32::from_bits(words[word]);
            word += 1;
        }
    }
}

/// Writes one channel of a filter, as it is or transformed: taps lie `from_step` apart at `from`, and
/// go `to_step` apart.
///
/// # Safety
///
/// So many taps are readable at `from`, nine if there is a transform, and as many points of it
/// writable at `to`.
const unsafe fn write_weights(
    panels: &Panels,
    from: *const f32,
    from_step: usize,
    to: *mut f32,
    to_step: usize,
) {
    // SAFETY: the caller's.
    unsafe {
        match panels.transform {
            None => {
                let mut tap = 0;
                while tap < panels.taps {
                    *to.add(tap * to_step) = *from.add(tap * from_step);
                    tap += 1;
                }
            }
            Some(variant) => {
                let mut taps = [0.0; 9];
                let mut tap = 0;
                while tap < 9 {
                    taps[tap] = *from.add(tap * from_step);
                    tap += 1;
                }
                let mut rest: &[f32] = &variant.filter(taps);
                let mut to = to;
                let mut point = 0;
                while let [first, tail @ ..] = rest
                    && point < variant.points()
                {
                    *to = *first;
                    to = to.wrapping_add(to_step);
                    rest = tail;
                    point += 1;
                }
            }
        }
    }
}

/// Refuses a buffer that does not end with this layer's seal.
pub(crate) fn check(panels: &Panels, digest: u32, packed: &[f32]) -> Result<(), Error> {
    match packed.last_chunk::<SEAL>() {
        Some(seal) => check_seal(panels.format(), digest, seal.map(f32::to_bits)),
        None => Err(Error::NotPacked),
    }
}

/// Refuses a seal that is not this layer's.
pub(crate) fn check_seal(format: u32, digest: u32, given: [u32; SEAL]) -> Result<(), Error> {
    let [whose, too, given_format, layer] = given;
    let needed = seal_words(format, digest);
    if [whose, too] != [needed[0], needed[1]] {
        Err(Error::NotPacked)
    } else if given_format != needed[2] {
        Err(match (algorithm(needed[2]), algorithm(given_format)) {
            (Some(needed), Some(given)) => Error::PackedAlgorithm { needed, given },
            _ => Error::PackedVersion {
                needed: VERSION,
                given: given_format & !MARK,
            },
        })
    } else if layer != digest {
        Err(Error::PackedGeometry {
            needed: digest,
            given: layer,
        })
    } else {
        Ok(())
    }
}

/// The algorithm that a seal's third word stands for, if it is one of this version.
fn algorithm(word: u32) -> Option<Algorithm> {
    let format = (word ^ VERSION ^ MARK) >> FORMAT;
    if word != VERSION | format << FORMAT | MARK {
        return None;
    }
    if format == UNTRANSFORMED {
        return Some(Algorithm::Direct);
    }
    let mut variants = Variant::ALL.into_iter();
    let variant = variants.find(|variant| variant.outputs() as u32 == format);
    variant.map(|variant| Algorithm::of(Some(variant)))
}

/// The bits that make any number below it a normal float.
pub(crate) const MARK: u32 = 0x2000_0000;

/// The word of the version holds the format above it: what the weights were transformed for.
pub(crate) const FORMAT: u32 = 16;

/// The format of weights that are as they were given.
pub(crate) const UNTRANSFORMED: u32 = 0;

/// The seal: eight letters that say whose it is, the version and the format, the digest.
pub(crate) const fn seal_words(format: u32, digest: u32) -> [u32; SEAL] {
    [
        // Letters are below 0x7f, so the words are finite as they are.
        u32::from_le_bytes(*b"micr"),
        u32::from_le_bytes(*b"conv"),
        VERSION | format << FORMAT | MARK,
        digest,
    ]
}

/// A digest of all that the packed numbers depend on, and of the dilation, which belongs to a layer
/// as its weights do. Batch, image size, stride and padding are free: the same packed weights serve
/// every image. `more` is what a format adds that needs telling apart.
///
/// Each number takes part whole, by a multiplication and a shift of the high half down (the round of
/// MurmurHash3's finalizer), as a plan is also made where a layer runs once and each nanosecond
/// counts. The hash is folded to 29 bits, so that the word is a normal float.
pub(crate) const fn digest(geometry: &Geometry, more: &[usize]) -> u32 {
    let Geometry {
        layout: _,
        batch: _,
        input: _,
        channels,
        filters,
        kernel,
        stride: _,
        dilation,
        padding: _,
        groups,
    } = *geometry;
    let [kd, kh, kw] = kernel;
    let mut apart = dilation;
    let mut axis = 0;
    while axis < 3 {
        // Where there is one tap, its distance to the next says nothing.
        if kernel[axis] == 1 {
            apart[axis] = 1;
        }
        axis += 1;
    }
    let [dd, dh, dw] = apart;
    let numbers = [channels, filters, groups, kd, dd, kh, dh, kw, dw];
    let hash = absorb(absorb(0xcbf2_9ce4_8422_2325, &numbers), more);
    ((hash >> 35) as u32 ^ hash as u32) & (MARK - 1) | MARK
}

const fn absorb(mut hash: u64, numbers: &[usize]) -> u64 {
    let mut rest = numbers;
    while let [number, tail @ ..] = rest {
        // The multiplier is 2^64 over the golden ratio, odd.
        hash = (hash ^ *number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        hash ^= hash >> 32;
        rest = tail;
    }
    hash
}
