//! Reads a layer set: one convolution a line, comma-separated, `#` for comments.

use microconv::{Geometry, Padding};

/// The set that ships with the crate.
const BUILT_IN: &str = include_str!("../../benches/layers.csv");

pub struct Layer {
    pub name: String,
    pub geometry: Geometry,
}

/// The layers of a file, or the built-in ones.
pub fn read(path: Option<&str>) -> Result<Vec<Layer>, String> {
    let text = match path {
        Some(path) => std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?,
        None => BUILT_IN.to_owned(),
    };
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#') && !line.starts_with("name,"))
        .map(|line| parse(line).map_err(|error| format!("{error} in layer \"{line}\"")))
        .collect()
}

/// The layers named, in the order of the set; all if none is.
pub fn select(layers: Vec<Layer>, only: &[String]) -> Result<Vec<Layer>, String> {
    if let Some(name) = only
        .iter()
        .find(|name| layers.iter().all(|layer| layer.name != **name))
    {
        return Err(format!("--only {name}: the set has no such layer"));
    }
    Ok(layers
        .into_iter()
        .filter(|layer| only.is_empty() || only.contains(&layer.name))
        .collect())
}

fn parse(line: &str) -> Result<Layer, String> {
    let fields: Vec<&str> = line.split(',').collect();
    let [
        name,
        _,
        kind,
        h,
        w,
        c,
        filters,
        k,
        stride,
        pad,
        groups,
        depth,
    ] = fields[..]
    else {
        return Err(format!("{} fields, 12 needed", fields.len()));
    };
    let [h, w, c, filters, k, stride, groups, depth] =
        [h, w, c, filters, k, stride, groups, depth].map(number);
    let spatial = match kind.matches('x').count() {
        2 => 3,
        _ => 2,
    };
    let (h, w, c, k) = (h?, w?, c?, k?);
    let geometry = match spatial {
        3 => Geometry::conv3d([depth?, h, w, c], filters?, [k, k, k]),
        _ => Geometry::conv2d([h, w, c], filters?, [k, k]),
    };
    let padding = match pad.split(':').map(number).collect::<Result<Vec<_>, _>>()?[..] {
        [all] if spatial == 3 => Padding::cube(all),
        [all] => Padding::square(all),
        [top, bottom, left, right] => Padding::sides([[top, bottom], [left, right]]),
        _ => return Err(format!("padding {pad}")),
    };
    Ok(Layer {
        name: name.to_owned(),
        geometry: geometry.stride(stride?).padding(padding).groups(groups?),
    })
}

fn number(text: &str) -> Result<usize, String> {
    text.trim()
        .parse()
        .map_err(|_| format!("\"{text}\" is not a number"))
}
