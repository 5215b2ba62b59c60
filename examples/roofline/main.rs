//! How near each layer of a set comes to the limit of one core.
//!
//! ```text
//! cargo run --release --example roofline                  a table, with bars
//! cargo run --release --example roofline -- --csv         one row a layer, for machines
//! ```
//!
//! `--help` lists the options. Pin it to one core (`taskset -c 1`) and leave that core alone.

mod layers;
mod measure;
mod options;
mod report;

use layers::Layer;
use measure::{Floats, Measurement, peak_gflops, time};
use microconv::{Activation, ConvF32, Error, Geometry, Level, Limits, Weights};
use options::Options;
use std::process::ExitCode;

fn main() -> ExitCode {
    match options::parse(std::env::args().skip(1)).and_then(|options| options.map_or(Ok(()), run)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("roofline: {message}");
            ExitCode::from(2)
        }
    }
}

fn run(options: Options) -> Result<(), String> {
    let level = match options.level.as_str() {
        "auto" => Level::detect(),
        name => Level::named(name).map_err(|error| format!("--level {name}: {error}"))?,
    };
    let layers = layers::select(layers::read(options.layers.as_deref())?, &options.only)?;
    report::header(&options, level);
    let mut peak = peak_gflops(level);
    for layer in &layers {
        let (row, after) = measure_layer(layer, level, &options, peak)?;
        report::row(&options, &row);
        peak = after;
    }
    Ok(())
}

/// The plan for the algorithm asked for, or for the direct one where that does not do.
fn plan(layer: Geometry, options: &Options) -> Result<ConvF32, Error> {
    let limits = Limits::scratch(options.scratch);
    match ConvF32::with_algorithm(layer, Activation::NONE, options.algorithm, limits) {
        Err(Error::Algorithm(_) | Error::ScratchBytes { .. }) => {
            ConvF32::new(layer, Activation::NONE)
        }
        plan => plan,
    }
}

/// The measurement, and the peak after it.
fn measure_layer(
    layer: &Layer,
    level: Level,
    options: &Options,
    before: f64,
) -> Result<(Measurement, f64), String> {
    let refused = |error| format!("{}: {error}", layer.name);
    let plan = plan(layer.geometry, options).map_err(refused)?;
    let weights = measure::noise(plan.weights_len(), 1);
    let bias = measure::noise(layer.geometry.filters, 2);
    let input = measure::noise(plan.input_len(), 3);
    let mut packed = Floats::zeros(plan.packed_len());
    let mut output = Floats::zeros(plan.output_len());
    let mut scratch = Floats::zeros(plan.scratch_len());
    plan.pack(Weights::Ohwi(&weights), Some(&bias), &mut packed)
        .map_err(refused)?;
    // The first run shows whether there is anything to measure.
    plan.run(level, &input, &packed, &mut output, &mut scratch)
        .map_err(refused)?;
    let median = time(|| {
        let done = plan.run(level, &input, &packed, &mut output, &mut scratch);
        assert!(done.is_ok(), "{}: {done:?}", layer.name);
    });
    let after = peak_gflops(level);
    let row = Measurement {
        layer: layer.name.clone(),
        level,
        algorithm: plan.algorithm(),
        macs: plan.macs(),
        median,
        // The machine's speed drifts: the peak is the mean of one before and one after.
        peak_gflops: (before + after) / 2.0,
        scratch_bytes: size_of_val(&scratch[..]),
        packed_bytes: size_of_val(&packed[..]),
    };
    Ok((row, after))
}
