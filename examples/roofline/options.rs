//! The command line.

use crate::measure::Dtype;
use microconv::{Algorithm, Rounding};

pub struct Options {
    pub csv: bool,
    pub layers: Option<String>,
    pub level: String,
    pub algorithm: Algorithm,
    pub dtype: Dtype,
    pub rounding: Rounding,
    /// Bytes of scratch that may be used.
    pub scratch: usize,
    pub only: Vec<String>,
}

const HELP: &str = "\
Times convolution layers on one thread, as a share of the multiply-add peak of the same core.

  --csv                         one row a layer, comma-separated
  --layers FILE                 another layer set than benches/layers.csv
  --dtype f32|int8|int16        the type of the numbers; int16 is that of activations under int8 weights
  --rounding tflite|single|float  how int8 sums become int8 (tflite)
  --level NAME|auto             the instruction set; auto is the best of this CPU
  --algorithm auto|direct|winograd|winograd2x2|winograd4x4|winograd6x6
                                how the convolution is computed; direct where the one asked for
                                cannot compute a layer
  --layout nhwc                 how images lie in memory
  --scratch BYTES               how much scratch an algorithm may use, 4 MiB if not said
  --only ROW,ROW                these layers alone";

/// The options, or nothing if help was asked for and given.
pub fn parse(mut args: impl Iterator<Item = String>) -> Result<Option<Options>, String> {
    let mut options = Options {
        csv: false,
        layers: None,
        level: "auto".into(),
        algorithm: Algorithm::Auto,
        dtype: Dtype::F32,
        rounding: Rounding::Tflite,
        scratch: 4 << 20,
        only: vec![],
    };
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or(format!("{arg} needs a value"));
        match arg.as_str() {
            "--help" | "-h" => {
                println!("{HELP}");
                return Ok(None);
            }
            "--csv" => options.csv = true,
            "--layers" => options.layers = Some(value()?),
            "--level" => options.level = value()?,
            "--algorithm" => options.algorithm = algorithm(&value()?)?,
            "--dtype" => {
                options.dtype = match value()?.as_str() {
                    "f32" => Dtype::F32,
                    "int8" => Dtype::Int8,
                    "int16" => Dtype::Int16,
                    other => return Err(format!("--dtype {other}: f32, int8 or int16 is needed")),
                }
            }
            "--rounding" => {
                options.rounding = match value()?.as_str() {
                    "tflite" => Rounding::Tflite,
                    "single" => Rounding::TfliteSingle,
                    "float" => Rounding::Float,
                    other => return Err(format!("--rounding {other}: no such rounding")),
                }
            }
            "--layout" => one_of("--layout", &value()?, &["nhwc"])?,
            "--scratch" => {
                let bytes = value()?;
                options.scratch = bytes
                    .parse()
                    .map_err(|_| format!("--scratch {bytes}: a number of bytes is needed"))?;
            }
            "--only" => options.only = value()?.split(',').map(str::to_owned).collect(),
            _ => return Err(format!("{arg}: no such option; --help lists them")),
        }
    }
    Ok(Some(options))
}

const ALGORITHMS: [Algorithm; 6] = [
    Algorithm::Auto,
    Algorithm::Direct,
    Algorithm::Winograd,
    Algorithm::Winograd2x2,
    Algorithm::Winograd4x4,
    Algorithm::Winograd6x6,
];

/// The algorithm of this name.
fn algorithm(name: &str) -> Result<Algorithm, String> {
    let found = ALGORITHMS.into_iter().find(|known| known.name() == name);
    found.ok_or_else(|| {
        let names = ALGORITHMS.map(Algorithm::name).join(", ");
        format!("--algorithm {name}: built so far: {names}")
    })
}

/// Refuses what is not built.
fn one_of(option: &str, given: &str, built: &[&str]) -> Result<(), String> {
    if built.contains(&given) {
        Ok(())
    } else {
        Err(format!(
            "{option} {given}: built so far: {}",
            built.join(", ")
        ))
    }
}
