//! Loads and stores of a level and nothing else: the limit of a kernel that has little to compute.

use crate::simd::{Kernel, Simd};
use core::hint::black_box;

/// Floats of a cache line, of which every vector is a part.
const LINE: usize = 16;
/// Lines of the longer buffer that are moved before it is the other's turn: some pixels of a layer.
const TURN: usize = 32;
/// Independent chains, for what is loaded must be used, but no load may wait for the one before.
const CHAINS: usize = 8;

/// Reads one buffer and writes another, by turns, so that they end together.
pub(crate) struct Stream<'a> {
    pub read: &'a [f32],
    pub write: &'a mut [f32],
}

impl Kernel for Stream<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let vectors = const { LINE / S::LANES };
        let lines = [self.read.len() / LINE, self.write.len() / LINE];
        let turns = lines[0].max(lines[1]).div_ceil(TURN).max(1);
        let mut pace = lines.map(|lines| Pace::new(lines, turns));
        let (mut from, mut to) = (self.read.as_ptr(), self.write.as_mut_ptr());
        let mut seen = [simd.splat(0.0); CHAINS];
        for _ in 0..turns {
            let mut count = pace[0].next() * vectors;
            while count >= CHAINS {
                for seen in &mut seen {
                    // SAFETY: all turns together load the whole lines of the buffer.
                    *seen = simd.at_least(unsafe { simd.load_next(&mut from, S::LANES) }, *seen);
                }
                count -= CHAINS;
            }
            for _ in 0..count {
                // SAFETY: as above.
                seen[0] = simd.at_least(unsafe { simd.load_next(&mut from, S::LANES) }, seen[0]);
            }
            for _ in 0..pace[1].next() * vectors {
                // SAFETY: all turns together store the whole lines of the buffer.
                unsafe { simd.store_next(&mut to, S::LANES, seen[0]) };
            }
        }
        black_box(seen);
    }
}

/// Shares lines among turns as evenly as whole lines can be (Bresenham's algorithm).
struct Pace {
    each: usize,
    /// Turns that get one line more, of all turns.
    more: usize,
    turns: usize,
    error: usize,
}

impl Pace {
    #[inline(always)]
    fn new(lines: usize, turns: usize) -> Self {
        Pace {
            each: lines.checked_div(turns).unwrap_or(0),
            more: lines.checked_rem(turns).unwrap_or(0),
            turns,
            error: 0,
        }
    }

    #[inline(always)]
    fn next(&mut self) -> usize {
        self.error += self.more;
        if self.error < self.turns {
            return self.each;
        }
        self.error -= self.turns;
        self.each + 1
    }
}
