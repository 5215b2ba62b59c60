//! How a job's output is walked: downwards by rows that reach the same taps, and along a row by
//! pixels that do, but for the first and the last of them.

use super::window::{Axis, quotient};
use crate::geometry::{Geometry, Sizes, divide};
use core::ops::Range;

/// The walk over a job's rows.
pub(super) struct Rows {
    depth: Axis,
    height: Axis,
    input_depth: usize,
    input_height: usize,
    output_depth: usize,
    output_height: usize,
    /// The job's first row of the output and of the input, counted through batch, depth and height.
    first: usize,
    first_input: usize,
}

/// Output rows one under the other that reach the same taps of the window.
#[derive(Clone)]
pub(super) struct Lines {
    /// The first of them, counted from the job's first row.
    #[cfg_attr(all(target_arch = "arm", target_os = "none"), allow(dead_code))]
    pub index: usize,
    pub count: usize,
    /// The planes and rows of the window that lie inside the input; none at all if either is none.
    pub planes: Range<usize>,
    pub rows: Range<usize>,
    /// The input row under the first of them, counted from the job's first; unused if there is none.
    pub input: usize,
}

impl Rows {
    #[inline(always)]
    pub fn of(geometry: &Geometry, sizes: &Sizes, first: usize, first_input: usize) -> Self {
        Rows {
            depth: Axis::of(geometry, sizes, 0),
            height: Axis::of(geometry, sizes, 1),
            input_depth: geometry.input[0],
            input_height: geometry.input[1],
            output_depth: sizes.output[0],
            output_height: sizes.output[1],
            first,
            first_input,
        }
    }

    /// The lines from row `index` of the job on, none past `end`.
    #[inline(always)]
    pub fn lines(&self, index: usize, end: usize) -> Lines {
        let row = self.first + index;
        let plane = quotient(row, self.output_height);
        let image = quotient(plane, self.output_depth);
        let z = plane - image * self.output_depth;
        let y = row - plane * self.output_height;
        let (planes, rows) = (self.depth.inside(z), self.height.inside(y));
        // Alike rows are rows of one plane.
        let count = self.height.alike(y).min(end - index);
        if planes.is_empty() || rows.is_empty() {
            return Lines {
                index,
                count,
                planes: 0..0,
                rows: 0..0,
                input: 0,
            };
        }
        let input_plane = image * self.input_depth + self.depth.position(z, planes.start);
        let input_row = input_plane * self.input_height + self.height.position(y, rows.start);
        Lines {
            index,
            count,
            planes,
            rows,
            input: input_row - self.first_input,
        }
    }
}

/// The walk along a row.
pub(super) struct Columns {
    pub axis: Axis,
    pub interior: Range<usize>,
    pub pixels: usize,
}

/// Tiles side by side whose pixels reach the same taps of a window row, but that the first pixel
/// may miss some on the left and the last some on the right.
pub(super) struct Cut {
    /// The first pixel.
    pub x: usize,
    /// Pixels of a tile.
    pub tile: usize,
    pub tiles: usize,
    /// Where the taps start that all pixels but the first reach, that all reach, that all but the
    /// last reach; and where those end.
    pub taps: [usize; 4],
}

/// Whether a geometry's windows slide: each input of a depthwise layer is loaded once for all the pixels of a tile that reach it.
#[cfg_attr(all(target_arch = "arm", target_os = "none"), allow(dead_code))] // without an FPU
pub(super) const fn can_slide(geometry: &Geometry) -> bool {
    geometry.kernel[2] == 3
        && geometry.dilation[2] == 1
        && geometry.stride[2] <= 2
        && geometry.filters == geometry.channels
}

impl Cut {
    /// No tiles, before there are any.
    #[cfg_attr(all(target_arch = "arm", target_os = "none"), allow(dead_code))]
    pub const NONE: Self = Cut {
        x: 0,
        tile: 0,
        tiles: 0,
        taps: [0; 4],
    };

    /// Whether windows of three columns slide over the tile: the first pixel misses at most the first tap, the last at most the
    /// last, and the others none.
    #[inline(always)]
    #[cfg_attr(all(target_arch = "arm", target_os = "none"), allow(dead_code))] // without an FPU
    pub fn slides(&self) -> bool {
        let [after_first, first, last, before_last] = self.taps;
        first <= 1 && last >= 2 && (self.tile == 1 || after_first == 0 && before_last == 3)
    }
}

impl Columns {
    #[inline(always)]
    pub fn of(geometry: &Geometry, sizes: &Sizes) -> Self {
        let axis = Axis::of(geometry, sizes, 2);
        Columns {
            axis,
            interior: axis.interior(),
            pixels: sizes.output[2],
        }
    }

    /// The next tiles, from pixel `x` on, each of at most `most` pixels.
    #[inline(always)]
    pub fn cut(&self, x: usize, most: usize) -> Cut {
        let (mut tile, mut tiles) = cut(self.pixels - x, most);
        if self.interior.contains(&x) {
            let inside = self.interior.end - x;
            if tile <= inside {
                // All the tiles of this size that lie inside, in one go.
                while tile * tiles > inside {
                    tiles -= 1;
                }
                let taps = self.axis.inside(x);
                return Cut {
                    x,
                    tile,
                    tiles,
                    taps: [taps.start, taps.start, taps.end, taps.end],
                };
            }
        }
        // At a border: as many pixels as differ in nothing but the taps that the first and the last
        // of them miss.
        let first = self.axis.inside(x);
        loop {
            let last = self.axis.inside(x + tile - 1);
            if tile == 1 {
                return Cut {
                    x,
                    tile,
                    tiles: 1,
                    taps: [first.start, first.start, first.end, first.end],
                };
            }
            let second = self.axis.inside(x + 1);
            let before_last = self.axis.inside(x + tile - 2);
            if second.start == last.start
                && first.end == before_last.end
                && first.start <= last.end
                && last.start <= first.start
            {
                return Cut {
                    x,
                    tile,
                    tiles: 1,
                    taps: [second.start, first.start, last.end, first.end],
                };
            }
            tile -= 1;
        }
    }
}

/// Cuts `pixels` into tiles of at most `most` that differ by one at most: the size of the first and
/// how many have it.
#[inline(always)]
pub(super) const fn cut(pixels: usize, most: usize) -> (usize, usize) {
    if pixels <= most {
        return (pixels, 1);
    }
    let count = divide(pixels + most - 1, most).0;
    let tile = divide(pixels + count - 1, count).0;
    (tile, pixels - (tile - 1) * count)
}
