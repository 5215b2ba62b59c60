//! How near each layer of a set comes to the limit of one core.
//!
//! ```text
//! cargo run --release --example roofline                  a table, with bars
//! cargo run --release --example roofline -- --csv         one row a layer, for machines
//! ```
//!
//! Arithmetic is one limit, memory the other: a layer that moves many bytes for few multiplications cannot
//! reach the peak. So the program also measures what memory does on the same core with nothing else to do
//! ([`memory`]), and says what share of that limit the layer reaches.
//!
//! `--help` lists the options. Pin it to one core (`taskset -c 1`) and leave that core alone.

mod layers;
mod measure;
mod memory;
mod options;
mod report;

use layers::Layer;
use measure::{Aligned, Dtype, Measurement, peak_gflops};
use memory::Memory;
use microconv::{
    Activation, Algorithm, ConvF32, ConvI8, ConvI16, Error, Geometry, Level, Limits, Quantization,
    RangeI16, Rounding, Scales, Weights,
};
use options::Options;
use std::process::ExitCode;
use std::time::Duration;

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
    // What is named is the level whose kernels run.
    let level = match options.dtype {
        Dtype::F32 => level.for_f32(),
        Dtype::Int8 => level.for_i8(),
        Dtype::Int16 => level.for_i16(),
    };
    let layers = layers::select(layers::read(options.layers.as_deref())?, &options.only)?;
    report::header(&options, level);
    let mut peak = peak_gflops(level, options.dtype);
    for layer in &layers {
        let run = match options.dtype {
            Dtype::F32 => run_f32(layer, level, &options),
            Dtype::Int8 => run_i8(layer, level, options.rounding),
            Dtype::Int16 => run_i16(layer, level),
        }?;
        let after = peak_gflops(level, options.dtype);
        let row = Measurement {
            layer: layer.name.clone(),
            level,
            algorithm: run.work.algorithm,
            macs: run.work.macs,
            median: run.median,
            // The machine's speed drifts: the peak is the mean of one before and one after.
            peak_gflops: (peak + after) / 2.0,
            scratch_bytes: run.work.scratch_bytes,
            packed_bytes: run.work.packed_bytes,
            bytes_moved: run.work.bytes_moved,
            memory: run.memory,
        };
        report::row(&options, &row);
        peak = after;
    }
    Ok(())
}

/// The plan for the algorithm asked for, or for the direct one where that does not do.
fn plan(layer: Geometry, level: Level, options: &Options) -> Result<ConvF32, Error> {
    let limits = Limits::scratch(options.scratch).tuned(level.tuning());
    match ConvF32::with_algorithm(layer, Activation::NONE, options.algorithm, limits) {
        Err(Error::Algorithm(_) | Error::ScratchBytes { .. }) => {
            ConvF32::new(layer, Activation::NONE)
        }
        plan => plan,
    }
}

/// What the runs of a layer took.
struct Run {
    work: Work,
    median: Duration,
    /// How long memory takes to move as many bytes.
    memory: Duration,
}

/// What a layer's plan says of its runs.
struct Work {
    algorithm: Algorithm,
    macs: u64,
    bytes_moved: u64,
    /// Bytes of the output, the scratch and the packed weights.
    written: usize,
    scratch_bytes: usize,
    packed_bytes: usize,
}

impl Work {
    /// Times the runs, of which the first shows whether there is anything to measure.
    fn time(
        self,
        layer: &Layer,
        level: Level,
        mut run: impl FnMut() -> Result<(), Error>,
    ) -> Result<Run, String> {
        run().map_err(|error| format!("{}: {error}", layer.name))?;
        let memory = Memory::of(self.bytes_moved, self.written);
        let (median, memory) = memory.beside(level, || {
            let done = run();
            assert!(done.is_ok(), "{}: {done:?}", layer.name);
        });
        Ok(Run {
            work: self,
            median,
            memory,
        })
    }
}

fn run_f32(layer: &Layer, level: Level, options: &Options) -> Result<Run, String> {
    let refused = |error| format!("{}: {error}", layer.name);
    let plan = plan(layer.geometry, level, options).map_err(refused)?;
    let weights = measure::noise(plan.weights_len(), 1);
    let bias = measure::noise(layer.geometry.filters, 2);
    let input = measure::noise(plan.input_len(), 3);
    let mut packed = Aligned::zeros(plan.packed_len());
    let mut output = Aligned::zeros(plan.output_len());
    let mut scratch = Aligned::zeros(plan.scratch_len());
    plan.pack(Weights::Ohwi(&weights), Some(&bias), &mut packed)
        .map_err(refused)?;
    let work = Work {
        algorithm: plan.algorithm(),
        macs: plan.macs(),
        bytes_moved: plan.bytes_moved(),
        written: size_of_val(&output[..]),
        scratch_bytes: size_of_val(&scratch[..]),
        packed_bytes: size_of_val(&packed[..]),
    };
    work.time(layer, level, || {
        plan.run(level, &input, &packed, &mut output, &mut scratch)
    })
}

fn run_i8(layer: &Layer, level: Level, rounding: Rounding) -> Result<Run, String> {
    let refused = |error| format!("{}: {error}", layer.name);
    let quantization = Quantization::int8(-1, 3).rounding(rounding);
    let plan = ConvI8::new(layer.geometry, quantization).map_err(refused)?;
    let weights = measure::noise_i8(plan.weights_len(), 1);
    let bias = vec![100; layer.geometry.filters];
    let input = measure::noise_i8(plan.input_len(), 3);
    let mut packed = Aligned::zeros(plan.packed_len());
    let mut output = Aligned::<i8>::zeros(plan.output_len());
    let scales = scales(&layer.geometry, plan.weights_len(), 60.0 / (74.0 * 74.0));
    let scales = Scales::Real {
        input: 1.0,
        weights: &scales,
        output: 1.0,
    };
    plan.pack(Weights::Ohwi(&weights), Some(&bias), scales, &mut packed)
        .map_err(refused)?;
    let work = Work {
        algorithm: Algorithm::Direct,
        macs: plan.macs(),
        bytes_moved: plan.bytes_moved(),
        written: size_of_val(&output[..]),
        scratch_bytes: 0,
        packed_bytes: size_of_val(&packed[..]),
    };
    work.time(layer, level, || {
        plan.run(level, &input, &packed, &mut output)
    })
}

fn run_i16(layer: &Layer, level: Level) -> Result<Run, String> {
    let refused = |error| format!("{}: {error}", layer.name);
    let plan = ConvI16::new(layer.geometry, RangeI16::FULL).map_err(refused)?;
    let weights = measure::noise_i8(plan.weights_len(), 1);
    let bias = vec![100; layer.geometry.filters];
    let input = measure::noise_i16(plan.input_len(), 3);
    let mut packed = Aligned::zeros(plan.packed_len());
    let mut output = Aligned::<i16>::zeros(plan.output_len());
    let usual = 15_000.0 / (74.0 * 18_900.0);
    let scales = scales(&layer.geometry, plan.weights_len(), usual);
    let scales = Scales::Real {
        input: 1.0,
        weights: &scales,
        output: 1.0,
    };
    plan.pack(Weights::Ohwi(&weights), Some(&bias), scales, &mut packed)
        .map_err(refused)?;
    let work = Work {
        algorithm: Algorithm::Direct,
        macs: plan.macs(),
        bytes_moved: plan.bytes_moved(),
        written: size_of_val(&output[..]),
        scratch_bytes: 0,
        packed_bytes: size_of_val(&packed[..]),
    };
    work.time(layer, level, || {
        plan.run(level, &input, &packed, &mut output)
    })
}

/// A scale for each filter, such that outputs use their range; `usual` is that of a single product.
fn scales(layer: &Geometry, weights: usize, usual: f32) -> Vec<f32> {
    let usual = usual / ((weights / layer.filters) as f32).sqrt();
    (0..layer.filters)
        .map(|n| usual * (1.0 + (n % 7) as f32 / 7.0))
        .collect()
}
