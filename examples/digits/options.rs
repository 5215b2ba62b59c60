//! The command line.

use microconv::Level;

pub const HELP: &str = "\
Classifies the 360 held-out handwritten digits.

    cargo run --release --example digits -- [OPTIONS]

    --level NAME    the instructions to use: scalar, avx2, avx512, neon (default: the best here)
    --dtype TYPE    f32 or int8 (default: f32)
    --help          this text
";

pub enum Command {
    Help,
    Classify(Level),
}

pub fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Command, String> {
    let mut level = Level::detect();
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--help" | "-h" => return Ok(Command::Help),
            "--level" => level = named(&value()?)?,
            "--dtype" => dtype(&value()?)?,
            _ => {
                return Err(format!(
                    "unknown argument {argument}; --help lists the options"
                ));
            }
        }
    }
    Ok(Command::Classify(level))
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

fn dtype(name: &str) -> Result<(), String> {
    match name {
        "f32" => Ok(()),
        "int8" => Err("--dtype int8: the int8 network is not built yet; available: f32".into()),
        _ => Err(format!("--dtype {name}: no such type; available: f32")),
    }
}
