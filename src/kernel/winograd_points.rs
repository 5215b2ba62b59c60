//! The points of the minimal filters F(m x m, 3x3), and what follows from them.
//!
//! `m` outputs of a filter `g` of three taps over `m + 2` inputs `d` are `Aᵀ [(G g) ⊙ (Bᵀ d)]`, which
//! takes `m + 2` multiplications in place of `3 m`; in two dimensions the same is done along both
//! axes (Lavin and Gray, *Fast Algorithms for Convolutional Neural Networks*, 2015, sections 4 and
//! 5.1). A row of the matrices stands for a point at which polynomials are evaluated: `m + 1` numbers
//! and infinity. By Toom and Cook any numbers do (Barabasz, Anderson, Soodhalter and Gregg, *Error
//! Analysis and Improving the Accuracy of Winograd Convolution for Deep Neural Networks*, 2020,
//! section 3). With `M(z)` the product of `z - q` over all points, point `q` has these rows:
//!
//! ```text
//!              column of Aᵀ        row of G             row of Bᵀ
//! q            q^0 ... q^(m-1)     [1 q q²] / M'(q)     the coefficients of M(z) / (z - q)
//! infinity     0 ... 0 1           [0 0 1]              the coefficients of M(z)
//! ```
//!
//! The points here are zero and `m / 2` pairs of a number and its negative, whose rows share their
//! work. All of `A` and `B` is exact in single precision. For m = 4 the usual points are 1 and 2;
//! 5/8 and 3/2 cost nearly the same (two multiplications more an axis of an output) and amplify a fifth
//! as much ([`amplification`]): of the dozen pairs of eighths that are the best by that, they had the
//! smallest largest error on noise, a third of the usual points'.

/// Pairs of points of the largest tile.
pub(super) const PAIRS: usize = 3;

/// Points along an axis of the largest tile.
const MOST: usize = 2 * PAIRS + 2;

/// The positive number of each pair of points, for tiles of `m` by `m`.
const fn pairs<const M: usize>() -> [f64; PAIRS] {
    match M {
        2 => [1.0, 0.0, 0.0],
        4 => [0.625, 1.5, 0.0],
        _ => [0.5, 1.0, 2.0],
    }
}

/// The coefficients of the product of `z² - q²` over the pairs but the one to leave out, from `z^0`
/// on, those of odd powers, all zero, not among them.
const fn squares<const M: usize>(left_out: usize) -> [f64; PAIRS + 1] {
    let points = pairs::<M>();
    let mut product = [1.0, 0.0, 0.0, 0.0];
    let mut pair = 0;
    while pair < M / 2 {
        if pair != left_out {
            let square = points[pair] * points[pair];
            product = [
                -square * product[0],
                product[0] - square * product[1],
                product[1] - square * product[2],
                product[2] - square * product[3],
            ];
        }
        pair += 1;
    }
    product
}

/// What the transforms of inputs and products multiply by.
pub(super) struct Points<const M: usize>;

impl<const M: usize> Points<M> {
    /// The positive number of each pair.
    pub const PAIRS: [f32; PAIRS] = {
        let points = pairs::<M>();
        [exact(points[0]), exact(points[1]), exact(points[2])]
    };
    /// Every second coefficient of the rows of zero and infinity.
    pub const ENDS: [f32; PAIRS + 1] = single(squares::<M>(PAIRS));
    /// Every second coefficient of the rows of a pair. The coefficients between them are these
    /// times the point.
    pub const OTHERS: [[f32; PAIRS + 1]; PAIRS] = [
        single(squares::<M>(0)),
        single(squares::<M>(1)),
        single(squares::<M>(2)),
    ];
    /// The powers of each pair's positive number, from the zeroth on.
    pub const POWERS: [[f32; 6]; PAIRS] = {
        let mut powers = [[1.0; 6]; PAIRS];
        let mut pair = 0;
        while pair < PAIRS {
            let mut power = 1;
            while power < M {
                powers[pair][power] = exact(raised(pairs::<M>()[pair], power));
                power += 1;
            }
            pair += 1;
        }
        powers
    };
}

const fn raised(x: f64, power: usize) -> f64 {
    let mut result = 1.0;
    let mut n = 0;
    while n < power {
        result *= x;
        n += 1;
    }
    result
}

/// In single precision, where nothing is lost by it. The constants that are made with it are made
/// when the crate is compiled, which fails if one is not exact.
const fn exact(x: f64) -> f32 {
    assert!(x as f32 as f64 == x);
    x as f32
}

const fn single(x: [f64; PAIRS + 1]) -> [f32; PAIRS + 1] {
    [exact(x[0]), exact(x[1]), exact(x[2]), exact(x[3])]
}

/// `G g` for tiles of `m` by `m`.
const fn along_axis<const M: usize>(g: [f64; 3]) -> [f64; MOST] {
    let mut result = [0.0; MOST];
    result[0] = g[0] / squares::<M>(PAIRS)[0];
    let mut pair = 0;
    while pair < M / 2 {
        let (point, others) = (pairs::<M>()[pair], squares::<M>(pair));
        let square = point * point;
        let slope = 2.0
            * square
            * (others[0] + square * (others[1] + square * (others[2] + square * others[3])));
        let (even, odd) = (g[0] + square * g[2], point * g[1]);
        result[1 + 2 * pair] = (even + odd) / slope;
        result[2 + 2 * pair] = (even - odd) / slope;
        pair += 1;
    }
    result[M + 1] = g[2];
    result
}

/// `G g Gᵀ` of nine taps, row by row, for tiles of `m` by `m`: a filter as it is packed, computed in
/// double precision.
pub(super) const fn filter<const M: usize>(taps: [f64; 9]) -> [[f64; MOST]; MOST] {
    let mut columns = [[0.0; MOST]; 3];
    let mut column = 0;
    while column < 3 {
        columns[column] = along_axis::<M>([taps[column], taps[3 + column], taps[6 + column]]);
        column += 1;
    }
    let mut result = [[0.0; MOST]; MOST];
    let mut row = 0;
    while row < M + 2 {
        result[row] = along_axis::<M>([columns[0][row], columns[1][row], columns[2][row]]);
        row += 1;
    }
    result
}

/// How much larger the sum of the magnitudes of all terms can be than that of the convolution
/// itself: the largest, over outputs and taps, of the sum over the points of `|Aᵀ| |G| |Bᵀ|`, the
/// last summed along its rows, squared for the two axes.
pub(super) const fn amplification<const M: usize>() -> f64 {
    let mut most = 0.0;
    let mut tap = 0;
    while tap < 3 {
        let mut unit = [0.0; 3];
        unit[tap] = 1.0;
        let g = along_axis::<M>(unit);
        let mut output = 0;
        while output < M {
            let ends = magnitude(squares::<M>(PAIRS));
            let mut sum = 0.0;
            if output == 0 {
                sum += absolute(g[0]) * ends;
            }
            if output == M - 1 {
                sum += absolute(g[M + 1]) * ends;
            }
            let mut pair = 0;
            while pair < M / 2 {
                let point = pairs::<M>()[pair];
                let row = magnitude(squares::<M>(pair)) * (1.0 + point);
                let g = absolute(g[1 + 2 * pair]) + absolute(g[2 + 2 * pair]);
                sum += raised(point, output) * row * g;
                pair += 1;
            }
            if sum > most {
                most = sum;
            }
            output += 1;
        }
        tap += 1;
    }
    most * most
}

const fn magnitude(x: [f64; PAIRS + 1]) -> f64 {
    absolute(x[0]) + absolute(x[1]) + absolute(x[2]) + absolute(x[3])
}

const fn absolute(x: f64) -> f64 {
    if x < 0.0 { -x } else { x }
}
