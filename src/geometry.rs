//! Shapes, window arithmetic and counters: plain data, all of it `const fn`.
//!
//! With input size `n`, window `k`, dilation `d`, stride `s` and padding `p + q` along an axis, the
//! dilated window is `(k - 1) d + 1` long and has `(n + p + q - (k - 1) d - 1) / s + 1` positions
//! (Dumoulin and Visin, *A guide to convolution arithmetic for deep learning*, 2016, section 2 and
//! 5.1).

use crate::error::{Axis, Error, Quantity};
use core::ops::Range;

/// How an image lies in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)] // as in all that a plan holds: see `constant_plan`
#[non_exhaustive]
pub enum Layout {
    /// `[batch][depth][height][width][channel]`: NHWC, NDHWC.
    ChannelsLast,
}

/// The zeros that surround an image. Taps that fall on them contribute nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Padding {
    /// None: every window lies inside the input. TensorFlow's `VALID`.
    Valid,
    /// As much as makes the output `ceil(input / stride)`; the odd one comes after. TensorFlow's
    /// `SAME`.
    Same,
    /// Per side: `[[front, back], [top, bottom], [left, right]]`.
    Explicit([[usize; 2]; 3]),
}

impl Padding {
    /// `n` on the four sides of a 2-D image.
    pub const fn square(n: usize) -> Self {
        Padding::Explicit([[0, 0], [n, n], [n, n]])
    }

    /// `n` on the six sides of a 3-D image.
    pub const fn cube(n: usize) -> Self {
        Padding::Explicit([[n, n]; 3])
    }

    /// `[[top, bottom], [left, right]]` of a 2-D image.
    pub const fn sides(sides: [[usize; 2]; 2]) -> Self {
        Padding::Explicit([[0, 0], sides[0], sides[1]])
    }
}

/// One convolution, as numbers that nobody has checked yet.
///
/// The three spatial axes are depth, height, width; a 2-D convolution has depth 1 and a window of
/// depth 1, a 1-D one height 1 too.
///
/// ```
/// use microconv::{Geometry, Padding};
///
/// // 3x3 over a 56x56 image of 64 channels, to 128 channels, at every second pixel.
/// const LAYER: Geometry = Geometry::conv2d([56, 56, 64], 128, [3, 3])
///     .stride(2)
///     .padding(Padding::Same);
/// assert_eq!(LAYER.sizes()?.output, [1, 28, 28]);
/// # Ok::<(), microconv::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Geometry {
    pub layout: Layout,
    /// Images.
    pub batch: usize,
    /// Depth, height and width of the input.
    pub input: [usize; 3],
    /// Channels of the input.
    pub channels: usize,
    /// Channels of the output.
    pub filters: usize,
    /// Depth, height and width of the window.
    pub kernel: [usize; 3],
    /// Distance between windows, per axis.
    pub stride: [usize; 3],
    /// Distance between taps, per axis.
    pub dilation: [usize; 3],
    pub padding: Padding,
    /// Channels and filters are cut into so many equal parts, and part meets part only.
    /// Depthwise: as many groups as channels.
    pub groups: usize,
}

impl Geometry {
    const fn new(input: [usize; 3], channels: usize, filters: usize, kernel: [usize; 3]) -> Self {
        Geometry {
            layout: Layout::ChannelsLast,
            batch: 1,
            input,
            channels,
            filters,
            kernel,
            stride: [1; 3],
            dilation: [1; 3],
            padding: Padding::Valid,
            groups: 1,
        }
    }

    /// One spatial axis: `input` is `[width, channels]`.
    pub const fn conv1d(input: [usize; 2], filters: usize, kernel: usize) -> Self {
        let [width, channels] = input;
        Self::new([1, 1, width], channels, filters, [1, 1, kernel])
    }

    /// Two spatial axes: `input` is `[height, width, channels]`, `kernel` is `[height, width]`.
    pub const fn conv2d(input: [usize; 3], filters: usize, kernel: [usize; 2]) -> Self {
        let [height, width, channels] = input;
        Self::new(
            [1, height, width],
            channels,
            filters,
            [1, kernel[0], kernel[1]],
        )
    }

    /// Three spatial axes: `input` is `[depth, height, width, channels]`, `kernel` is
    /// `[depth, height, width]`.
    pub const fn conv3d(input: [usize; 4], filters: usize, kernel: [usize; 3]) -> Self {
        let [depth, height, width, channels] = input;
        Self::new([depth, height, width], channels, filters, kernel)
    }

    /// Each channel on its own, under `multiplier` filters each. Filter `f` reads channel
    /// `f / multiplier`, as in TensorFlow, ONNX and PyTorch.
    pub const fn depthwise2d(input: [usize; 3], multiplier: usize, kernel: [usize; 2]) -> Self {
        // A product past the address space is refused when the geometry is checked.
        Self::conv2d(input, input[2].saturating_mul(multiplier), kernel).groups(input[2])
    }

    /// The same stride along every axis.
    pub const fn stride(self, n: usize) -> Self {
        self.strides([n; 3])
    }

    /// Strides along depth, height and width.
    pub const fn strides(mut self, stride: [usize; 3]) -> Self {
        self.stride = stride;
        self
    }

    /// The same dilation along every axis.
    pub const fn dilation(self, n: usize) -> Self {
        self.dilations([n; 3])
    }

    /// Dilations along depth, height and width.
    pub const fn dilations(mut self, dilation: [usize; 3]) -> Self {
        self.dilation = dilation;
        self
    }

    pub const fn padding(mut self, padding: Padding) -> Self {
        self.padding = padding;
        self
    }

    pub const fn groups(mut self, groups: usize) -> Self {
        self.groups = groups;
        self
    }

    pub const fn batch(mut self, images: usize) -> Self {
        self.batch = images;
        self
    }

    /// Checks the numbers against each other and against this target's address space, and derives
    /// what follows from them.
    ///
    /// # Errors
    ///
    /// [`Error::Zero`], [`Error::Groups`], [`Error::Window`], [`Error::Overflow`], in this order.
    // In place, but where flash is dear: a plan is made of numbers in registers then, and of no copies of copies.
    #[cfg_attr(not(target_os = "none"), inline(always))]
    pub const fn sizes(&self) -> Result<Sizes, Error> {
        let small = self.is_small();
        if !small && let Some(quantity) = self.zero() {
            return Err(Error::Zero(quantity));
        }
        if self.filters > LIMIT {
            return Err(Error::Overflow(Quantity::Filters));
        }
        let (depth, channels_left) = divide(self.channels, self.groups);
        let (filters, filters_left) = divide(self.filters, self.groups);
        if channels_left != 0 || filters_left != 0 {
            return Err(Error::Groups {
                groups: self.groups,
                channels: self.channels,
                filters: self.filters,
            });
        }
        let group = [depth, filters];
        // Each is overwritten. So many zeros would be a call of `memset`, which small firmware has none of.
        let mut output = self.input;
        let mut padding = [[0, 1]; 3];
        let mut padded = self.input;
        let mut axis = 0;
        while axis < 3 {
            let positions = match self.positions(axis, small) {
                Ok(positions) => positions,
                Err(error) => return Err(error),
            };
            output[axis] = positions.count;
            padding[axis] = positions.padding;
            padded[axis] = positions.padded;
            axis += 1;
        }
        self.count(small, group, output, padding, padded)
    }

    /// Whether no number is zero and none is so large that five of them, or of the padded image, could make a product
    /// past [`LIMIT`]. Nearly all layers are so, and to ask it once is most of what makes a plan quickly.
    #[inline(always)]
    const fn is_small(&self) -> bool {
        if cfg!(any(target_os = "none", not(target_pointer_width = "64"))) {
            return false;
        }
        let ([d, h, w], [kd, kh, kw]) = (self.input, self.kernel);
        let ([sd, sh, sw], [dd, dh, dw]) = (self.stride, self.dilation);
        // One less than zero has all bits.
        const fn bits(numbers: &[usize]) -> usize {
            let mut bits = 0;
            let mut rest = numbers;
            while let [number, tail @ ..] = rest {
                bits |= number.wrapping_sub(1);
                rest = tail;
            }
            bits
        }
        let counts = [self.batch, self.channels, self.filters, self.groups];
        bits(&[d, h, w, kd, kh, kw, sd, sh, sw, dd, dh, dw]) | bits(&counts) < SMALL / 2
    }

    /// The first number that is zero.
    #[cfg_attr(not(target_os = "none"), inline(always))]
    const fn zero(&self) -> Option<Quantity> {
        if self.batch == 0 {
            return Some(Quantity::Batch);
        }
        if self.channels == 0 {
            return Some(Quantity::Channels);
        }
        if self.filters == 0 {
            return Some(Quantity::Filters);
        }
        if self.groups == 0 {
            return Some(Quantity::Groups);
        }
        let mut axis = 0;
        while axis < 3 {
            let name = Axis::ALL[axis];
            if self.input[axis] == 0 {
                return Some(Quantity::Input(name));
            }
            if self.kernel[axis] == 0 {
                return Some(Quantity::Kernel(name));
            }
            if self.stride[axis] == 0 {
                return Some(Quantity::Stride(name));
            }
            if self.dilation[axis] == 0 {
                return Some(Quantity::Dilation(name));
            }
            axis += 1;
        }
        None
    }

    /// The window's positions along an axis.
    #[inline(always)] // so that `axis` is known, and no index of it can fail
    const fn positions(&self, axis: usize, small: bool) -> Result<Positions, Error> {
        let name = Axis::ALL[axis];
        let (size, stride) = (self.input[axis], self.stride[axis]);
        let Some(extent) = product_of(small, &[self.kernel[axis] - 1, self.dilation[axis]]) else {
            return Err(Error::Overflow(Quantity::Kernel(name)));
        };
        let extent = extent + 1;
        if !small {
            if stride > LIMIT {
                return Err(Error::Overflow(Quantity::Stride(name)));
            }
            if self.dilation[axis] > LIMIT {
                return Err(Error::Overflow(Quantity::Dilation(name)));
            }
            if size > LIMIT {
                return Err(Error::Overflow(Quantity::Input(name)));
            }
        }
        let padding = match self.padding {
            Padding::Valid => [0, 0],
            Padding::Explicit(sides) => sides[axis],
            Padding::Same => {
                let (count, _) = divide(size - 1, stride);
                // The last window starts at most at the last pixel, so nothing here overflows.
                let reach = count * stride + extent;
                let total = reach.saturating_sub(size);
                [total / 2, total - total / 2]
            }
        };
        let padded = match size.checked_add(padding[0]) {
            Some(sum) => sum.checked_add(padding[1]),
            None => None,
        };
        match padded {
            Some(padded) if padded <= LIMIT => {
                let Some(room) = padded.checked_sub(extent) else {
                    return Err(Error::Window {
                        axis: name,
                        needed: extent,
                        given: padded,
                    });
                };
                Ok(Positions {
                    count: divide(room, stride).0 + 1,
                    padding,
                    padded,
                })
            }
            _ => Err(Error::Overflow(Quantity::Input(name))),
        }
    }

    /// Every product, each within [`LIMIT`]; `group` are the channels and filters of one.
    #[cfg_attr(not(target_os = "none"), inline(always))]
    const fn count(
        &self,
        small: bool,
        group: [usize; 2],
        output: [usize; 3],
        padding: [[usize; 2]; 3],
        padded: [usize; 3],
    ) -> Result<Sizes, Error> {
        let ([depth, filters], [kd, kh, kw]) = (group, self.kernel);
        let [d, h, w] = self.input;
        // The padded input bounds every address that the kernels form, and the strided pixel every
        // step between them.
        let image = [self.batch, padded[0], padded[1], padded[2], self.channels];
        let small = small && padded[0] | padded[1] | padded[2] < SMALL;
        let fits = product_of(small, &image).is_some()
            && product_of(small, &[self.stride[2], self.channels]).is_some()
            && product_of(small, &[self.dilation[2], self.channels]).is_some();
        if !fits {
            return Err(Error::Overflow(Quantity::InputLen));
        }
        let pixels = [self.batch, output[0], output[1], output[2], self.filters];
        let Some(output_len) = product_of(small, &pixels) else {
            return Err(Error::Overflow(Quantity::OutputLen));
        };
        let Some(taps) = product_of(small, &[kd, kh, kw]) else {
            return Err(Error::Overflow(Quantity::PackedLen));
        };
        let Some(weights_len) = product_of(small, &[self.filters, taps, depth]) else {
            return Err(Error::Overflow(Quantity::PackedLen));
        };
        let Some(macs) = (output_len as u64).checked_mul((taps * depth) as u64) else {
            return Err(Error::Overflow(Quantity::Macs));
        };
        Ok(Sizes {
            output,
            padding,
            // No more than with the padding.
            input_len: self.batch * d * h * w * self.channels,
            output_len,
            weights_len,
            taps,
            parameters: weights_len + self.filters,
            macs,
            group_channels: depth,
            group_filters: filters,
        })
    }
}

/// What input rows an output row reaches.
impl Geometry {
    /// Input rows, counted through batch, depth and height.
    pub(crate) const fn input_row_count(&self) -> usize {
        self.batch * self.input[0] * self.input[1]
    }

    /// The input rows from the first to the last that output rows `start..end` reach.
    pub(crate) const fn input_rows(&self, sizes: &Sizes, start: usize, end: usize) -> Range<usize> {
        let [depth, height, _] = sizes.output;
        let mut needed = 0..0;
        let mut row = start;
        // At most five pieces: the rest of a plane, the planes that are left of its image, whole
        // images, whole planes, and the start of a plane.
        while row < end {
            let left = end - row;
            let (plane, y) = divide(row, height);
            let (image, z) = divide(plane, depth);
            let (images, planes, rows) = if y == 0 && z == 0 && left >= depth * height {
                (divide(left, depth * height).0, depth, height)
            } else if y == 0 && left >= height {
                (1, min(depth - z, divide(left, height).0), height)
            } else {
                (1, 1, min(height - y, left))
            };
            let reached = self.reach(sizes, 0, z, planes);
            let lines = self.reach(sizes, 1, y, rows);
            if reached.start < reached.end && lines.start < lines.end {
                let [depth, height, _] = self.input;
                let low = (image * depth + reached.start) * height + lines.start;
                let last = (image + images - 1) * depth + reached.end - 1;
                let high = last * height + lines.end;
                let none = needed.start == needed.end;
                needed = if none { low } else { min(low, needed.start) }..if high > needed.end {
                    high
                } else {
                    needed.end
                };
            }
            row += images * planes * rows;
        }
        needed
    }

    /// What the windows of `count` positions from `at` on cover of the input along an axis, from
    /// the first that is not wholly in the padding to the last.
    const fn reach(&self, sizes: &Sizes, axis: usize, at: usize, count: usize) -> Range<usize> {
        let (size, stride) = (self.input[axis], self.stride[axis]);
        let before = sizes.padding[axis][0];
        let reaching = self.reaching(sizes, axis);
        let first = if at > reaching.start {
            at
        } else {
            reaching.start
        };
        let end = min(at + count, reaching.end);
        if first >= end {
            return 0..0;
        }
        let low = (first * stride).saturating_sub(before);
        low..min((end - 1) * stride + self.extent(axis) - before, size)
    }

    /// The output positions along an axis whose windows are not wholly in the padding.
    #[inline(always)] // so that `axis` is known
    pub(crate) const fn reaching(&self, sizes: &Sizes, axis: usize) -> Range<usize> {
        let (size, stride) = (self.input[axis], self.stride[axis]);
        let (before, extent) = (sizes.padding[axis][0], self.extent(axis));
        let start = if before >= extent {
            divide(before - extent, stride).0 + 1
        } else {
            0
        };
        let end = divide(before + size - 1, stride).0 + 1;
        start..min(end, sizes.output[axis])
    }

    /// Length of the dilated window.
    #[inline(always)] // so that `axis` is known
    const fn extent(&self, axis: usize) -> usize {
        (self.kernel[axis] - 1) * self.dilation[axis] + 1
    }
}

const fn min(a: usize, b: usize) -> usize {
    if a < b { a } else { b }
}

/// Quotient and remainder, by a number that has been checked not to be zero; `checked_div` keeps
/// the panic out of the code.
pub(crate) const fn divide(a: usize, b: usize) -> (usize, usize) {
    // Most divisors are one, and a division of 64 bits takes as long as a dozen multiplications.
    if cfg!(target_pointer_width = "64") && b == 1 {
        return (a, 0);
    }
    match a.checked_div(b) {
        Some(quotient) => (quotient, a - quotient * b),
        None => (0, 0),
    }
}

/// The window's positions along one axis.
struct Positions {
    count: usize,
    padding: [usize; 2],
    padded: usize,
}

/// What follows from a [`Geometry`] that holds together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
#[non_exhaustive]
pub struct Sizes {
    /// Multiply-accumulates of the whole batch, taps in the padding counted.
    pub macs: u64,
    /// Depth, height and width of the output.
    pub output: [usize; 3],
    /// `[[front, back], [top, bottom], [left, right]]`, whatever way it was given.
    pub padding: [[usize; 2]; 3],
    /// Elements of the input, the whole batch.
    pub input_len: usize,
    /// Elements of the output, the whole batch.
    pub output_len: usize,
    /// Elements of the weights as a framework stores them, without the bias.
    pub weights_len: usize,
    /// Positions of the window.
    pub taps: usize,
    /// Weights and biases.
    pub parameters: usize,
    /// Input channels that one filter reads.
    pub group_channels: usize,
    /// Filters that read the same channels.
    pub group_filters: usize,
}

/// The most elements a buffer may have: 8-byte elements of it still fit in `isize::MAX` bytes.
pub(crate) const LIMIT: usize = isize::MAX as usize / 8;

/// The product, if it stays within [`LIMIT`]. No factor behind one that is past it is zero.
#[cfg_attr(target_os = "none", inline(never))]
#[cfg_attr(not(target_os = "none"), inline(always))]
pub(crate) const fn product(factors: &[usize]) -> Option<usize> {
    let mut result = 1usize;
    let mut rest = factors;
    while let [factor, tail @ ..] = rest {
        result = match result.checked_mul(*factor) {
            Some(n) => n,
            None => return None,
        };
        rest = tail;
    }
    if result <= LIMIT { Some(result) } else { None }
}

/// Five factors below this make a product within [`LIMIT`] of 64 bits.
const SMALL: usize = 1 << 12;

/// The [`product`], which is known to stay within [`LIMIT`] if the factors are small.
#[inline(always)]
const fn product_of(small: bool, factors: &[usize]) -> Option<usize> {
    if !small {
        return product(factors);
    }
    let mut result = 1usize;
    let mut rest = factors;
    while let [factor, tail @ ..] = rest {
        result = result.wrapping_mul(*factor);
        rest = tail;
    }
    Some(result)
}

/// The input pixels that one output pixel of a chain of layers depends on: depth, height, width.
///
/// The first layer of the slice is the one next to the input. With `k`, `d` and `s` a layer's
/// kernel, dilation and stride, the field is `1 + sum of (k - 1) d x (product of the strides
/// before)` (Araujo, Norris and Sim, *Computing receptive fields of convolutional neural networks*,
/// Distill 2019, equation 2).
///
/// ```
/// use microconv::{Geometry, receptive_field};
/// let layer = Geometry::conv2d([32, 32, 16], 16, [3, 3]);
/// assert_eq!(receptive_field(&[layer, layer.stride(2), layer])?, [1, 9, 9]);
/// # Ok::<(), microconv::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Zero`] and [`Error::Overflow`].
pub const fn receptive_field(layers: &[Geometry]) -> Result<[usize; 3], Error> {
    let mut field = [1usize; 3];
    let mut step = [1usize; 3];
    let mut rest = layers;
    while let [layer, tail @ ..] = rest {
        if let Some(quantity) = layer.zero() {
            return Err(Error::Zero(quantity));
        }
        let mut axis = 0;
        while axis < 3 {
            let quantity = Quantity::ReceptiveField(Axis::ALL[axis]);
            let (Some(reach), Some(next)) = (
                product(&[layer.kernel[axis] - 1, layer.dilation[axis], step[axis]]),
                product(&[step[axis], layer.stride[axis]]),
            ) else {
                return Err(Error::Overflow(quantity));
            };
            // Both are within the limit, whose double does not overflow.
            if field[axis] + reach > LIMIT {
                return Err(Error::Overflow(quantity));
            }
            field[axis] += reach;
            step[axis] = next;
            axis += 1;
        }
        rest = tail;
    }
    Ok(field)
}
