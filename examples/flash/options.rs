//! The command line.

use crate::layer::{Layer, Numbers, Order};
use crate::npy::{self, Number};
use microconv::{Activation, Geometry, Padding, Quantization, Rounding};
use std::collections::HashMap;
use std::str::FromStr;

const KNOWN: &str = "
  --name NAME           of the layer, and of the files
  --out DIR             where they go
  --dtype f32|int8|uint8
  --input H,W,C         the image's height, width and channels
  --filters N
  --kernel H,W
  --stride H,W          1,1 if not given; --dilation likewise
  --groups N            1 if not given; depthwise: as many as channels
  --padding valid|same|TOP,BOTTOM,LEFT,RIGHT
  --order ohwi|oihw|hwio  of the weights: ohwi if not given
  --weights FILE        .npy, or raw little-endian numbers; --bias likewise, of f32 or int32
  --clamp MIN,MAX       of f32, or in steps of the output
  --zero-points IN,OUT  of int8 and uint8: 0,0 if not given
  --scales IN,W,OUT     of int8 and uint8; W is a number for all filters or a file with one for each
  --rounding tflite|tflite-single|float";

type Options = HashMap<String, String>;

/// The layer, and where to write it.
pub fn parse(arguments: impl Iterator<Item = String>) -> Result<(Layer, String), String> {
    let options = collect(arguments)?;
    let name = required(&options, "name")?;
    let is_name = name.starts_with(|first: char| first.is_ascii_lowercase())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if !is_name {
        return Err(format!(
            "--name {name}: a lower case letter, then those, digits and _"
        ));
    }
    let geometry = geometry(&options)?;
    let order = match options.get("order").map_or("ohwi", String::as_str) {
        "ohwi" => Order::Ohwi,
        "oihw" => Order::Oihw,
        "hwio" => Order::Hwio,
        other => return Err(format!("--order {other} is none of ohwi, oihw, hwio")),
    };
    geometry.sizes().map_err(|error| error.to_string())?;
    let numbers = match options.get("dtype").map_or("f32", String::as_str) {
        "f32" => {
            without(&options, &["zero-points", "scales", "rounding"])?;
            Numbers::F32 {
                activation: match list(&options, "clamp")? {
                    Some([min, max]) => Activation { min, max },
                    None => Activation::NONE,
                },
                weights: finite(weights(&options, order, &geometry)?)?,
                bias: bias(&options, &geometry)?.map(finite).transpose()?,
            }
        }
        "int8" => eight_bits(&options, order, &geometry, Quantization::int8(0, 0))?,
        "uint8" => eight_bits(&options, order, &geometry, Quantization::uint8(0, 0))?,
        other => return Err(format!("--dtype {other} is none of f32, int8, uint8")),
    };
    let layer = Layer {
        name: name.into(),
        geometry,
        order,
        numbers,
    };
    Ok((layer, required(&options, "out")?.into()))
}

fn collect(mut arguments: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options = Options::new();
    while let Some(argument) = arguments.next() {
        let (key, value) = match argument.split_once('=') {
            Some((key, value)) => (key.to_owned(), Some(value.to_owned())),
            None => (argument.clone(), arguments.next()),
        };
        let known = key.strip_prefix("--").filter(|_| {
            KNOWN.contains(&format!("{key} ")) || key == "--dilation" || key == "--bias"
        });
        let (Some(key), Some(value)) = (known, value) else {
            return Err(format!(
                "{argument}: the options, each with a value, are{KNOWN}"
            ));
        };
        options.insert(key.to_owned(), value);
    }
    Ok(options)
}

fn required<'a>(options: &'a Options, key: &str) -> Result<&'a str, String> {
    match options.get(key) {
        Some(value) => Ok(value),
        None => Err(format!("--{key} is needed; the options are{KNOWN}")),
    }
}

/// Floats have none of these. Whoever gives one has forgotten the type.
fn without(options: &Options, keys: &[&str]) -> Result<(), String> {
    match keys.iter().find(|&&key| options.contains_key(key)) {
        Some(key) => Err(format!("--{key} is of int8 and uint8, not of f32: --dtype")),
        None => Ok(()),
    }
}

/// So many numbers with commas between them.
fn list<const N: usize, T: FromStr>(
    options: &Options,
    key: &str,
) -> Result<Option<[T; N]>, String> {
    let Some(value) = options.get(key) else {
        return Ok(None);
    };
    let numbers: Result<Vec<T>, _> = value.split(',').map(str::parse).collect();
    match numbers.ok().and_then(|numbers| numbers.try_into().ok()) {
        Some(numbers) => Ok(Some(numbers)),
        None => Err(format!(
            "--{key} {value}: {N} numbers with commas between them"
        )),
    }
}

fn geometry(options: &Options) -> Result<Geometry, String> {
    let needed = |key: &str| format!("--{key} is needed; the options are{KNOWN}");
    let input = list(options, "input")?.ok_or_else(|| needed("input"))?;
    let [filters] = list(options, "filters")?.ok_or_else(|| needed("filters"))?;
    let kernel = list(options, "kernel")?.ok_or_else(|| needed("kernel"))?;
    let axes = |key| -> Result<[usize; 3], String> {
        let [height, width] = list(options, key)?.unwrap_or([1, 1]);
        Ok([1, height, width])
    };
    let [groups] = list(options, "groups")?.unwrap_or([1]);
    let padding = match options.get("padding").map_or("valid", String::as_str) {
        "valid" => Padding::Valid,
        "same" => Padding::Same,
        _ => {
            let [top, bottom, left, right] = list(options, "padding")?.unwrap_or_default();
            Padding::sides([[top, bottom], [left, right]])
        }
    };
    Ok(Geometry::conv2d(input, filters, kernel)
        .strides(axes("stride")?)
        .dilations(axes("dilation")?)
        .groups(groups)
        .padding(padding))
}

fn file<T: Number>(path: &str) -> Result<npy::Array<T>, String> {
    let bytes = std::fs::read(path).map_err(|error| format!("{path}: {error}"))?;
    npy::read(&bytes).map_err(|error| format!("{path}: {error}"))
}

/// The weights, whose shape must be the order's. A TensorFlow Lite depthwise layer is `1HWO`: `hwio`
/// with an axis of 1 at another place.
fn weights<T: Number>(
    options: &Options,
    order: Order,
    geometry: &Geometry,
) -> Result<Vec<T>, String> {
    let path = required(options, "weights")?;
    let array = file(path)?;
    let needed = order.shape(geometry);
    let axes =
        |shape: &[usize]| -> Vec<usize> { shape.iter().copied().filter(|&n| n != 1).collect() };
    match array.shape {
        Some(shape) if axes(&shape) != axes(&needed) => Err(format!(
            "{path}: the shape is {shape:?}, {needed:?} is needed"
        )),
        _ => Ok(array.values),
    }
}

fn bias<T: Number>(options: &Options, geometry: &Geometry) -> Result<Option<Vec<T>>, String> {
    let Some(path) = options.get("bias") else {
        return Ok(None);
    };
    let values = file(path)?.values;
    if values.len() == geometry.filters {
        Ok(Some(values))
    } else {
        Err(format!(
            "{path}: {} numbers, {} are needed",
            values.len(),
            geometry.filters
        ))
    }
}

/// A literal can only be of a finite number.
fn finite(values: Vec<f32>) -> Result<Vec<f32>, String> {
    match values.iter().find(|value| !value.is_finite()) {
        Some(value) => Err(format!("a weight or bias is {value}")),
        None => Ok(values),
    }
}

fn eight_bits(
    options: &Options,
    order: Order,
    geometry: &Geometry,
    mut quantization: Quantization,
) -> Result<Numbers, String> {
    if let Some([input, output]) = list(options, "zero-points")? {
        quantization.input_zero_point = input;
        quantization.output_zero_point = output;
    }
    if let Some([min, max]) = list(options, "clamp")? {
        quantization = quantization.clamp(min, max);
    }
    quantization = quantization.rounding(
        match options.get("rounding").map_or("tflite", String::as_str) {
            "tflite" => Rounding::Tflite,
            "tflite-single" => Rounding::TfliteSingle,
            "float" => Rounding::Float,
            other => {
                return Err(format!(
                    "--rounding {other} is none of tflite, tflite-single, float"
                ));
            }
        },
    );
    let scales = required(options, "scales")?;
    let parts: Vec<&str> = scales.split(',').collect();
    let [input, weight, output] = parts[..] else {
        return Err(format!("--scales {scales}: IN,W,OUT"));
    };
    let number = |text: &str| match text.parse::<f32>() {
        Ok(number) => Ok(number),
        Err(_) => Err(format!("--scales {scales}: {text} is no number")),
    };
    Ok(Numbers::I8 {
        quantization,
        weights: weights(options, order, geometry)?,
        bias: bias(options, geometry)?,
        input_scale: number(input)?,
        weight_scales: match number(weight) {
            Ok(scale) => vec![scale],
            Err(_) => file(weight)?.values,
        },
        output_scale: number(output)?,
    })
}
