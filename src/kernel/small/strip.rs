//! What the innermost loops are given.

/// Neighbouring taps of a window row that the same pixels of a tile reach.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Span {
    /// Bytes from the start of an input row to the first such pixel's first tap.
    pub at: usize,
    /// Pieces that are contiguous in memory.
    pub pieces: usize,
    /// Floats of a piece.
    pub len: usize,
}

impl Span {
    pub const EMPTY: Self = Span {
        at: 0,
        pieces: 0,
        len: 0,
    };
}

/// Tiles side by side, in lines of the output one under the other, for filters side by side in a panel. Steps are bytes.
///
/// The layout is known to the loops, which leave the places of the input and the output, and the lines, as they are at the end.
#[repr(C)]
pub(crate) struct Strip {
    /// The input row under the first window row that lies inside; where a span's place is not looked at, the first tap.
    pub input: *const f32,
    /// The weights of the first tap that lies inside.
    pub weights: *const f32,
    /// Window planes and rows that lie inside; none at all if either is none.
    pub planes: usize,
    pub rows: usize,
    /// From one window row to the next.
    pub input_row: usize,
    pub weights_row: usize,
    /// From after the last row that lies inside to the next plane's first.
    pub input_gap: usize,
    pub weights_gap: usize,
    /// From one piece of a span to the next.
    pub piece: usize,
    /// From one float of a piece to the next, which is known to the loop of single outputs: where a filter reads one channel, the
    /// taps of a row are one piece.
    pub step: usize,
    /// From the weights of a channel to the next channel's.
    pub width: usize,
    /// The taps that all pixels of a tile reach; those that all but the first do, and those that all but the last do.
    pub all: Span,
    #[cfg(target_abi = "eabihf")]
    pub but_first: Span,
    #[cfg(target_abi = "eabihf")]
    pub but_last: Span,
    /// Where windows slide, whether the first pixel misses the first tap (1), and the last the last (2).
    #[cfg(target_abi = "eabihf")]
    pub missed: usize,
    pub tiles: usize,
    /// Lines, and from after the last tile of one to the next: windows and outputs.
    pub lines: usize,
    pub input_line: usize,
    pub output_line: usize,
    /// From one pixel's window to the next, and from one pixel's outputs to the next.
    pub pixel: usize,
    pub output_pixel: usize,
    pub bias: *const f32,
    pub filters: usize,
    pub clamp: [f32; 2],
    pub output: *mut f32,
}
