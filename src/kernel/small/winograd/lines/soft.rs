//! The transforms where floats are functions: one code for tiles of any size, as little is spent on anything but those.

use super::{Lines, Points, Variant};
use crate::kernel::winograd_points::PAIRS;

/// What a tile's numbers are multiplied by.
struct Constants {
    pairs: [f32; PAIRS],
    ends: [f32; PAIRS + 1],
    others: [[f32; PAIRS + 1]; PAIRS],
    powers: [[f32; 6]; PAIRS],
}

impl Constants {
    const fn of<const M: usize>() -> Self {
        Constants {
            pairs: Points::<M>::PAIRS,
            ends: Points::<M>::ENDS,
            others: Points::<M>::OTHERS,
            powers: Points::<M>::POWERS,
        }
    }
}

static CONSTANTS: [Constants; 3] = [
    Constants::of::<2>(),
    Constants::of::<4>(),
    Constants::of::<6>(),
];

#[inline(always)]
fn constants(variant: Variant) -> &'static Constants {
    let [two, four, six] = &CONSTANTS;
    match variant {
        Variant::Two => two,
        Variant::Four => four,
        Variant::Six => six,
    }
}

/// What a line becomes, until all of it is known.
type Line = [f32; 8];

/// `Bᵀ d` of each line.
///
/// # Safety
/// There are lines and numbers.
#[inline(always)]
pub(in super::super) unsafe fn input_lines(variant: Variant, lines: &mut Lines) {
    let run = |at, step, to: &mut Line| {
        // SAFETY: `each` names numbers that are there.
        unsafe { inputs(variant, at, step, to) };
        variant.outputs() + 2
    };
    // SAFETY: the caller's.
    unsafe { each(lines, run) };
}

/// `Aᵀ p` of each line, whose last two numbers are not results.
///
/// # Safety
/// There are lines and numbers.
#[inline(always)]
pub(in super::super) unsafe fn output_lines(variant: Variant, lines: &mut Lines) {
    let run = |at, step, to: &mut Line| {
        // SAFETY: `each` names numbers that are there.
        unsafe { outputs(variant, at, step, to) };
        variant.outputs()
    };
    // SAFETY: the caller's.
    unsafe { each(lines, run) };
}

/// Replaces each number of each line by what `run` makes of it, which tells of how many.
///
/// # Safety
/// There are lines and numbers.
#[inline(always)]
unsafe fn each(lines: &mut Lines, run: impl Fn(*mut f32, usize, &mut Line) -> usize) {
    while lines.lines > 0 {
        let mut at = lines.at;
        let mut left = lines.numbers;
        while left > 0 {
            let mut line = [0.0; 8];
            let count = run(at, lines.step, &mut line);
            let mut to = at;
            for x in line.iter().take(count) {
                // SAFETY: the caller's.
                unsafe { to.write(*x) };
                to = to.wrapping_byte_add(lines.step);
            }
            at = at.wrapping_add(1);
            left -= 1;
        }
        lines.at = lines.at.wrapping_byte_add(lines.line);
        lines.lines -= 1;
    }
}

/// # Safety
/// The inputs are there, a step apart.
#[inline(never)]
unsafe fn inputs(variant: Variant, at: *mut f32, step: usize, to: &mut Line) {
    let m = variant.outputs();
    let constants = constants(variant);
    // A polynomial for each end, and two halves for each pair: those of even inputs and those of odd ones.
    for (i, to) in to.iter_mut().enumerate().take(m + 2) {
        let (first, last, c, count) = if i == 0 || i == m + 1 {
            let odd = usize::from(i > 0);
            (odd, m + odd, constants.ends.as_ptr(), m / 2)
        } else {
            let odd = (i - 1) % 2;
            let others = constants.others.as_ptr().wrapping_add((i - 1) / 2);
            (2 - odd, m - odd, others.cast(), m / 2 - 1)
        };
        let mut terms = Terms {
            x: at.wrapping_byte_add(first * step),
            step: 2 * step,
            c,
            apart: 1,
        };
        // SAFETY: the caller's; the constants are those of all inputs.
        *to = unsafe { terms.add(count, at.wrapping_byte_add(last * step).read()) };
    }
    let mut to = to.as_mut_ptr().wrapping_add(1);
    for point in constants.pairs.iter().take(m / 2) {
        // SAFETY: a pair's halves lie side by side.
        unsafe {
            let [even, odd] = to.cast::<[f32; 2]>().read();
            let odd = if is_one(*point) { odd } else { odd * *point };
            to.cast::<[f32; 2]>().write([even + odd, even - odd]);
        }
        to = to.wrapping_add(2);
    }
}

/// # Safety
/// The products are there, a step apart. Those of pairs are overwritten.
#[inline(never)]
unsafe fn outputs(variant: Variant, at: *mut f32, step: usize, to: &mut Line) {
    let m = variant.outputs();
    let mut a = at;
    for _ in 0..m / 2 {
        a = a.wrapping_byte_add(step);
        let b = a.wrapping_byte_add(step);
        // The sum of a pair's products counts for even powers, the difference for odd ones.
        // SAFETY: the caller's.
        unsafe {
            let (x, y) = (a.read(), b.read());
            a.write(x + y);
            b.write(x - y);
        }
        a = b;
    }
    for (i, to) in to.iter_mut().enumerate().take(m) {
        let mut terms = Terms {
            x: at.wrapping_byte_add((1 + i % 2) * step),
            step: 2 * step,
            c: constants(variant)
                .powers
                .as_ptr()
                .cast::<f32>()
                .wrapping_add(i),
            apart: 6,
        };
        let mut count = m / 2;
        // SAFETY: the caller's; the powers are those of all outputs.
        unsafe {
            let first = if i == 0 {
                at.read()
            } else if i == m - 1 {
                at.wrapping_byte_add((m + 1) * step).read()
            } else {
                count -= 1;
                terms.next()
            };
            *to = terms.add(count, first);
        }
    }
}

/// The terms of a polynomial: numbers some bytes apart, and what they are multiplied by, some floats apart.
struct Terms {
    x: *const f32,
    step: usize,
    c: *const f32,
    apart: usize,
}

impl Terms {
    /// The next term.
    ///
    /// # Safety
    /// There is one.
    #[inline(always)]
    unsafe fn next(&mut self) -> f32 {
        // SAFETY: the caller's.
        let (x, c) = unsafe { (self.x.read(), self.c.read()) };
        self.x = self.x.wrapping_byte_add(self.step);
        self.c = self.c.wrapping_add(self.apart);
        if is_one(c) { x } else { x * c }
    }

    /// Adds so many terms to a sum.
    ///
    /// # Safety
    /// There are as many.
    #[inline(always)]
    unsafe fn add(&mut self, count: usize, mut sum: f32) -> f32 {
        for _ in 0..count {
            // SAFETY: the caller's.
            sum += unsafe { self.next() };
        }
        sum
    }
}

/// One is most often what is multiplied by.
#[inline(always)]
fn is_one(c: f32) -> bool {
    c.to_bits() == 1f32.to_bits()
}
