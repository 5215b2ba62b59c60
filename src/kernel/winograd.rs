//! Winograd's minimal filtering: which layers have it, what it needs, and how far off it can be.
//!
//! An image is cut into tiles of `m` by `m` outputs. The `m + 2` by `m + 2` inputs under a tile, and
//! each filter, are transformed; the transforms are multiplied point by point and summed over the
//! channels; and the sums are transformed to outputs (see `winograd_points.rs`). For one point the
//! sums over all tiles and filters are a product of matrices, which is a convolution of one pixel.

use super::winograd_points::{amplification, filter};
use crate::geometry::{Geometry, LIMIT, Sizes, divide, product};
use crate::pack::PANEL;

/// Outputs along an axis of a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Variant {
    Two,
    Four,
    Six,
}

/// Filters whose products are held at once: as many as there are channels, but no fewer and no more
/// than these.
const FILTERS: [usize; 2] = [64, 128];

/// Tiles of a block above which the filters need not be read more seldom: two register tiles of the
/// widest.
const ENOUGH: usize = 28;

/// Floats of a block that stay in a second-level cache of one to two megabytes beside the filters and
/// the image that pass through it.
pub(super) const CACHED: usize = 192 << 10;

/// Floats of a cache line.
pub(super) const LINE: usize = 16;

/// Floats of scratch with which the planes can start at a multiple of 64 bytes.
const ALIGNMENT: usize = 15;

impl Variant {
    pub const ALL: [Variant; 3] = [Variant::Two, Variant::Four, Variant::Six];

    /// Outputs along an axis.
    pub const fn outputs(self) -> usize {
        match self {
            Variant::Two => 2,
            Variant::Four => 4,
            Variant::Six => 6,
        }
    }

    /// Points of a tile.
    pub const fn points(self) -> usize {
        let along_axis = self.outputs() + 2;
        along_axis * along_axis
    }

    /// A filter of nine taps at each point, rounded once.
    pub const fn filter(self, taps: [f32; 9]) -> [f32; 64] {
        let mut wide = [0.0; 9];
        let mut tap = 0;
        while tap < 9 {
            wide[tap] = taps[tap] as f64;
            tap += 1;
        }
        let points = match self {
            Variant::Two => filter::<2>(wide),
            Variant::Four => filter::<4>(wide),
            Variant::Six => filter::<6>(wide),
        };
        let along_axis = self.outputs() + 2;
        let mut result = [0.0; 64];
        let mut row = 0;
        while row < along_axis {
            let mut column = 0;
            while column < along_axis {
                result[row * along_axis + column] = points[row][column] as f32;
                column += 1;
            }
            row += 1;
        }
        result
    }

    /// The bound of the error: see [`crate::ConvF32::error_bound`].
    ///
    /// The sum of magnitudes grows by the amplification at most, and each of its terms is rounded so
    /// often: once in its filter; in the input's transform `m / 2` times an axis; in the sum over
    /// channels once each; in the output's transform `m / 2 + 2` times an axis; and with the bias.
    pub const fn error_bound(self, channels: usize) -> f64 {
        let m = self.outputs();
        let roundings = 1 + 2 * (m / 2) + channels + 2 * (m / 2 + 2) + 1;
        let amplification = match self {
            Variant::Two => const { amplification::<2>() },
            Variant::Four => const { amplification::<4>() },
            Variant::Six => const { amplification::<6>() },
        };
        amplification * gamma(roundings)
    }

    /// Tiles of the whole output.
    pub const fn tiles(self, geometry: &Geometry, sizes: &Sizes) -> usize {
        let [depth, height, width] = sizes.output;
        let m = self.outputs();
        // No more than outputs, which have been counted.
        geometry.batch * depth * divide(height + m - 1, m).0 * divide(width + m - 1, m).0
    }

    /// The least scratch, in floats: one tile, and one panel of filters.
    pub const fn least_scratch(self, sizes: &Sizes) -> Option<usize> {
        Blocks::sized(sizes, 1, PANEL).scratch(self)
    }

    /// The scratch that more of would not be faster, in floats, at least
    /// [`least_scratch`](Self::least_scratch).
    pub const fn scratch(self, geometry: &Geometry, sizes: &Sizes) -> usize {
        let tiles = self.tiles(geometry, sizes);
        let filters = most_filters(sizes);
        let room = divide(CACHED, self.points()).0;
        let cached = divide(room, row(sizes).saturating_add(filters)).0;
        let most = if cached > ENOUGH { cached } else { ENOUGH };
        let most = if tiles < most { tiles } else { most };
        match Blocks::sized(sizes, most, filters).scratch(self) {
            Some(len) => len,
            None => LIMIT,
        }
    }
}

/// What is computed at once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Blocks {
    pub tiles: usize,
    /// A multiple of a panel.
    pub filters: usize,
    /// Floats from the transformed inputs of one tile to those of the next: whole cache lines.
    pub row: usize,
    /// Floats from the transformed inputs of one point to those of the next, and of the products.
    pub inputs: usize,
    pub products: usize,
}

/// Filters whose products are held at once: no more than a group has, in whole panels.
const fn most_filters(sizes: &Sizes) -> usize {
    let filters = sizes.group_filters.next_multiple_of(PANEL);
    let channels = sizes.group_channels.next_multiple_of(PANEL);
    let most = if channels < FILTERS[0] {
        FILTERS[0]
    } else if channels < FILTERS[1] {
        channels
    } else {
        FILTERS[1]
    };
    if filters < most { filters } else { most }
}

impl Blocks {
    const fn sized(sizes: &Sizes, tiles: usize, filters: usize) -> Self {
        Blocks {
            tiles,
            filters,
            row: row(sizes),
            inputs: plane(tiles, row(sizes)),
            products: plane(tiles, filters),
        }
    }

    /// Floats of scratch that the block takes; nothing if the target cannot address them.
    const fn scratch(&self, variant: Variant) -> Option<usize> {
        // Neither is more than the largest that a product of two can be.
        match product(&[variant.points(), self.inputs.saturating_add(self.products)]) {
            Some(len) => product(&[len + ALIGNMENT]),
            None => None,
        }
    }

    /// The best blocks that so much scratch has room for, at least [`Variant::least_scratch`], for so
    /// many tiles in all; preferably of a multiple of `pixels` tiles, as many as a register tile has.
    pub const fn of(
        variant: Variant,
        sizes: &Sizes,
        tiles: usize,
        scratch: usize,
        pixels: usize,
    ) -> Self {
        let mut best = Blocks::sized(sizes, 1, PANEL);
        let mut least = usize::MAX;
        let mut filters = most_filters(sizes);
        loop {
            let at_once = Blocks::room(variant, sizes, tiles, filters, scratch);
            if at_once > 0 {
                // Every block reads all filters, and all inputs are read once for so many filters at
                // once. These count twice: nobody asks for them early.
                let blocks = divide(tiles + at_once - 1, at_once).0;
                let passes = divide(sizes.group_filters + filters - 1, filters).0;
                let inputs = passes.saturating_mul(tiles).saturating_mul(2);
                let read = blocks
                    .saturating_mul(sizes.group_filters)
                    .saturating_add(inputs);
                if read < least {
                    least = read;
                    // As many blocks, and all alike.
                    let mut even = divide(tiles + blocks - 1, blocks).0;
                    let full = divide(even + pixels - 1, pixels).0 * pixels;
                    if blocks > 1 && full <= at_once {
                        even = full;
                    }
                    best = Blocks::sized(sizes, even, filters);
                }
            }
            if filters <= PANEL {
                return best;
            }
            filters = (filters / 2).next_multiple_of(PANEL);
        }
    }

    /// The most tiles that there is room for with so many filters.
    const fn room(
        variant: Variant,
        sizes: &Sizes,
        tiles: usize,
        filters: usize,
        scratch: usize,
    ) -> usize {
        let each = product(&[variant.points(), row(sizes).saturating_add(filters)]);
        let mut at_once = match each {
            Some(each) => divide(scratch, each).0,
            None => 0,
        };
        if at_once > tiles {
            at_once = tiles;
        }
        // What fills planes up may take some tiles' room.
        while at_once > 0 && !Blocks::fit(variant, sizes, at_once, filters, scratch) {
            at_once -= 1;
        }
        at_once
    }

    const fn fit(
        variant: Variant,
        sizes: &Sizes,
        tiles: usize,
        filters: usize,
        scratch: usize,
    ) -> bool {
        match Blocks::sized(sizes, tiles, filters).scratch(variant) {
            Some(len) => len <= scratch,
            None => false,
        }
    }
}

/// Floats of a tile's transformed inputs at one point.
const fn row(sizes: &Sizes) -> usize {
    sizes.group_channels.div_ceil(LINE).saturating_mul(LINE)
}

/// Floats of a plane of so many rows: an odd number of cache lines, so that neighbouring planes fall
/// into different sets of a cache.
const fn plane(rows: usize, row: usize) -> usize {
    let lines = rows.saturating_mul(row).div_ceil(LINE);
    (lines | 1).saturating_mul(LINE)
}

/// `n u / (1 - n u)`: what a term is off by at most, relatively, that is rounded `n` times.
pub(crate) const fn gamma(roundings: usize) -> f64 {
    let error = roundings as f64 / (1 << 24) as f64;
    if error < 1.0 {
        error / (1.0 - error)
    } else {
        f64::INFINITY
    }
}
