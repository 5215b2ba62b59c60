//! int16 activations without vector instructions.

use super::{LevelI16, Scalar, reread};
use crate::kernel::int16::{self, JobI16, PIXELS, Pairs, Panel, STEP, byte};
use crate::kernel::peak::scalar_integers;
use crate::pack_i8::QUAD;

impl LevelI16 for Scalar {
    #[inline(always)]
    fn run_i16(self, job: &JobI16<'_>) {
        int16::without_vectors(self, job, |_, first| first);
    }

    fn multiply_adds_i16(self, rounds: u64) -> u64 {
        scalar_integers(rounds)
    }
}

// SAFETY: it uses no instruction that the target lacks.
unsafe impl Pairs for Scalar {
    #[inline(always)]
    fn place(input: usize) -> usize {
        input
    }

    #[inline(always)]
    unsafe fn lay_out(self, mut from: *const i16, quads: usize, mut to: *mut i16) {
        for _ in 0..quads {
            // SAFETY: the caller's.
            unsafe {
                to.cast::<[i16; QUAD]>()
                    .write(from.cast::<[i16; QUAD]>().read())
            };
            from = from.wrapping_add(QUAD);
            to = to.wrapping_add(STEP);
        }
    }

    /// A weight is taken out of its word once for both pixels.
    #[inline(never)]
    unsafe fn add(self, panel: &Panel<'_>, inputs: *const i16, quads: usize, weights: *const i32) {
        for filter in 0..panel.filters {
            let sums = panel.sums.wrapping_add(filter);
            // SAFETY: the caller's.
            let [mut first, mut second] = unsafe { sums.read() };
            let mut x = inputs;
            let mut w = weights.wrapping_add(filter);
            for _ in 0..quads {
                // SAFETY: the caller's.
                unsafe {
                    let word = w.read();
                    let [a, b] = x.cast::<[[i16; QUAD]; PIXELS]>().read();
                    for i in 0..QUAD {
                        let weight = byte(word, i);
                        first = first.wrapping_add(weight.wrapping_mul(a[i].into()));
                        second = second.wrapping_add(weight.wrapping_mul(b[i].into()));
                    }
                }
                x = x.wrapping_add(STEP);
                w = w.wrapping_add(panel.width);
            }
            // SAFETY: the caller's.
            unsafe { sums.write([first, second]) };
        }
    }

    #[inline(never)]
    unsafe fn add_alone(
        self,
        panel: &Panel<'_>,
        inputs: *const i16,
        quads: usize,
        weights: *const i32,
    ) {
        let (mut to, mut weights) = (panel.sums, weights);
        while to != {
            let panel = reread(panel);
            panel.sums.wrapping_add(panel.filters)
        } {
            // SAFETY: the caller's.
            let [mut sum, _] = unsafe { to.read() };
            let mut x = inputs.cast::<[i16; QUAD]>();
            let mut w = weights;
            for _ in 0..quads {
                // SAFETY: the caller's.
                let (word, [a, b, c, d]) = unsafe { (w.read(), x.read()) };
                let product = |i: usize, x: i16| byte(word, i).wrapping_mul(x.into());
                sum = sum.wrapping_add(product(0, a));
                sum = sum.wrapping_add(product(1, b));
                sum = sum.wrapping_add(product(2, c));
                sum = sum.wrapping_add(product(3, d));
                x = x.wrapping_add(1);
                w = w.wrapping_add(reread(panel).width);
            }
            // SAFETY: the caller's.
            unsafe { to.cast::<i32>().write(sum) };
            to = to.wrapping_add(1);
            weights = weights.wrapping_add(1);
        }
    }
}
