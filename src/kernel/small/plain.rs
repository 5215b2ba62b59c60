//! One pixel after the other, for any filters.

use super::strip::Strip;
use crate::kernel::window::quotient;
#[cfg(target_abi = "eabihf")]
use crate::simd::fused;
use crate::simd::reread;

/// Filters of a pixel whose sums are computed together.
const TOGETHER: usize = if cfg!(target_abi = "eabihf") { 1 } else { 4 };

/// Computes a strip of tiles of one pixel. The filters are those from `first` on, of which so many (`filters`) read the same
/// channels, and the strip's input is the first channel's.
///
/// # Safety
/// Every tap that the strip names lies in the input, the weights are a whole panel's, and the outputs of the filters can be written.
#[inline(never)]
pub(super) unsafe fn run(strip: &mut Strip, first: usize, filters: usize) {
    loop {
        let mut left = strip.tiles;
        while left > 0 {
            left -= 1;
            let mut filter = 0;
            while filter < reread(strip).filters {
                // SAFETY: the caller's; there is such a filter.
                filter += unsafe { outputs(reread(strip), first, filter, filters) };
            }
            strip.input = strip.input.wrapping_byte_add(strip.pixel);
            strip.output = strip.output.wrapping_byte_add(strip.output_pixel);
        }
        strip.lines -= 1;
        if strip.lines == 0 {
            return;
        }
        strip.input = strip.input.wrapping_byte_add(strip.input_line);
        strip.output = strip.output.wrapping_byte_add(strip.output_line);
    }
}

/// Computes the first pixel's outputs of some filters of the strip from `filter` on, and tells of how many.
///
/// # Safety
/// As for [`run`]; there is such a filter.
#[inline(always)]
unsafe fn outputs(strip: &Strip, first: usize, filter: usize, filters: usize) -> usize {
    let at = first + filter;
    let channel = match filters {
        1 => at,
        _ if at < filters => 0,
        _ => quotient(at, filters),
    };
    let strip = reread(strip);
    let input = strip.input.wrapping_add(channel);
    let weights = strip.weights.wrapping_add(filter);
    let left = strip.filters - filter;
    // SAFETY: the caller's. Behind the biases of a panel lie its weights, a row of four at least: whichever bias is the first, there
    // are as many numbers from it on as are read.
    unsafe {
        let mut sums = strip
            .bias
            .wrapping_add(filter)
            .cast::<[f32; TOGETHER]>()
            .read();
        let count = window(strip, input, weights, &mut sums, [at, left, filters]);
        finish(strip, filter, count, &sums);
        count
    }
}

/// Writes the sums of so many filters from `filter` on, clamped.
///
/// # Safety
/// As for [`run`]; the filters are there.
#[cfg_attr(not(target_abi = "eabihf"), inline(never))] // where there are some sums
#[cfg_attr(target_abi = "eabihf", inline(always))]
unsafe fn finish(strip: &Strip, filter: usize, count: usize, sums: &[f32; TOGETHER]) {
    let [min, max] = strip.clamp;
    // Where floats are functions, it takes less to see that there is no bound. (The compiler shall not make it a function again.)
    let bits = reread(&strip.clamp).map(f32::to_bits);
    let mut to = strip.output.wrapping_add(filter);
    for sum in sums.iter().take(count) {
        let mut sum = *sum;
        if bits[0] != f32::NEG_INFINITY.to_bits() && sum < min {
            sum = min;
        }
        if bits[1] != f32::INFINITY.to_bits() && sum > max {
            sum = max;
        }
        // SAFETY: the caller's.
        unsafe { to.write(sum) };
        to = to.wrapping_add(1);
    }
}

cfg_if::cfg_if! {
    if #[cfg(target_abi = "eabihf")] {
        /// Adds a window, whose first tap and its weight lie there, to the sum of a filter.
        ///
        /// # Safety
        /// As for [`run`].
        #[inline(always)]
        unsafe fn window(
            strip: &Strip,
            input: *const f32,
            weights: *const f32,
            [sum]: &mut [f32; TOGETHER],
            _: [usize; 3],
        ) -> usize {
            let (mut row, mut weights_row) = (input, weights);
            for _ in 0..reread(strip).planes {
                for _ in 0..reread(strip).rows {
                    let (mut piece, mut w) = (row, weights_row);
                    for _ in 0..reread(strip).all.pieces {
                        let mut x = piece;
                        for _ in 0..reread(strip).all.len {
                            // SAFETY: the caller's.
                            *sum = unsafe { fused(x.read(), w.read(), *sum) };
                            x = x.wrapping_byte_add(reread(strip).step);
                            w = w.wrapping_byte_add(reread(strip).width);
                        }
                        piece = piece.wrapping_byte_add(reread(strip).piece);
                    }
                    row = row.wrapping_byte_add(reread(strip).input_row);
                    weights_row = weights_row.wrapping_byte_add(reread(strip).weights_row);
                }
                row = row.wrapping_byte_add(reread(strip).input_gap);
                weights_row = weights_row.wrapping_byte_add(reread(strip).weights_gap);
            }
            1
        }
    } else {
        use crate::simd::cortex_m_soft::{four, four_channels, one};

        /// Adds a window, whose first tap and the weight of the first filter lie there, to the sums of that filter and some more, and
        /// tells of how many. There are `left`; so many (`filters`) read the same channels, and the first is number `at`.
        ///
        /// # Safety
        /// As for [`run`].
        #[inline(always)]
        unsafe fn window(
            strip: &Strip,
            input: *const f32,
            weights: *const f32,
            sums: &mut [f32; TOGETHER],
            [at, left, filters]: [usize; 3],
        ) -> usize {
            let (run, count) = choose(at, left.min(TOGETHER), filters);
            // SAFETY: the caller's.
            unsafe { run(strip, input, weights, sums.as_mut_ptr()) };
            count
        }

        type Run = unsafe extern "C" fn(&Strip, *const f32, *const f32, *mut f32);

        /// How sums of filters are computed, and of how many.
        // Its frame is gone when they are.
        #[inline(never)]
        fn choose(at: usize, some: usize, filters: usize) -> (Run, usize) {
            if at + some <= filters {
                (four, some)
            } else if filters == 1 && some == TOGETHER {
                (four_channels, some)
            } else {
                (one, 1)
            }
        }
    }
}
