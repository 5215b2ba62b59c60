//! How a convolution is computed, and what that may cost.

use crate::kernel::Variant;
use core::fmt;

/// How a convolution is computed.
///
/// The direct algorithm multiplies each input by each weight: it needs no scratch, computes any
/// geometry, and its error is that of a sum. Winograd's minimal filtering (Lavin and Gray, *Fast
/// Algorithms for Convolutional Neural Networks*, 2015) computes tiles of outputs with fewer
/// multiplications, for windows of 3x3 with stride and dilation 1; it needs scratch, packed weights
/// of its own format, and has a larger error ([`ConvF32::error_bound`](crate::ConvF32::error_bound)).
///
/// | | multiplications | packed weights | bound of the error, 64 channels | measured |
/// |---|---|---|---|---|
/// | `Direct` | 1 | 1 | 3.4e-5 | 1.8e-7 |
/// | `Winograd2x2` | 1/2.25 | 1.8 | 7.1e-5 | 7.4e-8 |
/// | `Winograd4x4` | 1/4 | 4 | 8.2e-4 | 3.4e-7 |
/// | `Winograd6x6` | 1/5.06 | 7.1 | 7.7e-3 | 2.1e-6 |
///
/// Measured is the largest error of noise between -1 and 1, by the sum of the magnitudes of an output's
/// own terms: 24x24 pixels of 64 channels, 32 filters, on AVX2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Algorithm {
    /// The one that is expected to be the fastest of those that keep the [`Limits`].
    Auto,
    /// Sums of products, without scratch.
    Direct,
    /// The Winograd algorithm that is expected to be the fastest of those that keep the [`Limits`].
    Winograd,
    /// Winograd's F(2x2, 3x3): tiles of two rows and two columns.
    Winograd2x2,
    /// Winograd's F(4x4, 3x3): tiles of four rows and four columns.
    Winograd4x4,
    /// Winograd's F(6x6, 3x3): tiles of six rows and six columns.
    Winograd6x6,
}

impl Algorithm {
    /// The algorithm of a transform.
    pub(crate) const fn of(transform: Option<Variant>) -> Self {
        match transform {
            None => Algorithm::Direct,
            Some(Variant::Two) => Algorithm::Winograd2x2,
            Some(Variant::Four) => Algorithm::Winograd4x4,
            Some(Variant::Six) => Algorithm::Winograd6x6,
        }
    }

    /// `auto`, `direct`, `winograd`, `winograd2x2`, `winograd4x4` or `winograd6x6`.
    pub const fn name(self) -> &'static str {
        match self {
            Algorithm::Auto => "auto",
            Algorithm::Direct => "direct",
            Algorithm::Winograd => "winograd",
            Algorithm::Winograd2x2 => "winograd2x2",
            Algorithm::Winograd4x4 => "winograd4x4",
            Algorithm::Winograd6x6 => "winograd6x6",
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The vectors that an algorithm is chosen for.
///
/// Vectors twice as long make products twice as fast, and the memory behind them no faster, so the
/// fastest algorithm on one level need not be the fastest on another. A plan runs on every level,
/// whatever it is tuned for. But plans that are tuned for different vectors may have different
/// algorithms, and so other packed weights, other scratch, another error bound and other roundings:
/// a plan that packs weights and one that reads them are tuned alike.
///
/// ```
/// use microconv::{Level, Limits, Tuning};
/// // Planned where the layer runs, for the level that it runs on:
/// let here = Limits::scratch(1 << 20).tuned(Level::detect().tuning());
/// // Planned and packed elsewhere, for a machine that is known:
/// const THERE: Limits = Limits::scratch(1 << 20).tuned(Tuning::Avx2);
/// assert_eq!(Limits::scratch(1 << 20).tuning, Tuning::Any);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Tuning {
    /// Any: the algorithm that is nowhere far behind.
    Any,
    /// Eight floats, as AVX2 has.
    Avx2,
    /// Sixteen, as AVX-512 has.
    Avx512,
}

/// What an algorithm may cost, and where its time counts.
///
/// ```
/// use microconv::Limits;
/// // At most a mebibyte of scratch, and an error of at most a thousandth of the sum of magnitudes.
/// const LIMITS: Limits = Limits::scratch(1 << 20).error(1e-3);
/// assert_eq!(LIMITS.scratch_bytes, 1 << 20);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Bytes of scratch that a run may be given. With none, only the direct algorithm is left.
    pub scratch_bytes: usize,
    /// The largest [`error_bound`](crate::ConvF32::error_bound) that an algorithm other than the
    /// direct one may have. NaN allows none. It is that of levels that fuse multiplication and addition;
    /// on one that does not, an algorithm may be twice as far off.
    pub error_bound: f64,
    /// The vectors that [`Algorithm::Auto`] and [`Algorithm::Winograd`] choose for.
    pub tuning: Tuning,
}

impl Limits {
    /// So many bytes of scratch, any error, and any vectors.
    pub const fn scratch(bytes: usize) -> Self {
        Limits {
            scratch_bytes: bytes,
            error_bound: f64::INFINITY,
            tuning: Tuning::Any,
        }
    }

    /// With this bound of the error.
    pub const fn error(mut self, bound: f64) -> Self {
        self.error_bound = bound;
        self
    }

    /// For these vectors.
    pub const fn tuned(mut self, tuning: Tuning) -> Self {
        self.tuning = tuning;
        self
    }
}
