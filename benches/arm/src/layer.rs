//! A layer and a number of calls, as words: `LEVEL DTYPE CALLS H W C_IN C_OUT K STRIDE PAD GROUPS DEPTH`, the last nine being columns
//! of `benches/layers.csv`.

use core::str::SplitAsciiWhitespace;

use microconv::{Algorithm, Geometry, Level, Padding};

pub struct Job {
    pub level: Level,
    pub dtype: Dtype,
    pub calls: usize,
    pub geometry: Geometry,
}

#[derive(Clone, Copy)]
pub enum Dtype {
    /// By the algorithm that is expected to be the fastest, or by the one that is named in place of the dtype.
    F32(Algorithm),
    Int8,
    /// int16 activations, int8 weights.
    Int16,
}

pub fn parse(words: &str) -> Result<Job, &'static str> {
    let mut words = words.split_ascii_whitespace();
    let level =
        Level::named(words.next().ok_or("no level")?).map_err(|_| "the level is not there")?;
    let dtype = match words.next() {
        Some("f32") => Dtype::F32(Algorithm::Auto),
        Some("winograd2x2") => Dtype::F32(Algorithm::Winograd2x2),
        Some("winograd4x4") => Dtype::F32(Algorithm::Winograd4x4),
        Some("winograd6x6") => Dtype::F32(Algorithm::Winograd6x6),
        Some("int8") => Dtype::Int8,
        Some("int16") => Dtype::Int16,
        _ => return Err("the dtype is none of f32, an algorithm of Winograd's, int8 and int16"),
    };
    let calls = number(&mut words)?;
    let [h, w, c_in, c_out] = [
        number(&mut words)?,
        number(&mut words)?,
        number(&mut words)?,
        number(&mut words)?,
    ];
    let [k, stride] = [number(&mut words)?, number(&mut words)?];
    let (all, sides) = padding(words.next().ok_or("no padding")?)?;
    let [groups, depth] = [number(&mut words)?, number(&mut words)?];
    if words.next().is_some() {
        return Err("too many words");
    }
    // The CSV says a window's size once; it reaches over the depth where there is one.
    let geometry = if depth == 1 {
        Geometry::conv2d([h, w, c_in], c_out, [k, k]).padding(Padding::sides(sides))
    } else {
        Geometry::conv3d([depth, h, w, c_in], c_out, [k, k, k]).padding(Padding::Explicit([
            [all.ok_or("a volume's padding is one number")?; 2],
            sides[0],
            sides[1],
        ]))
    };
    Ok(Job {
        level,
        dtype,
        calls,
        geometry: geometry.stride(stride).groups(groups),
    })
}

fn number(words: &mut SplitAsciiWhitespace) -> Result<usize, &'static str> {
    words
        .next()
        .and_then(|word| word.parse().ok())
        .ok_or("a number is missing")
}

/// `1` on every side, or `top:bottom:left:right`.
fn padding(word: &str) -> Result<(Option<usize>, [[usize; 2]; 2]), &'static str> {
    if let Ok(all) = word.parse() {
        return Ok((Some(all), [[all; 2]; 2]));
    }
    let mut sides = word
        .split(':')
        .map(|side| side.parse().map_err(|_| "a bad padding"));
    let mut side = || sides.next().unwrap_or(Err("a bad padding"));
    Ok((None, [[side()?, side()?], [side()?, side()?]]))
}
