//! int16 activations without vector instructions.

use super::{LevelI16, Scalar};
use crate::kernel::int16::{self, JobI16, SimdI16, Tile, byte};
use crate::kernel::peak::scalar_integers;
use crate::pack_i8::QUAD;

impl LevelI16 for Scalar {
    #[inline(never)]
    fn run_i16(self, job: JobI16<'_>) {
        int16::run::<Scalar, PIXELS, 256>(self, job, |_| 0);
    }

    fn multiply_adds_i16(self, rounds: u64) -> u64 {
        scalar_integers(rounds)
    }
}

/// A weight is taken out of its word once for them.
const PIXELS: usize = 2;

// SAFETY: it uses no instruction that the target lacks.
unsafe impl SimdI16 for Scalar {
    const INTERLEAVED: bool = true;
    const LANES: usize = 1;
    const STEPS: [usize; 2] = [1, PIXELS];

    #[inline(always)]
    unsafe fn sums(self, tile: Tile, sums: *mut i32) {
        // A second pixel that does not exist is taken for the first.
        let apart = if tile.pixels == PIXELS { tile.apart } else { 0 };
        for filter in 0..tile.filters {
            let [mut first, mut second] = [0i32; PIXELS];
            let mut x = tile.inputs;
            let mut w = tile.weights.wrapping_add(filter);
            for _ in 0..tile.quads {
                // SAFETY: the caller's.
                unsafe {
                    let word = w.read();
                    let a = x.cast::<[i16; QUAD]>().read();
                    let b = x.add(apart).cast::<[i16; QUAD]>().read();
                    for i in 0..QUAD {
                        let weight = byte(word, i);
                        first = first.wrapping_add(weight.wrapping_mul(a[i].into()));
                        second = second.wrapping_add(weight.wrapping_mul(b[i].into()));
                    }
                }
                x = x.wrapping_add(PIXELS * QUAD);
                w = w.wrapping_add(tile.width);
            }
            // SAFETY: the caller's.
            unsafe {
                sums.cast::<[i32; PIXELS]>()
                    .add(filter)
                    .write([first, second])
            };
        }
    }
}
