//! Winograd's minimal filtering, block by block of tiles: transform the inputs of all channels, then,
//! for some filters after the other, multiply at every point and transform the products.
//!
//! ```text
//! scratch = inputs[point][tile][channel]  products[point][tile][filter]
//! ```
//!
//! One plane of inputs times the filters of its point is a convolution of one pixel, and computed as
//! that. Its sums start at zero and run over the channels in ascending order, whatever the block.

use super::Job;
use super::piece::lane;
use super::window::{Axis, count, quotient};
use super::winograd::{Blocks, LINE, Variant};
use super::winograd_products::Products;
use super::winograd_transform::{input_tile, output_tile};
use crate::pack::PANEL;
use crate::simd::{Kernel, Simd};
use core::ops::Range;

#[inline(always)]
pub(super) fn run<S: Simd>(simd: S, job: &Job<'_>, variant: Variant) {
    match variant {
        Variant::Two => blocks::<S, 2, 4>(simd, job, variant),
        Variant::Four => blocks::<S, 4, 6>(simd, job, variant),
        Variant::Six => blocks::<S, 6, 8>(simd, job, variant),
    }
}

/// Tiles of `M` by `M` outputs, from `N` by `N` inputs.
#[inline(always)]
fn blocks<S: Simd, const M: usize, const N: usize>(simd: S, job: &Job<'_>, variant: Variant) {
    let image = Image::of(job);
    let panels = job.panels();
    let mut left = image.tiles::<M>(&job.rows);
    if left == 0 {
        return;
    }
    let blocks = Blocks::of(
        variant,
        job.sizes(),
        left,
        job.memory.scratch.len(),
        S::PRODUCTS[S::VECTORS],
    );
    let scratch = job.scratch();
    // The planes start at a cache line; how far that is from the start, `Blocks` has counted in.
    let past = scratch.addr() / size_of::<f32>() % LINE;
    let inputs = scratch.wrapping_add((LINE - past) % LINE);
    let products = inputs.wrapping_add(N * N * blocks.inputs);
    let mut place = Place::first(&image, &job.rows);
    let step = PANEL * panels.rows();
    while left > 0 {
        let tiles = blocks.tiles.min(left);
        let next = place.after::<M>(&image, tiles);
        let mut packed = job.packed();
        for group in 0..panels.groups {
            simd.run(Inputs::<M, N> {
                image: &image,
                place,
                tiles,
                channel: group * panels.depth,
                channels: panels.depth,
                to: inputs,
                row: blocks.row,
                plane: blocks.inputs,
            });
            let mut first = 0;
            while first < panels.filters {
                let filters = blocks.filters.min(panels.filters - first);
                let products = Products {
                    inputs,
                    inputs_row: blocks.row,
                    inputs_plane: blocks.inputs,
                    packed: packed.wrapping_add(first / PANEL * step),
                    filters,
                    rows: panels.rows(),
                    depth: panels.depth,
                    tiles,
                    to: products,
                    plane: blocks.products,
                    pixel: blocks.filters,
                };
                // SAFETY: `Blocks` has counted the planes, and the panels lie as `Panels` counts
                // them.
                unsafe { products.multiply(simd, N * N) };
                simd.run(Outputs::<M, N> {
                    image: &image,
                    place,
                    products: &products,
                    filter: group * panels.filters + first,
                    clamp: job.activation().range(),
                });
                first += filters;
            }
            packed = packed.wrapping_add(panels.group());
        }
        place = next;
        left -= tiles;
    }
}

/// What all blocks share.
struct Image {
    input: *const f32,
    output: *mut f32,
    depth: Axis,
    /// Input planes and output planes of an image.
    input_depth: usize,
    output_depth: usize,
    /// Height and width of the input, of the output, and the padding before them.
    input_size: [usize; 2],
    output_size: [usize; 2],
    before: [usize; 2],
    /// Channels of the input and of the output, of all groups.
    channels: usize,
    filters: usize,
    /// The first row of the input, counted through batch, depth and height.
    first_input_row: usize,
}

impl Image {
    fn of(job: &Job<'_>) -> Self {
        let (geometry, sizes) = (job.geometry(), job.sizes());
        let [input_depth, input_height, input_width] = geometry.input;
        let [output_depth, output_height, output_width] = sizes.output;
        Image {
            input: job.input(),
            output: job.output(),
            depth: Axis::of(geometry, sizes, 0),
            input_depth,
            output_depth,
            input_size: [input_height, input_width],
            output_size: [output_height, output_width],
            before: [sizes.padding[1][0], sizes.padding[2][0]],
            channels: geometry.channels,
            filters: geometry.filters,
            first_input_row: job.first_input_row,
        }
    }

    /// Tiles of some rows, which are whole tiles of each plane.
    fn tiles<const M: usize>(&self, rows: &Range<usize>) -> usize {
        let [height, width] = self.output_size;
        let (first, last) = (quotient(rows.start, height), quotient(rows.end, height));
        let tall = |rows: usize| rows.div_ceil(M);
        // Whole planes up to the last, less what is before the start.
        let rows = (last - first) * tall(height) + tall(rows.end - last * height)
            - tall(rows.start - first * height);
        rows * width.div_ceil(M)
    }
}

/// Where a tile is: its first output.
#[derive(Clone, Copy)]
struct Place {
    image: usize,
    z: usize,
    y: usize,
    x: usize,
    /// The row, counted from the job's first.
    row: usize,
}

impl Place {
    fn first(image: &Image, rows: &Range<usize>) -> Self {
        let plane = quotient(rows.start, image.output_size[0]);
        let number = quotient(plane, image.output_depth);
        Place {
            image: number,
            z: plane - number * image.output_depth,
            y: rows.start - plane * image.output_size[0],
            x: 0,
            row: 0,
        }
    }

    /// The next tile: to the right, below, or in the next plane.
    #[inline(always)]
    fn step<const M: usize>(&mut self, image: &Image) {
        let [height, width] = image.output_size;
        self.x += M;
        if self.x >= width {
            self.x = 0;
            self.row += M.min(height - self.y);
            self.y += M;
        }
        if self.y >= height {
            self.y = 0;
            self.z += 1;
        }
        if self.z == image.output_depth {
            self.z = 0;
            self.image += 1;
        }
    }

    fn after<const M: usize>(mut self, image: &Image, tiles: usize) -> Self {
        for _ in 0..tiles {
            self.step::<M>(image);
        }
        self
    }
}

/// The inputs under a tile.
struct Window<const N: usize> {
    /// Where the first would be, were there no padding.
    at: *const f32,
    /// The rows and columns that lie inside.
    rows: Range<usize>,
    columns: Range<usize>,
}

impl<const N: usize> Window<N> {
    #[inline(always)]
    fn of(image: &Image, place: &Place) -> Self {
        // Padded coordinates: the input is `before..before + size`.
        let inside = |axis: usize, at: usize| {
            let before = image.before[axis];
            let low = before.saturating_sub(at).min(N);
            let high = (before + image.input_size[axis]).saturating_sub(at).min(N);
            low..high.max(low)
        };
        let [height, width] = image.input_size;
        let mut rows = inside(0, place.y);
        if image.depth.inside(place.z).is_empty() {
            rows = 0..0;
        }
        let plane = image.depth.position(place.z, 0);
        let row = (place.image * image.input_depth)
            .wrapping_add(plane)
            .wrapping_mul(height)
            .wrapping_add(place.y)
            .wrapping_sub(image.before[0] + image.first_input_row);
        let pixel = row
            .wrapping_mul(width)
            .wrapping_add(place.x)
            .wrapping_sub(image.before[1]);
        Window {
            at: image.input.wrapping_add(pixel.wrapping_mul(image.channels)),
            rows,
            columns: inside(1, place.x),
        }
    }

    #[inline(always)]
    fn is_inside(&self) -> bool {
        self.rows == (0..N) && self.columns == (0..N)
    }
}

/// Transforms the inputs of a block.
struct Inputs<'a, const M: usize, const N: usize> {
    image: &'a Image,
    place: Place,
    tiles: usize,
    /// The group's first channel, and how many it has.
    channel: usize,
    channels: usize,
    to: *mut f32,
    /// Floats between tiles and between planes.
    row: usize,
    plane: usize,
}

/// What is read in the padding.
static ZEROS: [f32; PANEL] = [0.0; PANEL];

impl<const M: usize, const N: usize> Kernel for Inputs<'_, M, N> {
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let mut place = self.place;
        let mut to = self.to;
        let whole = self.channels / S::LANES * S::LANES;
        for _ in 0..self.tiles {
            let mut window = Window::<N>::of(self.image, &place);
            window.at = window.at.wrapping_add(self.channel);
            // SAFETY: the window's rows and columns lie inside the input, and the planes have room
            // for the tiles.
            unsafe {
                if window.is_inside() {
                    for channel in (0..whole).step_by(S::LANES) {
                        self.inside(simd, &window, channel, to);
                    }
                    if whole < self.channels {
                        self.border::<S, true>(simd, &window, whole..self.channels, to);
                    }
                } else {
                    self.border::<S, false>(simd, &window, 0..whole, to);
                    if whole < self.channels {
                        self.border::<S, true>(simd, &window, whole..self.channels, to);
                    }
                }
            }
            to = to.wrapping_add(self.row);
            place.step::<M>(self.image);
        }
    }
}

impl<const M: usize, const N: usize> Inputs<'_, M, N> {
    /// A vector of channels of a window that lies inside.
    ///
    /// # Safety
    /// It does, and the planes have room for the tile that starts at `to`.
    #[inline(always)]
    unsafe fn inside<S: Simd>(&self, simd: S, window: &Window<N>, channel: usize, to: *mut f32) {
        let pixel = self.image.channels;
        let row = self.image.input_size[1] * pixel;
        let from = window.at.wrapping_add(channel);
        let to = to.wrapping_add(channel);
        input_tile::<S, M, N>(
            simd,
            // SAFETY: the caller's.
            |y, x| unsafe { simd.load(from.wrapping_add(y * row + x * pixel)) },
            // SAFETY: the caller's.
            |y, x, v| unsafe { simd.store(to.wrapping_add((y * N + x) * self.plane), v) },
        );
    }

    /// Vectors of channels of any window; with `PART`, one that some lanes of a vector hold.
    ///
    /// # Safety
    /// The rows and columns that the window names lie inside, and the planes have room for the tile
    /// that starts at `to`.
    #[inline(always)]
    unsafe fn border<S: Simd, const PART: bool>(
        &self,
        simd: S,
        window: &Window<N>,
        channels: Range<usize>,
        to: *mut f32,
    ) {
        let pixel = self.image.channels;
        let row = self.image.input_size[1] * pixel;
        let mask = simd.mask(if PART { count(&channels) } else { S::LANES });
        // A row outside is read from the zeros, wherever along it.
        let mut rows = [(ZEROS.as_ptr(), 0); N];
        for (y, from) in rows.iter_mut().enumerate() {
            if window.rows.contains(&y) {
                *from = (window.at.wrapping_add(y * row), usize::MAX);
            }
        }
        for channel in channels.step_by(S::LANES) {
            let to = to.wrapping_add(channel);
            input_tile::<S, M, N>(
                simd,
                // SAFETY: the caller's.
                |y, x| unsafe {
                    if !window.columns.contains(&x) {
                        return simd.splat(0.0);
                    }
                    let (from, along) = rows[y];
                    let from = from.wrapping_add((x * pixel + channel) & along);
                    if PART {
                        simd.load_masked(from, mask)
                    } else {
                        simd.load(from)
                    }
                },
                // SAFETY: the caller's.
                |y, x, v| unsafe {
                    let to = to.wrapping_add((y * N + x) * self.plane);
                    if PART {
                        simd.store_masked(to, v, mask);
                    } else {
                        simd.store(to, v);
                    }
                },
            );
        }
    }
}

/// Transforms the products of a block to outputs.
struct Outputs<'a, const M: usize, const N: usize> {
    image: &'a Image,
    place: Place,
    products: &'a Products,
    /// The first filter, counted through all groups.
    filter: usize,
    clamp: Option<[f32; 2]>,
}

impl<const M: usize, const N: usize> Kernel for Outputs<'_, M, N> {
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let mut place = self.place;
        let [height, width] = self.image.output_size;
        let filters = self.products.filters;
        let whole = filters / S::LANES * S::LANES;
        let mut from = self.products.to.cast_const();
        for _ in 0..self.products.tiles {
            let pixel = place.row * width + place.x;
            let to = self
                .image
                .output
                .wrapping_add(pixel * self.image.filters + self.filter);
            let size = [M.min(height - place.y), M.min(width - place.x)];
            // SAFETY: the planes hold the tiles, the output's pixels have the filters, and `size` is
            // what of the tile lies in the output.
            unsafe {
                if size == [M; 2] {
                    for filter in (0..whole).step_by(S::LANES) {
                        self.tile::<S, false, false>(simd, size, filter, from, to);
                    }
                } else {
                    for filter in (0..whole).step_by(S::LANES) {
                        self.tile::<S, true, false>(simd, size, filter, from, to);
                    }
                }
                if whole < filters {
                    self.tile::<S, true, true>(simd, size, whole, from, to);
                }
            }
            from = from.wrapping_add(self.products.pixel);
            place.step::<M>(self.image);
        }
    }
}

impl<const M: usize, const N: usize> Outputs<'_, M, N> {
    /// A vector of filters of a tile: with `CUT`, of a tile that may not lie in the output as a
    /// whole; with `PART`, one of fewer filters than a vector has lanes.
    ///
    /// # Safety
    /// The planes hold the tile at `from`, and the output has `size` pixels of it at `to`.
    #[inline(always)]
    unsafe fn tile<S: Simd, const CUT: bool, const PART: bool>(
        &self,
        simd: S,
        [height, width]: [usize; 2],
        filter: usize,
        from: *const f32,
        to: *mut f32,
    ) {
        let products = self.products;
        let pixel = self.image.filters;
        let row = self.image.output_size[1] * pixel;
        let mask = simd.mask(if PART {
            products.filters - filter
        } else {
            S::LANES
        });
        let bias = products
            .packed
            .wrapping_add(lane::<S>(filter / S::LANES, PANEL * products.rows));
        let from = from.wrapping_add(filter);
        let to = to.wrapping_add(filter);
        // SAFETY: the caller's; a filter has a bias.
        let bias = unsafe {
            if PART {
                simd.load_masked(bias, mask)
            } else {
                simd.load(bias)
            }
        };
        output_tile::<S, M, N>(
            simd,
            // SAFETY: the caller's; a plane's rows are whole panels.
            |y, x| unsafe { simd.load(from.wrapping_add((y * N + x) * products.plane)) },
            |y, x, sum| {
                if CUT && (y >= height || x >= width) {
                    return;
                }
                let mut sum = simd.add(sum, bias);
                if let Some([min, max]) = self.clamp {
                    sum = simd.clamp(sum, simd.splat(min), simd.splat(max));
                }
                let to = to.wrapping_add(y * row + x * pixel);
                // SAFETY: the caller's; the pixel lies in the output.
                unsafe {
                    if PART {
                        simd.store_masked(to, sum, mask);
                    } else {
                        simd.store(to, sum);
                    }
                }
            },
        );
    }
}
