//! Where tiles are.

use super::side;
use crate::kernel::Job;
use crate::kernel::window::{Axis, quotient};

/// A tile's first output.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// The row, counted through batch, depth and height.
    pub row: usize,
    pub x: usize,
}

impl Place {
    pub fn first(job: &Job<'_>) -> Self {
        Place {
            row: job.rows.start,
            x: 0,
        }
    }

    /// To the next tile: to the right, below, or in the next plane.
    #[inline(never)]
    pub fn step(&mut self, job: &Job<'_>) {
        let [_, height, width] = job.sizes().output;
        self.x += side(job);
        if self.x >= width {
            self.x = 0;
            self.row += side(job).min(height - in_plane(self.row, height));
        }
    }

    /// Rows and columns of the tile that lie in the output.
    #[inline(always)]
    pub fn size(&self, job: &Job<'_>) -> [usize; 2] {
        let [_, height, width] = job.sizes().output;
        [
            side(job).min(height - in_plane(self.row, height)),
            side(job).min(width - self.x),
        ]
    }

    /// The outputs of the tile's first pixel, of all filters.
    #[inline(always)]
    pub fn output(&self, job: &Job<'_>) -> *mut f32 {
        let pixel = (self.row - job.rows.start) * job.sizes().output[2] + self.x;
        job.output().wrapping_add(pixel * job.geometry().filters)
    }

    /// The inputs under the tile.
    #[inline(never)]
    pub fn window(&self, job: &Job<'_>) -> Window {
        let (geometry, sizes) = (job.geometry(), job.sizes());
        let [output_depth, height, _] = sizes.output;
        let [input_depth, input_height, input_width] = geometry.input;
        let plane = quotient(self.row, height);
        let image = quotient(plane, output_depth);
        let z = plane - image * output_depth;
        let y = self.row - plane * height;
        let depth = Axis::of(geometry, sizes, 0);
        let row = (image * input_depth)
            .wrapping_add(depth.position(z, 0))
            .wrapping_mul(input_height)
            .wrapping_add(y)
            .wrapping_sub(sizes.padding[1][0] + job.first_input_row);
        let pixel = (row.wrapping_mul(input_width))
            .wrapping_add(self.x)
            .wrapping_sub(sizes.padding[2][0]);
        Window {
            at: (job.input()).wrapping_add(pixel.wrapping_mul(geometry.channels)),
            y: y.wrapping_sub(sizes.padding[1][0]),
            x: self.x.wrapping_sub(sizes.padding[2][0]),
            height: match depth.inside(z).is_empty() {
                true => 0,
                false => input_height,
            },
        }
    }
}

/// The inputs under a tile, some of which may lie in the padding.
pub(super) struct Window {
    /// Where the first would be, were there no padding.
    pub at: *const f32,
    /// Its row and column, which wrap around where they are in the padding, and rows that there are, none in a plane of padding.
    pub y: usize,
    pub x: usize,
    pub height: usize,
}

/// The row within its plane.
#[inline(always)]
fn in_plane(row: usize, height: usize) -> usize {
    row - quotient(row, height) * height
}

/// Tiles of the job's rows, which are whole tiles of each plane.
pub(super) fn tiles(job: &Job<'_>) -> usize {
    let [_, height, width] = job.sizes().output;
    let m = side(job);
    let tall = |rows: usize| quotient(rows + m - 1, m);
    let (start, end) = (
        in_plane(job.rows.start, height),
        in_plane(job.rows.end, height),
    );
    // Whole planes up to the last, less what is before the start.
    let planes = quotient(job.rows.end, height) - quotient(job.rows.start, height);
    (planes * tall(height) + tall(end) - tall(start)) * tall(width)
}
