//! Laying out the windows of some pixels, with the zero point in the padding.

use crate::kernel::int8::walk::{Cursor, Walk};
use crate::kernel::window::{count, quotient};
use crate::simd::PAIR;
use core::arch::aarch64::*;
use core::mem::MaybeUninit;
use core::ops::Range;

/// The most pixels of a tile of any level.
pub(super) const MOST: usize = 12;
/// Bytes of the inputs that are laid out at once.
const ROOM: usize = 28 << 10;
/// Bytes beyond the last that may be overwritten.
const SLACK: usize = 16;
/// The longest part of a window that is laid out for a pair of pixels: 12 of them fill the room.
const LONGEST_PAIR: usize = (ROOM - PAIR) / MOST / 16 * 16;

/// Room on the stack.
#[repr(C, align(64))]
pub(super) struct Stage {
    inputs: MaybeUninit<[u8; ROOM]>,
    /// A window, before it becomes one of a pair.
    window: MaybeUninit<[u8; LONGEST_PAIR + SLACK]>,
}

/// How windows of a job are laid out.
#[derive(Clone, Copy)]
pub(super) struct Plan {
    /// Weights of a filter, parts that they are taken in, and the length of all but the last.
    depth: usize,
    pub parts: usize,
    part: usize,
    /// Bytes from a pixel to the next, unless they are laid out in pairs.
    pub pixel: usize,
    pairs: bool,
    /// Pixels of a tile.
    pub tile: usize,
}

impl Plan {
    #[inline(always)]
    pub fn of(depth: usize, pixels: usize, pairs: bool) -> Self {
        let longest = if pairs {
            LONGEST_PAIR
        } else {
            // Six pixels, an odd number of cache lines each.
            const { (ROOM / 6 / 64 - 1) * 64 - SLACK }
        };
        let parts = depth.div_ceil(longest);
        let part = quotient(depth + parts - 1, parts).next_multiple_of(16);
        Plan {
            depth,
            parts,
            part,
            // Odd, or all pixels would compete for the same places in the cache.
            pixel: ((part + SLACK).div_ceil(64) | 1) * 64,
            pairs,
            tile: pixels,
        }
    }

    /// Bytes from a tile to the next.
    #[inline(always)]
    pub fn step(&self) -> usize {
        if self.pairs {
            self.part.div_ceil(8) * PAIR
        } else {
            self.tile * self.pixel
        }
    }

    /// Tiles that are laid out at once: so many bytes, and `most` tiles, at most.
    #[inline(always)]
    pub fn tiles(&self, bytes: usize, most: usize) -> usize {
        if self.parts == 1 {
            quotient(bytes.min(ROOM), self.step()).min(most).max(1)
        } else {
            1
        }
    }

    /// Where a pixel is laid out, or the first eight inputs of one of a pair.
    #[inline(always)]
    fn at(&self, slot: usize) -> usize {
        if self.pairs {
            let tile = quotient(slot, self.tile);
            let slot = slot - tile * self.tile;
            tile * self.step() + slot / 2 * 16 + slot % 2 * 8
        } else {
            slot * self.pixel
        }
    }

    /// The inputs of a part.
    #[inline(always)]
    pub fn range(&self, part: usize) -> Range<usize> {
        part * self.part..(part * self.part + self.part).min(self.depth)
    }
}

impl Stage {
    #[inline(always)]
    pub fn new() -> Self {
        const { assert!(MOST * 16 / 2 == PAIR) };
        Stage {
            inputs: MaybeUninit::uninit(),
            window: MaybeUninit::uninit(),
        }
    }

    #[inline(always)]
    pub fn inputs(&self) -> *const i8 {
        self.inputs.as_ptr().cast()
    }

    /// Makes the other of its pair what pixel `slot` is, which is the first.
    ///
    /// # Safety
    /// A part of `len` is laid out there.
    #[inline(always)]
    pub unsafe fn twin(&mut self, plan: &Plan, slot: usize, len: usize) {
        let first = self.inputs.as_mut_ptr().cast::<u8>();
        let first = first.wrapping_add(plan.at(slot)).cast::<u64>();
        for eight in 0..len.div_ceil(8) {
            let at = first.wrapping_add(eight * PAIR / 8);
            // SAFETY: the caller's.
            unsafe { at.add(1).write(at.read()) };
        }
    }

    /// Lays out a part of the window at the cursor, and zeros that fill up the last quad (of a pair:
    /// the last eight), as pixel `slot` of a tile.
    ///
    /// # Safety
    /// The cursor is at a pixel of the job, the slot one of the plan's tiles, the plan the job's, and
    /// the caller compiled for NEON.
    #[target_feature(enable = "neon")]
    #[inline(never)]
    pub unsafe fn lay_out(
        &mut self,
        walk: &Walk<'_>,
        cursor: &Cursor,
        plan: &Plan,
        part: &Range<usize>,
        slot: usize,
    ) {
        let inputs = self.inputs.as_mut_ptr().cast::<i8>();
        let len = count(part);
        let quant = walk.job.quant();
        let (flip, zero) = (quant.flip_input, quant.input_zero as i8);
        // SAFETY: what is copied lies in the input, as it is taps that are inside. It is laid out in
        // ascending order, so what a copy overwrites is written after it.
        unsafe {
            let line = |to: *mut i8| {
                lay_out(walk, cursor, part, |from, at, len| match from {
                    Some(from) => copy(from, to.add(at), len, flip),
                    None => fill(to.add(at), len, zero),
                });
            };
            if !plan.pairs {
                let to = inputs.add(plan.at(slot));
                line(to);
                to.add(len).cast::<u32>().write_unaligned(0);
                return;
            }
            let to = inputs.add(plan.at(slot));
            if flip == 0 && walk.job.shape.panels.panels.depth.is_multiple_of(8) {
                lay_out(walk, cursor, part, |from, at, len| {
                    let to = to.add(at / 8 * PAIR);
                    match from {
                        Some(from) => spread(from, to, len),
                        None => spread_one(zero, to, len),
                    }
                });
            } else {
                let window = self.window.as_mut_ptr().cast::<i8>();
                line(window);
                vst1q_s8(window.add(len), vdupq_n_s8(0));
                spread(window, to, len);
            }
        }
    }

    /// How many pixels from the cursor on, `most` at most, [`lay_out_run`](Self::lay_out_run) can lay out:
    /// those that reach the same taps, which lie side by side.
    #[inline(always)]
    pub fn run(walk: &Walk<'_>, cursor: &Cursor, plan: &Plan, most: usize) -> usize {
        let [_, _, columns] = walk.job.geometry().kernel;
        let depth = walk.job.shape.panels.panels.depth;
        let interior = &walk.columns.interior;
        // Pairs are laid out by eight inputs, which no border may cut.
        let len = if walk.flat || !interior.contains(&cursor.x) {
            depth
        } else {
            columns * depth
        };
        let eights = walk.job.quant().flip_input == 0 && len.is_multiple_of(8);
        if plan.parts > 1 || plan.pairs && !eights {
            0
        } else if walk.flat {
            most
        } else if !walk.folded {
            0
        } else if interior.contains(&cursor.x) {
            most.min(interior.end - cursor.x)
        } else {
            1
        }
    }

    /// Lays out the windows of so many pixels from the cursor on, as those from `slot` on.
    ///
    /// # Safety
    /// As for [`lay_out`](Self::lay_out), of all of them; and [`run`](Self::run) has allowed so many.
    #[inline(always)]
    pub unsafe fn lay_out_run(
        &mut self,
        walk: &Walk<'_>,
        cursor: &Cursor,
        plan: &Plan,
        slot: usize,
        pixels: usize,
    ) {
        let [planes, rows, _] = walk.job.geometry().kernel;
        let lines = &cursor.lines;
        let inside = count(&lines.planes) == planes && count(&lines.rows) == rows;
        // SAFETY: the caller's.
        unsafe {
            let inside = walk.flat || inside && walk.columns.interior.contains(&cursor.x);
            if inside && plan.pairs {
                self.lay_out_pairs(walk, cursor, plan, slot, pixels);
            } else if inside {
                self.lay_out_inside(walk, cursor, plan, slot, pixels);
            } else {
                self.lay_out_border(walk, cursor, plan, slot, pixels);
            }
        }
    }

    /// [`lay_out_run`](Self::lay_out_run), where the windows lie inside and pixels are not in pairs.
    ///
    /// # Safety
    /// As for that.
    #[target_feature(enable = "neon")]
    #[inline(never)]
    unsafe fn lay_out_inside(
        &mut self,
        walk: &Walk<'_>,
        cursor: &Cursor,
        plan: &Plan,
        slot: usize,
        pixels: usize,
    ) {
        let geometry = walk.job.geometry();
        let [planes, rows, columns] = geometry.kernel;
        let len = columns * walk.job.shape.panels.panels.depth;
        let flip = walk.job.quant().flip_input;
        let first = walk.columns.axis.position(cursor.x, 0);
        let first = first.wrapping_mul(geometry.channels);
        let mut pixel = cursor.base.wrapping_add(first);
        let inputs = self.inputs.as_mut_ptr().cast::<i8>();
        for slot in slot..slot + pixels {
            let mut to = inputs.wrapping_add(slot * plan.pixel);
            let mut plane = pixel;
            for _ in 0..planes {
                let mut row = plane;
                for _ in 0..rows {
                    // SAFETY: the caller's, as the windows lie inside.
                    unsafe { copy(row, to, len, flip) };
                    to = to.wrapping_add(len);
                    row = row.wrapping_add(walk.row);
                }
                plane = plane.wrapping_add(walk.plane);
            }
            // SAFETY: there is room for a quad more.
            unsafe { to.cast::<u32>().write_unaligned(0) };
            pixel = pixel.wrapping_add(geometry.stride[2].wrapping_mul(geometry.channels));
        }
    }

    /// The same of pixels in pairs, both at once where both are there. It is written out again: shared, first layers
    /// take one percent more instructions.
    ///
    /// # Safety
    /// As for that.
    #[target_feature(enable = "neon")]
    #[inline(never)]
    unsafe fn lay_out_pairs(
        &mut self,
        walk: &Walk<'_>,
        cursor: &Cursor,
        plan: &Plan,
        slot: usize,
        pixels: usize,
    ) {
        let geometry = walk.job.geometry();
        let [planes, rows, columns] = geometry.kernel;
        let len = columns * walk.job.shape.panels.panels.depth;
        let right = geometry.stride[2].wrapping_mul(geometry.channels);
        let first = walk.columns.axis.position(cursor.x, 0);
        let first = first.wrapping_mul(geometry.channels);
        let mut pixel = cursor.base.wrapping_add(first);
        let inputs = self.inputs.as_mut_ptr().cast::<i8>();
        let (mut slot, end) = (slot, slot + pixels);
        while slot < end {
            let mut to = inputs.wrapping_add(plan.at(slot));
            // A tile has an even number of pixels, so the next one is in it.
            let both = slot.is_multiple_of(2) && slot + 1 < end;
            let mut plane = pixel;
            for _ in 0..planes {
                let mut row = plane;
                for _ in 0..rows {
                    // SAFETY: the caller's, as the windows lie inside.
                    unsafe {
                        if both {
                            spread_two([row, row.wrapping_add(right)], to, len);
                        } else {
                            spread(row, to, len);
                        }
                    }
                    to = to.wrapping_add(len / 8 * PAIR);
                    row = row.wrapping_add(walk.row);
                }
                plane = plane.wrapping_add(walk.plane);
            }
            let now = 1 + usize::from(both);
            pixel = pixel.wrapping_add(now.wrapping_mul(right));
            slot += now;
        }
    }

    /// [`lay_out_run`](Self::lay_out_run), where some taps lie in the padding.
    ///
    /// # Safety
    /// As for that.
    #[target_feature(enable = "neon")]
    #[inline(never)]
    unsafe fn lay_out_border(
        &mut self,
        walk: &Walk<'_>,
        cursor: &Cursor,
        plan: &Plan,
        slot: usize,
        pixels: usize,
    ) {
        let geometry = walk.job.geometry();
        let [planes, rows, columns] = geometry.kernel;
        let quant = walk.job.quant();
        let (flip, zero) = (quant.flip_input, quant.input_zero as i8);
        let depth = walk.job.shape.panels.panels.depth;
        let inside = walk.inside(cursor);
        let lines = &cursor.lines;
        let some = !inside.is_empty();
        // Bytes of a window row in the padding, inside, and in the padding again.
        let [left, middle, right] =
            [inside.start, count(&inside), columns - inside.end].map(|taps| taps * depth);
        let first = walk.columns.axis.position(cursor.x, inside.start);
        let first = first.wrapping_mul(geometry.channels);
        let mut pixel = cursor.base.wrapping_add(first);
        for slot in slot..slot + pixels {
            let to = self.inputs.as_mut_ptr().cast::<i8>();
            let mut to = to.wrapping_add(plan.at(slot));
            let mut put = |from: Option<*const i8>, len: usize| {
                // SAFETY: the caller's. It is laid out in ascending order, so what a copy overwrites is
                // written after it.
                unsafe {
                    match (from, plan.pairs) {
                        (Some(from), true) => spread(from, to, len),
                        (None, true) => spread_one(zero, to, len),
                        (Some(from), false) => copy(from, to, len, flip),
                        (None, false) => fill(to, len, zero),
                    }
                }
                to = to.wrapping_add(if plan.pairs { len / 8 * PAIR } else { len });
            };
            let mut plane = pixel;
            for z in 0..planes {
                let plane_inside = some && lines.planes.contains(&z);
                let mut row = plane;
                for y in 0..rows {
                    if plane_inside && lines.rows.contains(&y) {
                        if left > 0 {
                            put(None, left);
                        }
                        put(Some(row), middle);
                        if right > 0 {
                            put(None, right);
                        }
                        row = row.wrapping_add(walk.row);
                    } else {
                        put(None, left + middle + right);
                    }
                }
                if plane_inside {
                    plane = plane.wrapping_add(walk.plane);
                }
            }
            if !plan.pairs {
                // SAFETY: there is room for a quad more.
                unsafe { to.cast::<u32>().write_unaligned(0) };
            }
            pixel = pixel.wrapping_add(geometry.stride[2].wrapping_mul(geometry.channels));
        }
    }
}

/// Copies inputs to where those of one of a pair go.
///
/// # Safety
/// `len` bytes are readable, up to a multiple of eight, and there is room for them.
#[inline(always)]
unsafe fn spread(mut from: *const i8, mut to: *mut i8, len: usize) {
    macro_rules! eights {
        ($count:literal) => {{
            // SAFETY: the caller's.
            let eights = unsafe { from.cast::<[u64; $count]>().read_unaligned() };
            for eight in eights {
                // SAFETY: the caller's.
                unsafe { to.cast::<u64>().write_unaligned(eight) };
                to = to.wrapping_add(PAIR);
            }
            from = from.wrapping_add(8 * $count);
        }};
    }
    let eights = len.div_ceil(8);
    for _ in 0..eights / 4 {
        eights!(4);
    }
    for _ in 0..eights % 4 {
        eights!(1);
    }
}

/// [`spread`] for both of a pair.
///
/// # Safety
/// As for that, each.
#[inline(always)]
unsafe fn spread_two([mut a, mut b]: [*const i8; 2], mut to: *mut i8, len: usize) {
    let eights = len.div_ceil(8);
    // SAFETY: the caller's.
    unsafe {
        for _ in 0..eights / 4 {
            let [low, high] =
                [0, 16].map(|at| [a, b].map(|x| vld1q_s64(x.wrapping_add(at).cast())));
            let zipped = [low, high].map(|[a, b]| [vzip1q_s64(a, b), vzip2q_s64(a, b)]);
            for (i, both) in zipped.as_flattened().iter().enumerate() {
                vst1q_s64(to.wrapping_add(i * PAIR).cast(), *both);
            }
            [a, b] = [a, b].map(|x| x.wrapping_add(32));
            to = to.wrapping_add(4 * PAIR);
        }
        for _ in 0..eights % 4 {
            let [first, second] = [a, b].map(|x| x.cast::<u64>().read_unaligned());
            to.cast::<[u64; 2]>().write_unaligned([first, second]);
            [a, b] = [a, b].map(|x| x.wrapping_add(8));
            to = to.wrapping_add(PAIR);
        }
    }
}

/// The same of one input again and again.
///
/// # Safety
/// There is room for them.
#[inline(always)]
unsafe fn spread_one(input: i8, mut to: *mut i8, len: usize) {
    for _ in 0..len.div_ceil(8) {
        // SAFETY: the caller's.
        unsafe { to.cast::<[i8; 8]>().write([input; 8]) };
        to = to.wrapping_add(PAIR);
    }
}

/// Calls `put` with where a piece of a part of the window at the cursor lies (nowhere, if in the
/// padding), where it stands in the part, and how long it is, in ascending order.
#[inline(always)]
fn lay_out(
    walk: &Walk<'_>,
    cursor: &Cursor,
    part: &Range<usize>,
    put: impl Fn(Option<*const i8>, usize, usize),
) {
    if walk.flat {
        let pixel = cursor.x.wrapping_mul(walk.job.geometry().channels);
        let from = cursor.base.wrapping_add(pixel).wrapping_add(part.start);
        put(Some(from), 0, count(part));
        return;
    }
    let depth = walk.job.shape.panels.panels.depth;
    walk.window(
        cursor,
        depth,
        |from: Option<*const i8>, at: usize, len: usize| {
            let (start, end) = (at.max(part.start), (at + len).min(part.end));
            if start < end {
                let from = from.map(|from| from.wrapping_add(start - at));
                put(from, start - part.start, end - start);
            }
        },
    );
}

/// Copies bytes, with the highest bit flipped if they are of uint8.
///
/// # Safety
/// They are readable at `from`, and at `to` there is room for them and [`SLACK`].
#[inline(always)]
pub(super) unsafe fn copy(from: *const i8, to: *mut i8, count: usize, flip: u8) {
    // SAFETY: the caller's.
    unsafe {
        if (8..=16).contains(&count) {
            // By two pieces that overlap.
            let flips = u64::from(flip) * 0x0101_0101_0101_0101;
            let [a, b] = [0, count - 8].map(|at| from.add(at).cast::<u64>().read_unaligned());
            to.cast::<u64>().write_unaligned(a ^ flips);
            to.add(count - 8).cast::<u64>().write_unaligned(b ^ flips);
            return;
        }
        let flips = vdupq_n_s8(flip as i8);
        let mut at = 0;
        while at + 32 <= count {
            let (from, to) = (from.add(at), to.add(at));
            let [a, b] = [vld1q_s8(from), vld1q_s8(from.add(16))];
            vst1q_s8(to, veorq_s8(a, flips));
            vst1q_s8(to.add(16), veorq_s8(b, flips));
            at += 32;
        }
        if at + 16 <= count {
            vst1q_s8(to.add(at), veorq_s8(vld1q_s8(from.add(at)), flips));
            at += 16;
        }
        // The rest by two pieces that overlap, if it is no less than one.
        let left = count - at;
        let (from, to) = (from.add(at), to.add(at));
        let flips = u64::from(flip) * 0x0101_0101_0101_0101;
        macro_rules! two {
            ($int:ty) => {{
                let last = left - size_of::<$int>();
                let [a, b] = [0, last].map(|at| from.add(at).cast::<$int>().read_unaligned());
                to.cast::<$int>().write_unaligned(a ^ flips as $int);
                to.add(last)
                    .cast::<$int>()
                    .write_unaligned(b ^ flips as $int);
            }};
        }
        if left >= 8 {
            two!(u64);
        } else if left >= 4 {
            two!(u32);
        } else if left >= 2 {
            two!(u16);
        } else if left == 1 {
            two!(u8);
        }
    }
}

/// Fills with one input.
///
/// # Safety
/// At `to` there is room for so many and [`SLACK`].
#[inline(always)]
pub(super) unsafe fn fill(to: *mut i8, count: usize, input: i8) {
    // SAFETY: the caller's.
    unsafe {
        let inputs = vdupq_n_s8(input);
        let mut at = 0;
        while at < count {
            vst1q_s8(to.add(at), inputs);
            at += 16;
        }
    }
}
