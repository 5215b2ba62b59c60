//! The model of the cost by which `Algorithm::Auto` chooses.
//!
//! The unit is the time of one multiply-add of a vector of eight lanes, half a cycle. The form of the
//! model is the kernels': how often each inner part runs. The constants, what such a part takes, are
//! fitted (least squares of the relative error, none negative) to the times of 207 layers on AVX2, one
//! core of an AMD EPYC (Zen 3, 3.2 GHz), as `cargo run --release --example choice -- --csv` prints
//! them. The model is off by 3 to 6 % in the mean, of those same layers. The example fails where a
//! choice is more than 5 % slower than the best. A plan is for every level, so levels with longer or shorter vectors get
//! the same choice.

use super::rows::cut;
use super::winograd::{Blocks, Variant};
use crate::geometry::{Geometry, Sizes, divide};
use crate::pack::PANEL;

/// Lanes of the vectors, pixels of the register tiles, and the multiply-adds that one chain waits
/// for the next in.
const LANES: usize = 8;
const PIXELS: usize = 6;
const NARROW_PIXELS: usize = 2 * PIXELS;
const WIDE_PIXELS: usize = PIXELS / 2;
const CHAINS: usize = 8;

/// What the parts of the direct algorithm take.
mod direct_parts {
    /// A multiply-add, and one that is waited for as too few are independent.
    pub const PRODUCT: f64 = 1.085;
    pub const WAIT: f64 = 0.602;
    /// A register tile, whatever its sums.
    pub const TILE: f64 = 120.0;
    /// A window row of a register tile, where the taps of one group are taken apart.
    pub const PIECE: f64 = 22.5;
    /// A pixel of a group whose last vector is not whole.
    pub const PART: f64 = 27.4;
    /// A vector that is written across cache lines.
    pub const UNALIGNED: f64 = 5.07;
    /// A cache line of the weights past so many bytes.
    pub const FAR_LINE: f64 = 10.05;
    pub const FAR: f64 = 5e5;
    /// The call.
    pub const CALL: f64 = 1078.0;
}

/// What the parts of a Winograd algorithm take.
struct Parts {
    /// As for the direct algorithm.
    product: f64,
    wait: f64,
    /// The transform of a tile's inputs: of a vector of channels, where the tile lies inside and at a
    /// border, and of a last vector that is not whole.
    inputs: [f64; 3],
    /// The transform to outputs: of a vector of filters, where all of the tile lies in the output and
    /// where some does, and of a last vector that is not whole.
    outputs: [f64; 3],
    /// A cache line of the filters past six megabytes, and past twelve, for each block of tiles.
    far_lines: [f64; 2],
    /// The products of a block at one point.
    point: f64,
    /// A tile.
    tile: f64,
    /// The call.
    call: f64,
    /// A cache line of the output past a megabyte.
    output_line: f64,
}

const fn parts(variant: Variant) -> Parts {
    match variant {
        Variant::Two => Parts {
            product: 1.057,
            wait: 1.042,
            inputs: [103.5, 93.8, 457.8],
            outputs: [90.0, 84.7, 206.3],
            far_lines: [4.56, 26.2],
            point: 75.1,
            tile: 95.8,
            call: 52.0,
            output_line: 18.4,
        },
        Variant::Four => Parts {
            product: 1.075,
            wait: 0.638,
            inputs: [403.8, 370.5, 1134.0],
            outputs: [340.1, 266.2, 677.9],
            far_lines: [5.05, 10.8],
            point: 31.0,
            tile: 74.6,
            call: 2232.0,
            output_line: 15.9,
        },
        Variant::Six => Parts {
            product: 1.096,
            wait: 0.610,
            inputs: [905.1, 858.9, 2103.0],
            outputs: [727.6, 617.5, 1652.0],
            far_lines: [3.05, 15.4],
            point: 43.6,
            tile: 7.6,
            call: 1090.0,
            output_line: 19.7,
        },
    }
}

const LINE_BYTES: f64 = 64.0;
const FAR: [f64; 2] = [6e6, 12e6];
const LARGE: f64 = 1e6;

/// Of one channel: the multiply-adds of some pixels side by side, the waits among them, and the
/// register tiles.
struct Sums {
    products: usize,
    waits: usize,
    tiles: usize,
}

impl Sums {
    const NONE: Sums = Sums {
        products: 0,
        waits: 0,
        tiles: 0,
    };

    /// With so many blocks more of `vectors` vectors, in tiles of at most `most` pixels.
    const fn and(self, blocks: usize, vectors: usize, pixels: usize, most: usize) -> Sums {
        let (tile, tiles) = cut(pixels, most);
        // What is left has one pixel less.
        let rest = pixels.saturating_sub(tile * tiles);
        let others = divide(rest, tile.saturating_sub(1)).0;
        let wait = CHAINS.saturating_sub(tile * vectors);
        let other_wait = CHAINS.saturating_sub(tile.saturating_sub(1) * vectors);
        Sums {
            products: self.products + blocks * vectors * pixels,
            waits: self.waits + blocks * (tiles * wait + others * other_wait),
            tiles: self.tiles + blocks * (tiles + others),
        }
    }

    /// The sums of the filters of a group, for so many pixels, by the rules of the direct kernel.
    const fn of(pixels: usize, filters: usize, wide: bool) -> Sums {
        let mut panels = filters / PANEL;
        let narrow = filters % PANEL;
        if narrow > LANES {
            panels += 1;
        }
        let mut sums = Sums::NONE;
        if wide {
            sums = sums.and(panels / 2, 4, pixels, WIDE_PIXELS);
            panels %= 2;
        }
        sums = sums.and(panels, 2, pixels, PIXELS);
        if 0 < narrow && narrow <= LANES {
            sums = sums.and(1, 1, pixels, NARROW_PIXELS);
        }
        sums
    }

    /// Whether four vectors make the better tile.
    const fn wide(pixels: usize) -> bool {
        let four = Sums::NONE.and(1, 4, pixels, WIDE_PIXELS);
        let two = Sums::NONE.and(2, 2, pixels, PIXELS);
        four.products + four.waits < two.products + two.waits
    }
}

/// Positions along an axis and taps of the window that lie inside the input, all pairs of them.
const fn pairs_inside(size: usize, before: usize, positions: usize) -> usize {
    let mut pairs = 0;
    let mut tap = 0;
    while tap < 3 {
        let first = before.saturating_sub(tap);
        let end = (size + before).saturating_sub(tap);
        let end = if end < positions { end } else { positions };
        pairs += end.saturating_sub(first);
        tap += 1;
    }
    pairs
}

/// The direct algorithm.
pub(super) const fn direct(geometry: &Geometry, sizes: &Sizes) -> f64 {
    use direct_parts::*;
    let [_, input_height, input_width] = geometry.input;
    let [depth, height, width] = sizes.output;
    let filters = sizes.group_filters;
    let planes = geometry.batch as f64 * depth as f64 * geometry.groups as f64;
    let rows = pairs_inside(input_height, sizes.padding[1][0], height) as f64;
    let columns = pairs_inside(input_width, sizes.padding[2][0], width) as f64;
    let sums = Sums::of(width, filters, Sums::wide(width));
    let channels = sizes.group_channels as f64;
    let taps = rows * columns / width as f64;
    let mut cost = planes
        * (taps * channels * (sums.products as f64 * PRODUCT + sums.waits as f64 * WAIT)
            + height as f64 * sums.tiles as f64 * TILE);
    if geometry.groups > 1 {
        cost += planes * rows * sums.tiles as f64 * PIECE;
    }
    let pixels = planes * height as f64 * width as f64;
    if !filters.is_multiple_of(LANES) {
        cost += pixels * PART;
    }
    if !geometry.filters.is_multiple_of(LANES) {
        cost += pixels * filters.div_ceil(LANES) as f64 * UNALIGNED;
    }
    cost + past(FAR, sizes.weights_len as f64 * 4.0) * FAR_LINE + CALL
}

/// A Winograd algorithm, for a geometry that it computes, with so much scratch.
pub(super) const fn winograd(
    variant: Variant,
    geometry: &Geometry,
    sizes: &Sizes,
    scratch: usize,
) -> f64 {
    let parts = parts(variant);
    let (channels, filters) = (sizes.group_channels, sizes.group_filters);
    let (groups, points) = (geometry.groups as f64, variant.points() as f64);
    let tiles = variant.tiles(geometry, sizes);
    let blocks = Blocks::of(variant, sizes, tiles, scratch, PIXELS);
    let (count, _) = divide(tiles + blocks.tiles - 1, blocks.tiles);
    let last = tiles - (count - 1) * blocks.tiles;
    let mut products = 0.0;
    let mut rest: &[(usize, usize)] = &[(blocks.tiles, count - 1), (last, 1)];
    while let [(tiles, times), tail @ ..] = rest {
        let sums = Sums::of(*tiles, filters, false);
        let each = sums.products as f64 * parts.product + sums.waits as f64 * parts.wait;
        products += *times as f64 * each * channels as f64;
        rest = tail;
    }
    let passes = divide(filters + blocks.filters - 1, blocks.filters).0;
    products += count as f64 * passes as f64 * parts.point;

    let planes = geometry.batch as f64 * sizes.output[0] as f64;
    let inside = planes * inside(variant, geometry, sizes, 1) * inside(variant, geometry, sizes, 2);
    let whole = planes
        * divide(sizes.output[1], variant.outputs()).0 as f64
        * divide(sizes.output[2], variant.outputs()).0 as f64;
    let tiles = tiles as f64;
    let transforms = transform(parts.inputs, channels, inside, tiles)
        + transform(parts.outputs, filters, whole, tiles)
        + tiles * parts.tile;

    let bytes = groups * points * channels as f64 * filters as f64 * 4.0;
    let far = past(FAR[0], bytes) * parts.far_lines[0] + past(FAR[1], bytes) * parts.far_lines[1];
    groups * (points * products + transforms)
        + count as f64 * far
        + past(LARGE, sizes.output_len as f64 * 4.0) * parts.output_line
        + parts.call
}

/// All tiles' transforms, some of which are the simple ones.
const fn transform(parts: [f64; 3], channels: usize, simple: f64, tiles: f64) -> f64 {
    let vectors = (channels / LANES) as f64;
    let part = if channels.is_multiple_of(LANES) {
        0.0
    } else {
        parts[2]
    };
    vectors * (simple * parts[0] + (tiles - simple) * parts[1]) + tiles * part
}

/// Tiles along an axis whose inputs all lie inside.
const fn inside(variant: Variant, geometry: &Geometry, sizes: &Sizes, axis: usize) -> f64 {
    let m = variant.outputs();
    let (size, before) = (geometry.input[axis], sizes.padding[axis][0]);
    let first = divide(before + m - 1, m).0;
    match (size + before).checked_sub(m + 2) {
        Some(last) => (divide(last, m).0 + 1).saturating_sub(first) as f64,
        None => 0.0,
    }
}

/// Cache lines of what is past so many bytes.
const fn past(limit: f64, bytes: f64) -> f64 {
    if bytes > limit {
        (bytes - limit) / LINE_BYTES
    } else {
        0.0
    }
}
