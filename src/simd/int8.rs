//! What the int8 kernels of vector levels are written over.

/// The most pixels of a tile of any level.
pub(crate) const MOST_PIXELS: usize = 14;

/// An instruction set, as the int8 kernels see it.
///
/// Sums are exact: whatever order a level adds in, and whatever it adds to the inputs and takes off
/// at the end, the result is the same number.
///
/// # Safety
///
/// `run` enables every instruction that the other methods use, and a value is made only where the
/// CPU has them.
pub(crate) unsafe trait SimdI8: Copy {
    /// An input as it is multiplied: the byte, or wider.
    type Input: Copy;
    /// Four inputs of one pixel, for every filter of a vector.
    type Quad: Copy;
    /// Four weights of each filter of a vector.
    type Weights: Copy;
    /// Sums of [`LANES`](Self::LANES) filters, in parts that are still to be added up.
    type Sums: Copy;
    /// An int32 for each of as many filters.
    type I32: Copy;
    /// Two inputs, or weights, of each channel of a vector.
    type Pair: Copy;
    /// Which lanes of a panel narrower than a vector exist.
    type Mask: Copy;

    /// Filters of a vector.
    const LANES: usize;
    /// What an input is multiplied as, less what it is as an int8.
    const OFFSET: i32;
    /// The most vectors of a tile: 1 or 2.
    const VECTORS: usize;
    /// The most pixels of a tile of so many vectors.
    const TILES: [usize; 3];

    /// Copies inputs, `flip`ped where they are uint8, to where they are multiplied from.
    ///
    /// # Safety
    /// `count` bytes are readable at `from`, and all up to `end`; at `to` a line of
    /// [`SLACK`] elements more than `count` is writable.
    unsafe fn stage(
        self,
        from: *const i8,
        end: *const i8,
        to: *mut Self::Input,
        count: usize,
        flip: u8,
    );
    /// [`stage`](Self::stage) for so many places, each `right` further on, to places `stride` apart.
    ///
    /// # Safety
    /// As for that, each.
    #[allow(clippy::too_many_arguments)]
    #[inline(always)]
    unsafe fn stage_all(
        self,
        pixels: usize,
        from: *const i8,
        right: usize,
        end: *const i8,
        to: *mut Self::Input,
        stride: usize,
        count: usize,
        flip: u8,
    ) {
        // SAFETY: the caller's.
        unsafe { self.stage_each(pixels, from, right, end, to, stride, count, flip) };
    }
    /// [`stage_all`](Self::stage_all), one place after the other.
    ///
    /// # Safety
    /// As for that.
    #[allow(clippy::too_many_arguments)]
    #[inline(always)]
    unsafe fn stage_each(
        self,
        pixels: usize,
        mut from: *const i8,
        right: usize,
        end: *const i8,
        mut to: *mut Self::Input,
        stride: usize,
        count: usize,
        flip: u8,
    ) {
        for _ in 0..pixels {
            // SAFETY: the caller's.
            unsafe { self.stage(from, end, to, count, flip) };
            from = from.wrapping_add(right);
            to = to.wrapping_add(stride);
        }
    }
    /// Fills with one input, as [`stage`](Self::stage) does.
    ///
    /// # Safety
    /// At `to` a line of [`SLACK`] elements more than `count` is writable.
    unsafe fn fill(self, to: *mut Self::Input, count: usize, input: i8);

    fn zero(self) -> Self::Sums;
    fn mask(self, width: usize) -> Self::Mask;
    /// # Safety
    /// Four elements are readable at `p`.
    unsafe fn quad(self, p: *const Self::Input) -> Self::Quad;
    /// # Safety
    /// A word of each lane of the mask is readable at `p`. (Levels of eight lanes read eight: a panel
    /// of four is followed by another, or by the four words of the seal.)
    unsafe fn weights(self, p: *const i32, mask: Self::Mask) -> Self::Weights;
    /// Adds the products.
    fn dot(self, sums: Self::Sums, quad: Self::Quad, weights: Self::Weights) -> Self::Sums;
    /// The multiplication of [`dot`](Self::dot) alone, whatever it computes: see
    /// [`Peak`](crate::kernel::peak).
    #[inline(always)]
    fn multiply_only(
        self,
        sums: Self::Sums,
        quad: Self::Quad,
        weights: Self::Weights,
    ) -> Self::Sums {
        self.dot(sums, quad, weights)
    }
    /// Adds up the parts.
    fn lanes(self, sums: Self::Sums) -> Self::I32;

    /// Two bytes of each channel, those of `a` first; `UNSIGNED`: of uint8.
    ///
    /// # Safety
    /// `LANES` bytes are readable at either place.
    unsafe fn pair<const UNSIGNED: bool>(self, a: *const i8, b: *const i8) -> Self::Pair;
    /// Adds both products of each channel.
    fn dot_pair(self, sums: Self::I32, inputs: Self::Pair, weights: Self::Pair) -> Self::I32;

    /// # Safety
    /// As for [`weights`](Self::weights).
    unsafe fn load(self, p: *const i32, mask: Self::Mask) -> Self::I32;
    /// # Safety
    /// `LANES` words are writable.
    unsafe fn store(self, p: *mut i32, x: Self::I32);
    fn splat(self, x: i32) -> Self::I32;
    /// The sum, wrapping.
    fn add(self, a: Self::I32, b: Self::I32) -> Self::I32;
    /// The lower half of the lanes of either.
    fn halves(self, a: Self::I32, b: Self::I32) -> Self::I32;
    /// The low half of the product.
    fn multiply(self, a: Self::I32, b: Self::I32) -> Self::I32;
    /// Whether each of the first `lanes` lanes is below zero.
    fn all_negative(self, x: Self::I32, lanes: usize) -> bool;

    /// [`quant::tflite`](crate::quant::tflite), for shifts below 0.
    fn tflite(self, sum: Self::I32, multiplier: Self::I32, shift: Self::I32) -> Self::I32;
    /// [`quant::tflite_single`](crate::quant::tflite_single), for shifts below 0.
    fn tflite_single(self, sum: Self::I32, multiplier: Self::I32, shift: Self::I32) -> Self::I32;
    /// The product with the float whose bits are given, clamped, to the nearest, ties to even.
    fn float(self, sum: Self::I32, scale: Self::I32, low: f32, high: f32) -> Self::I32;
    /// Adds the zero point, clamps, and writes as bytes, each vector `step` further on; the ends are
    /// those of an int8.
    ///
    /// # Safety
    /// `LANES` bytes are writable at each place.
    unsafe fn store_bytes(self, p: *mut i8, step: usize, x: [Self::I32; GROUP], ends: Ends);

    /// Copies `count` bytes, [`LANES`](Self::LANES) at most.
    ///
    /// # Safety
    /// They are readable and writable.
    #[inline(always)]
    unsafe fn copy(self, to: *mut i8, from: *const i8, count: usize) {
        // SAFETY: the caller's. A number that is known is one instruction.
        unsafe {
            match count {
                8 => to.copy_from_nonoverlapping(from, 8),
                4 => to.copy_from_nonoverlapping(from, 4),
                _ => to.copy_from_nonoverlapping(from, count),
            }
        }
    }

    /// [`tflite`](Self::tflite), for sums within -2^29..2^29 besides, and
    /// [`store_bytes`](Self::store_bytes).
    ///
    /// # Safety
    /// `LANES` bytes are writable at each place.
    #[inline(always)]
    unsafe fn store_tflite(
        self,
        p: *mut i8,
        step: usize,
        x: [Self::I32; GROUP],
        multiplier: Self::I32,
        shift: Self::I32,
        ends: Ends,
    ) {
        let mut x = x;
        for x in &mut x {
            *x = self.tflite(*x, multiplier, shift);
        }
        // SAFETY: the caller's.
        unsafe { self.store_bytes(p, step, x, ends) };
    }

    /// Calls `kernel.run` in a function that may use these instructions.
    fn run<K: KernelI8<Self>>(self, kernel: K);
}

/// A level that multiplies numbers of 16 bits, as [`minimal`](crate::kernel::int8::vectors::minimal) sees
/// it: what it writes m0 to m3 and d0 to d3 of.
///
/// # Safety
///
/// As for [`SimdI8`].
pub(crate) unsafe trait MinimalI8: SimdI8<Input = i16> {
    /// Makes what is multiplied of the inputs d0 to d3 of so many channels, a multiple of four, `flip`ped
    /// where they are uint8: `[d0 - d2, d1 + d2, d2 - d1, d1 - d3]`.
    ///
    /// # Safety
    /// So many bytes are readable at each place, and as many elements writable.
    unsafe fn points(self, from: [*const i8; 4], to: [*mut i16; 4], count: usize, flip: u8);
    /// Makes what it is multiplied with of the words of three taps:
    /// `[2 g0, g0 + g1 + g2, g0 - g1 + g2, 2 g2]`.
    ///
    /// # Safety
    /// The words are as for [`weights`](SimdI8::weights), and four elements of each lane writable.
    unsafe fn transform(self, taps: [*const i32; 3], to: [*mut i16; 4]);
    /// Loads such weights.
    ///
    /// # Safety
    /// Four elements of each lane are readable.
    unsafe fn transformed(self, p: *const i16) -> Self::Weights;
    /// The sums of two neighbouring pixels, of twice m0 to m3.
    fn outputs(self, points: [Self::Sums; 4]) -> [Self::I32; 2];
}

/// A level that multiplies four bytes of each channel at once, as
/// [`quads`](crate::kernel::int8::vectors::quads) sees it. A register holds a word of
/// [`LANES`](SimdI8::LANES) channels, or a byte of four times as many.
///
/// # Safety
///
/// As for [`SimdI8`].
pub(crate) unsafe trait QuadsI8: SimdI8<Input = u8> {
    /// A register of bytes from so many places, each `step` further on.
    ///
    /// # Safety
    /// At each place as large a part of a register is readable.
    unsafe fn pieces<const PIECES: usize>(self, from: *const i8, step: usize) -> Self::I32;
    /// The exclusive or.
    fn flip(self, bytes: Self::I32, flips: Self::I32) -> Self::I32;
    /// Makes a quad of each channel: its bytes in the four registers one after the other. Of every 16
    /// channels, the first four come in the first register, and so on.
    fn interleave(self, rows: [Self::I32; 4]) -> [Self::I32; 4];
    /// Adds the four products of each quad.
    fn dot_quads(self, sums: Self::I32, quads: Self::I32, weights: Self::I32) -> Self::I32;

    /// What [`small`](Self::small) needs of filters whose shifts are below 0; `zero` is the output's zero
    /// point.
    fn constants(self, multiplier: Self::I32, shift: Self::I32, zero: i32) -> Small<Self::I32>;
    /// [`tflite`](SimdI8::tflite) for sums within [`Small::LIMIT`], and the zero point added, in the order
    /// that [`narrow_small`](Self::narrow_small) expects.
    fn small(self, sum: Self::I32, constants: &Small<Self::I32>) -> Self::I32;
    /// Makes int16 of the words of two registers that [`interleave`](Self::interleave) leaves side by side; what is
    /// no int16 becomes the nearest.
    fn shorts(self, x: [Self::I32; 2]) -> Self::I32;
    /// Makes int8 of the first two registers' and the last two's [`shorts`](Self::shorts), in the order of the
    /// channels; what is no int8 becomes the nearest.
    fn narrow(self, shorts: [Self::I32; 2]) -> Self::I32;
    /// The same of what [`small`](Self::small) returned.
    fn narrow_small(self, shorts: [Self::I32; 2]) -> Self::I32;
    /// Clamps int8 to `min..=max`.
    fn clamp(self, bytes: Self::I32, min: Self::I32, max: Self::I32) -> Self::I32;
}

/// What filters whose sums are small are requantized by.
///
/// With p for sum times multiplier, s for the sum's sign (1 or -1), r for the shift to the right and z for
/// the zero point, the result of [`Rounding::Tflite`](crate::Rounding::Tflite) plus z is
/// floor((p / 2^30 + s + 2^r + z 2^(r + 1)) / 2^(r + 1)), where p / 2^30 may be rounded down first.
#[derive(Clone, Copy)]
pub(crate) struct Small<R> {
    /// The multipliers, and those of the odd lanes in even ones.
    pub even: R,
    pub odd: R,
    /// 1 + 2^r + z 2^(r + 1): a negative sum takes 2 off.
    pub nudge: R,
    /// r + 1
    pub right: R,
}

impl<R> Small<R> {
    /// Sums must lie within -2^22..2^22. Then p / 2^30 has at most 23 bits beside its sign, so that its
    /// highest byte is but the sign, and where r is 23 or more the result is z whatever r is. So r need not
    /// be above 23, and nothing overflows.
    pub const LIMIT: i32 = 1 << 22;
}

/// Vectors that become bytes together.
pub(crate) const GROUP: usize = 4;

/// Elements beyond the last that a level may overwrite when it stages.
pub(crate) const SLACK: usize = 32;

/// Where a requantized number ends: see [`Quant`](crate::quant::Quant).
#[derive(Clone, Copy)]
pub(crate) struct Ends {
    pub zero: i32,
    pub min: i32,
    pub max: i32,
    pub flip: u8,
}

/// An int8 algorithm, written once for every vector level; all that [`Kernel`](super::Kernel) says holds
/// here too. It may hold what the level made, which no other level can run.
pub(crate) trait KernelI8<S: SimdI8> {
    fn run(self, simd: S);
}
