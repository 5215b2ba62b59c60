//! How output channels are cut into blocks.

use super::rows::cut;
use super::window::quotient;
use super::{CACHED, Job};
use crate::pack::{self, PANEL, Panels};
use crate::simd::Simd;

/// Blocks of output channels that are alike: the vectors that stand side by side in a tile.
pub(super) struct Block {
    pub count: usize,
    /// Floats from one block's panel to the next one's.
    pub step: usize,
    pub vectors: usize,
    /// Channels of each that exist.
    pub channels: usize,
    /// Where the first panel starts, and the first of its block's filters in it.
    pub panel: usize,
    pub lane: usize,
    pub width: usize,
    pub panel_len: usize,
    /// Where the panel of the block after them starts.
    pub next: usize,
}

impl Block {
    /// The blocks of a group's filters from `first` on, in the panel at `panel`, of at most `most`
    /// vectors. Only one, unless tiles may pass over one block after the other (`together`).
    #[inline(always)]
    pub fn new<S: Simd>(
        most: usize,
        together: bool,
        filters: usize,
        rows: usize,
        first: usize,
        panel: usize,
    ) -> Self {
        let lane = first % PANEL;
        let left = filters - first;
        let width = pack::width(left + lane);
        let vectors = if alike::<S>(most, left) {
            most
        } else if alike::<S>(S::VECTORS, left) {
            S::VECTORS
        } else {
            (width - lane).min(PANEL).div_ceil(S::LANES).min(S::VECTORS)
        };
        let lanes = vectors * S::LANES;
        let panel_len = width * rows;
        let finished = if lanes > PANEL {
            lanes / PANEL
        } else {
            // A group's last panel may hold more lanes than filters.
            usize::from(lane + lanes >= width || lanes >= left)
        };
        let count = if together && lanes.is_multiple_of(PANEL) && lanes <= left {
            quotient(left, lanes)
        } else {
            1
        };
        Block {
            count,
            step: finished * panel_len,
            vectors,
            channels: left.min(lanes),
            panel,
            lane,
            width,
            panel_len,
            next: panel + count * finished * panel_len,
        }
    }
}

/// How many parts a job is computed in, each through all blocks, if that is better than block after block, where so much
/// of its input is read. Everything at once reads the input once for each block; parts that the cache keeps read the
/// weights once for each part.
#[inline(always)]
pub(super) fn parts<S: Simd>(job: &Job<'_>, read: usize) -> Option<usize> {
    let passes = job.geometry().filters.div_ceil(S::VECTORS * S::LANES);
    let parts = read.div_ceil(CACHED);
    (parts.saturating_mul(job.memory.packed.len()) < passes.saturating_mul(read)).then_some(parts)
}

/// Whether a block of so many vectors takes more than one panel of the filters that are left, all of the same width.
#[inline(always)]
fn alike<S: Simd>(vectors: usize, left: usize) -> bool {
    let lanes = vectors * S::LANES;
    lanes > PANEL && pack::width(left.saturating_sub(lanes - PANEL)) == PANEL
}

/// How many vectors make the better tile for a row of so many pixels. The wider tile, of fewer pixels, reads
/// less for as many multiply-adds, so it also is if neither takes longer, and for a panel of few rows, where what
/// counts is that more stores go to the same pixel. A panel of many rows the first-level cache does not keep: tiles of
/// more pixels then wait less often for its weights.
#[inline(always)]
pub(super) fn vectors<S: Simd>(pixels: usize, panels: &Panels) -> usize {
    // No block of such a layer is so wide: it need not wait for the answer.
    if !alike::<S>(S::WIDE, panels.filters) {
        return S::VECTORS;
    }
    let rows = panels.rows();
    let cost = |vectors: usize| cost(pixels, S::TILES[vectors], vectors, step);
    let [many, few] = [S::VECTORS, S::WIDE];
    let (few_cost, many_cost) = (cost(few) * many, cost(many) * few);
    let wide = match rows > S::LONG {
        true => few_cost + few_cost / 25 < many_cost,
        false => few_cost <= many_cost,
    };
    if few > many && (rows <= S::SHORT || wide) {
        few
    } else {
        many
    }
}

/// What a row of so many pixels takes for a tap in tiles of at most `most` pixels, if a tile of some sums takes a `step`.
#[inline(always)]
pub(super) fn cost(
    pixels: usize,
    most: usize,
    vectors: usize,
    step: impl Fn(usize) -> usize,
) -> usize {
    let (tile, tiles) = cut(pixels, most);
    let rest = pixels.saturating_sub(tile * tiles);
    let others = quotient(rest, tile.saturating_sub(1));
    tiles * step(tile * vectors) + others * step(tile.saturating_sub(1) * vectors)
}

/// What a tile of so many sums takes for a tap, in sixteenths of a multiply-add: as long as its multiply-adds, or
/// as eight of them, which is what one chain waits for the next in; and with few more than that, two units
/// that multiply-adds are dealt out to in turn are not both busy all the time (measured on Zen 4: 8 take as long
/// as 8.8 would, 10 as 10.6, 12 as 12.2).
#[inline(always)]
pub(super) const fn step(sums: usize) -> usize {
    let least = if sums < 8 { 8 } else { sums };
    16 * least + if sums < 12 { 10 } else { 3 }
}
