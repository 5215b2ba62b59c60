//! The command line.

use microconv::Level;

pub const HELP: &str = "\
Classifies the 360 held-out handwritten digits.

    cargo run --release --example digits -- [OPTIONS]

    --level NAME    the instructions to use, such as scalar, avx2 or neon (default: the best here)
    --dtype TYPE    f32 or int8 (default: f32)
    --help          this text
";

pub enum Command {
    Help,
    Classify(Level, Dtype),
}

#[derive(Clone, Copy)]
pub enum Dtype {
    F32,
    Int8,
}

pub fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Command, String> {
    let mut level = Level::detect();
    let mut dtype = Dtype::F32;
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--help" | "-h" => return Ok(Command::Help),
            "--level" => level = named(&value()?)?,
            "--dtype" => dtype = dtype_named(&value()?)?,
            _ => {
                return Err(format!(
                    "unknown argument {argument}; --help lists the options"
                ));
            }
        }
    }
    Ok(Command::Classify(level, dtype))
}

fn named(name: &str) -> Result<Level, String> {
    Level::named(name).map_err(|error| {
        let available: Vec<_> = Level::all().map(|level| level.name()).collect();
        format!(
            "--level {name}: {error}; available: {}",
            available.join(", ")
        )
    })
}

fn dtype_named(name: &str) -> Result<Dtype, String> {
    match name {
        "f32" => Ok(Dtype::F32),
        "int8" => Ok(Dtype::Int8),
        _ => Err(format!(
            "--dtype {name}: no such type; available: f32, int8"
        )),
    }
}
