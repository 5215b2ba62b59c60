//! The model of the cost by which `Algorithm::Auto` chooses.
//!
//! Vectors twice as long make products twice as fast and the memory behind them no faster. So there are
//! two [`Machine`]s, one for vectors of eight lanes and one for sixteen. Limits may name the one that a plan
//! is for. A plan for any is given the algorithm that suits the worse of them best: the one whose larger
//! loss, by the fastest on the same machine, is the smallest.
//!
//! Costs are `f32`: small cores plan as well, and have no larger floats. The unit is the time of one
//! multiply-add of a vector, half a cycle. The form of the model is the kernels': how often each inner part
//! runs. The constants, what such a part takes, are fitted to times of one core as
//! `cargo run --release --example choice -- --csv --level NAME` prints them:
//!
//! * Eight lanes: an AMD EPYC (Zen 3: 512 KiB of second-level cache, 32 MiB of third). 1,600 random layers
//!   (`--random 400`, seeds 2001 to 2004), the less of two runs, and the layer set ten times. First the
//!   least squares of the relative error, none negative; from there the least loss, where each algorithm is
//!   chosen as likely as it is close to the fastest. The model is off by 9 to 13 % in the mean.
//! * Sixteen: an Intel Xeon (Sapphire Rapids: 2 MiB of second-level cache), 212 layers, least squares. It is
//!   off by 12 to 18 %, of those same layers.
//!
//! A choice need not be exact where two algorithms are as fast. The example counts the choices that are more
//! than 5 % slower than the best. (Of 1,600 layers that the eight lanes were fitted to, 100 are, of 200
//! others 12; regression trees on top of this model do no better, 15 of 218. Two runs on the same 218 layers
//! disagree by that much on 13 to 16: so much is the machine's noise.)

use super::rows::cut;
use super::winograd::{Blocks, Variant};
use crate::algorithm::Tuning;
use crate::geometry::{Geometry, Sizes, divide};
use crate::pack::PANEL;

/// The multiply-adds that one chain waits for the next in.
const CHAINS: usize = 8;

/// A level's vectors, and what its kernels take.
pub(super) struct Machine {
    lanes: usize,
    /// Pixels of the register tiles of one, two and four vectors: of the direct algorithm, and of the
    /// products of the others.
    tiles: [usize; 3],
    products: [usize; 3],
    direct: Direct,
    winograd: [Parts; 3],
}

/// What a multiply-add takes, what more in a tile of a single vector, and one that is waited for as too few
/// are independent.
struct Product {
    each: f32,
    single: f32,
    wait: f32,
}

impl Product {
    const fn time(&self, sums: &Sums) -> f32 {
        sums.products as f32 * self.each
            + sums.singles as f32 * self.single
            + sums.waits as f32 * self.wait
    }
}

/// What the parts of the direct algorithm take.
struct Direct {
    product: Product,
    /// A register tile, whatever its sums.
    tile: f32,
    /// A window row of a register tile, where the taps of one group are taken apart.
    piece: f32,
    /// A pixel of a group whose last vector is not whole.
    part: f32,
    /// A cache line of the weights past what the second-level cache keeps, and more of one past the third.
    far_line: f32,
    distant_line: f32,
    /// The call.
    call: f32,
}

/// What the parts of a Winograd algorithm take.
struct Parts {
    product: Product,
    /// The transform of a tile's inputs: of a vector of channels, where the tile lies inside and at a
    /// border, and of a last vector that is not whole.
    inputs: [f32; 3],
    /// The transform to outputs: of a vector of filters, where all of the tile lies in the output and
    /// where some does, and of a last vector that is not whole.
    outputs: [f32; 3],
    /// More of a vector of filters that is written across cache lines.
    unaligned: f32,
    /// A cache line of the filters past what stays in the second-level cache, for each block of tiles, and more
    /// of one past the third.
    far_line: f32,
    distant_line: f32,
    /// A cache line of the input past a megabyte, and of the output.
    lines: [f32; 2],
    /// The products of a block at one point.
    point: f32,
    /// A tile.
    tile: f32,
    /// The call.
    call: f32,
}

/// Vectors of eight lanes, and of sixteen.
const MACHINES: [Machine; 2] = [
    Machine {
        lanes: 8,
        tiles: [12, 6, 3],
        products: [12, 6, 3],
        direct: Direct {
            product: Product {
                each: 1.038,
                single: 0.05181,
                wait: 0.9534,
            },
            tile: 0.0,
            piece: 0.0,
            part: 0.0,
            far_line: 0.01898,
            distant_line: 31.3,
            call: 3383.0,
        },
        winograd: [
            Parts {
                product: Product {
                    each: 1.081,
                    single: 0.7353,
                    wait: 1.165,
                },
                inputs: [34.07, 11.45, 416.2],
                outputs: [52.75, 136.8, 40.72],
                unaligned: 40.66,
                far_line: 1.198,
                distant_line: 51.3,
                lines: [27.97, 19.2],
                point: 0.1336,
                tile: 195.9,
                call: 4854.0,
            },
            Parts {
                product: Product {
                    each: 1.015,
                    single: 0.6206,
                    wait: 0.8316,
                },
                inputs: [414.8, 232.0, 1114.0],
                outputs: [237.1, 395.0, 215.6],
                unaligned: 0.0,
                far_line: 6.916,
                distant_line: 24.61,
                lines: [5.662, 20.63],
                point: 133.9,
                tile: 96.05,
                call: 2799.0,
            },
            Parts {
                product: Product {
                    each: 0.9248,
                    single: 0.5117,
                    wait: 0.8536,
                },
                inputs: [992.7, 688.9, 1761.0],
                outputs: [598.8, 838.7, 1003.0],
                unaligned: 2.409,
                far_line: 10.43,
                distant_line: 4.657,
                lines: [8.089, 14.09],
                point: 105.0,
                tile: 1.213,
                call: 1359.0,
            },
        ],
    },
    Machine {
        lanes: 16,
        tiles: [14, 7, 3],
        products: [14, 14, 6],
        direct: Direct {
            product: Product {
                each: 1.3,
                single: 0.0,
                wait: 0.8976,
            },
            tile: 17.39,
            piece: 58.4,
            part: 0.6344,
            far_line: 3.5,
            distant_line: 0.0,
            call: 1038.0,
        },
        winograd: [
            Parts {
                product: Product {
                    each: 1.114,
                    single: 0.0,
                    wait: 0.968,
                },
                inputs: [216.2, 179.3, 192.1],
                outputs: [138.2, 69.3, 163.8],
                unaligned: 62.34,
                far_line: 5.952,
                distant_line: 0.0,
                lines: [0.0, 34.65],
                point: 112.8,
                tile: 0.0,
                call: 0.0,
            },
            Parts {
                product: Product {
                    each: 1.161,
                    single: 0.0,
                    wait: 0.6939,
                },
                inputs: [428.3, 546.9, 474.1],
                outputs: [434.0, 296.4, 416.0],
                unaligned: 179.4,
                far_line: 12.99,
                distant_line: 0.0,
                lines: [20.84, 32.21],
                point: 108.2,
                tile: 0.0,
                call: 0.0,
            },
            Parts {
                product: Product {
                    each: 1.239,
                    single: 0.0,
                    wait: 0.6848,
                },
                inputs: [834.7, 1258.0, 902.0],
                outputs: [910.7, 874.2, 863.5],
                unaligned: 519.1,
                far_line: 12.61,
                distant_line: 0.0,
                lines: [33.62, 30.33],
                point: 98.02,
                tile: 0.0,
                call: 0.0,
            },
        ],
    },
];

/// The machines that a plan is for.
pub(super) const fn machines(tuning: Tuning) -> &'static [Machine] {
    let [eight, sixteen] = &MACHINES;
    match tuning {
        Tuning::Any => &MACHINES,
        Tuning::Avx2 => core::slice::from_ref(eight),
        Tuning::Avx512 => core::slice::from_ref(sixteen),
    }
}

const LINE_BYTES: f32 = 64.0;
/// Bytes of weights of the direct algorithm, and of the others' filters, that stay in the second-level cache,
/// and of either in the third.
const FAR_WEIGHTS: f32 = 5e5;
const FAR_FILTERS: f32 = 1.5e6;
const DISTANT: f32 = 2e7;
const LARGE: f32 = 1e6;

/// Of one channel: the multiply-adds of some pixels side by side, those of a single vector and the waits
/// among them, and the register tiles.
struct Sums {
    products: usize,
    singles: usize,
    waits: usize,
    tiles: usize,
}

impl Sums {
    const NONE: Sums = Sums {
        products: 0,
        singles: 0,
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
            singles: self.singles + if vectors == 1 { blocks * pixels } else { 0 },
            waits: self.waits + blocks * (tiles * wait + others * other_wait),
            tiles: self.tiles + blocks * (tiles + others),
        }
    }

    /// The sums of the filters of a group, for so many pixels, by the rules of the kernels. (`even`: four vectors
    /// need only be as good as two.)
    const fn of(
        pixels: usize,
        filters: usize,
        lanes: usize,
        [one, two, four]: [usize; 3],
        even: bool,
    ) -> Sums {
        // Whole panels side by side, and what is left in vectors.
        let last = divide(filters % PANEL + lanes - 1, lanes).0;
        let mut vectors = filters / PANEL * divide(PANEL, lanes).0 + last;
        let mut sums = Sums::NONE;
        if Sums::wide(pixels, two, four, even) {
            sums = sums.and(vectors / 4, 4, pixels, four);
            vectors %= 4;
        }
        sums = sums.and(vectors / 2, 2, pixels, two);
        sums.and(vectors % 2, 1, pixels, one)
    }

    /// Whether four vectors make the better tile.
    const fn wide(pixels: usize, two: usize, four: usize, even: bool) -> bool {
        let four = Sums::NONE.and(1, 4, pixels, four);
        let two = Sums::NONE.and(2, 2, pixels, two);
        four.products + four.waits < two.products + two.waits + even as usize
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

impl Machine {
    /// The direct algorithm.
    pub const fn direct(&self, geometry: &Geometry, sizes: &Sizes) -> f32 {
        let parts = &self.direct;
        let [_, input_height, input_width] = geometry.input;
        let [depth, height, width] = sizes.output;
        let filters = sizes.group_filters;
        let planes = geometry.batch as f32 * depth as f32 * geometry.groups as f32;
        let rows = pairs_inside(input_height, sizes.padding[1][0], height) as f32;
        let columns = pairs_inside(input_width, sizes.padding[2][0], width);
        let mut sums = Sums::of(width, filters, self.lanes, self.tiles, true);
        let mut lines = height as f32;
        // Pixels of a narrow map that all reach the same taps make tiles with those under them.
        if width <= self.tiles[2] && columns == 3 * width {
            let down = Sums::of(height, filters, self.lanes, self.tiles, true);
            if (down.products + down.waits) * width < (sums.products + sums.waits) * height {
                sums = down;
                lines = width as f32;
            }
        }
        let channels = sizes.group_channels as f32;
        // Of a pixel, in the mean.
        let taps = rows / height as f32 * columns as f32 / width as f32;
        let tiles = lines * sums.tiles as f32;
        let mut cost =
            planes * (lines * taps * channels * parts.product.time(&sums) + tiles * parts.tile);
        if geometry.groups > 1 {
            cost += planes * rows / height as f32 * tiles * parts.piece;
        }
        if !filters.is_multiple_of(self.lanes) {
            cost += planes * height as f32 * width as f32 * parts.part;
        }
        let bytes = sizes.weights_len as f32 * 4.0;
        cost + past(FAR_WEIGHTS, bytes) * parts.far_line
            + past(DISTANT, bytes) * parts.distant_line
            + parts.call
    }

    /// A Winograd algorithm, for a geometry that it computes, with so much scratch.
    pub const fn winograd(
        &self,
        variant: Variant,
        geometry: &Geometry,
        sizes: &Sizes,
        scratch: usize,
    ) -> f32 {
        let [two, four, six] = &self.winograd;
        let parts = match variant {
            Variant::Two => two,
            Variant::Four => four,
            Variant::Six => six,
        };
        let (channels, filters) = (sizes.group_channels, sizes.group_filters);
        let (groups, points) = (geometry.groups as f32, variant.points() as f32);
        let tiles = variant.tiles(geometry, sizes);
        let blocks = Blocks::of(variant, sizes, tiles, scratch, self.products[1]);
        let (count, _) = divide(tiles + blocks.tiles - 1, blocks.tiles);
        let last = tiles - (count - 1) * blocks.tiles;
        let mut products = 0.0;
        let mut rest: &[(usize, usize)] = &[(blocks.tiles, count - 1), (last, 1)];
        while let [(tiles, times), tail @ ..] = rest {
            let sums = Sums::of(*tiles, filters, self.lanes, self.products, false);
            products += *times as f32 * parts.product.time(&sums) * channels as f32;
            rest = tail;
        }
        let passes = divide(filters + blocks.filters - 1, blocks.filters).0;
        products += count as f32 * passes as f32 * parts.point;

        let planes = geometry.batch as f32 * sizes.output[0] as f32;
        let inside =
            planes * inside(variant, geometry, sizes, 1) * inside(variant, geometry, sizes, 2);
        let whole = planes
            * divide(sizes.output[1], variant.outputs()).0 as f32
            * divide(sizes.output[2], variant.outputs()).0 as f32;
        let tiles = tiles as f32;
        let mut transforms = self.transform(parts.inputs, channels, inside, tiles)
            + self.transform(parts.outputs, filters, whole, tiles)
            + tiles * parts.tile;
        if !geometry.filters.is_multiple_of(self.lanes) {
            transforms += tiles * divide(filters, self.lanes).0 as f32 * parts.unaligned;
        }

        let bytes = groups * points * channels as f32 * filters as f32 * 4.0;
        groups * (points * products + transforms)
            + count as f32 * past(FAR_FILTERS, bytes) * parts.far_line
            + count as f32 * past(DISTANT, bytes) * parts.distant_line
            + past(LARGE, sizes.input_len as f32 * 4.0) * parts.lines[0]
            + past(LARGE, sizes.output_len as f32 * 4.0) * parts.lines[1]
            + parts.call
    }

    /// All tiles' transforms, some of which are the simple ones.
    const fn transform(&self, parts: [f32; 3], channels: usize, simple: f32, tiles: f32) -> f32 {
        let vectors = divide(channels, self.lanes).0 as f32;
        let part = if channels.is_multiple_of(self.lanes) {
            0.0
        } else {
            parts[2]
        };
        vectors * (simple * parts[0] + (tiles - simple) * parts[1]) + tiles * part
    }
}

/// Tiles along an axis whose inputs all lie inside.
const fn inside(variant: Variant, geometry: &Geometry, sizes: &Sizes, axis: usize) -> f32 {
    let m = variant.outputs();
    let (size, before) = (geometry.input[axis], sizes.padding[axis][0]);
    let first = divide(before + m - 1, m).0;
    match (size + before).checked_sub(m + 2) {
        Some(last) => (divide(last, m).0 + 1).saturating_sub(first) as f32,
        None => 0.0,
    }
}

/// Cache lines of what is past so many bytes.
const fn past(limit: f32, bytes: f32) -> f32 {
    if bytes > limit {
        (bytes - limit) / LINE_BYTES
    } else {
        0.0
    }
}
