//! A depthwise layer and the pointwise one behind it, apart and as one plan: what each takes of time
//! and of RAM.
//!
//! ```text
//! cargo run --release --example separable
//! ```
//!
//! Pin it to one core (`taskset -c 1`) and leave that core alone.

use microconv::{Activation, ConvF32, Error, Geometry, Level, Padding, SeparableF32, Weights};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Network; height, width and channels of the input; stride; filters.
const PAIRS: [(&str, [usize; 3], usize, usize); 26] = [
    ("MobileNetV2", [112, 112, 32], 1, 16),
    ("MobileNetV2", [112, 112, 96], 2, 24),
    ("MobileNetV2", [56, 56, 144], 1, 24),
    ("MobileNetV2", [56, 56, 144], 2, 32),
    ("MobileNetV2", [28, 28, 192], 1, 32),
    ("MobileNetV2", [28, 28, 192], 2, 64),
    ("MobileNetV2", [14, 14, 384], 1, 64),
    ("MobileNetV2", [14, 14, 384], 1, 96),
    ("MobileNetV2", [14, 14, 576], 1, 96),
    ("MobileNetV2", [14, 14, 576], 2, 160),
    ("MobileNetV2", [7, 7, 960], 1, 160),
    ("MobileNetV2", [7, 7, 960], 1, 320),
    ("VWW", [48, 48, 8], 1, 16),
    ("VWW", [48, 48, 16], 2, 32),
    ("VWW", [24, 24, 32], 1, 32),
    ("VWW", [24, 24, 32], 2, 64),
    ("VWW", [12, 12, 64], 1, 64),
    ("VWW", [12, 12, 64], 2, 128),
    ("VWW", [6, 6, 128], 1, 128),
    ("VWW", [6, 6, 128], 2, 256),
    ("VWW", [3, 3, 256], 1, 256),
    ("KWS", [25, 5, 64], 1, 64),
    ("MobileNetV1", [112, 112, 32], 1, 64),
    ("MobileNetV1", [56, 56, 128], 1, 128),
    ("448x448", [224, 224, 32], 1, 16),
    ("448x448", [224, 224, 96], 1, 24),
];

/// How long a pair is timed.
const LASTING: Duration = Duration::from_millis(300);

fn main() -> Result<(), Error> {
    let level = Level::detect();
    println!("level {level}; times are medians, RAM is input, output and what lies between\n");
    println!(
        "{:12}{:>14}{:>8}{:>9}{:>10}{:>10}{:>8}{:>11}{:>8}{:>10}",
        "network",
        "input",
        "stride",
        "filters",
        "apart us",
        "fused us",
        "ratio",
        "apart KiB",
        "fused",
        "in place"
    );
    for (network, input, stride, filters) in PAIRS {
        let plan = pair(input, stride, filters)?;
        let [apart, fused] = measure(&plan, level)?;
        let [height, width, channels] = input;
        let (from, to) = (plan.spatial().input_len(), plan.pointwise().output_len());
        let between = plan.spatial().output_len();
        let memory = from.max(to);
        let in_place = memory + plan.in_place_lines_len(memory)? + plan.scratch_len();
        let kib = |floats: usize| (floats * 4) as f64 / 1024.0;
        println!(
            "{network:12}{:>14}{stride:>8}{filters:>9}{apart:>10.1}{fused:>10.1}{:>8.2}{:>11.0}{:>8.0}{:>10.0}",
            format!("{height}x{width}x{channels}"),
            fused / apart,
            // The input is given up once the map between is there.
            kib(between + from.max(to)),
            kib(from + to + plan.band_scratch_len()),
            kib(in_place),
        );
    }
    Ok(())
}

fn pair(input: [usize; 3], stride: usize, filters: usize) -> Result<SeparableF32, Error> {
    let depthwise = Geometry::depthwise2d(input, 1, [3, 3])
        .stride(stride)
        .padding(Padding::Same);
    let spatial = ConvF32::new(depthwise, Activation::RELU6)?;
    let [_, _, height, width, channels] = spatial.output_shape();
    let pointwise = Geometry::conv2d([height, width, channels], filters, [1, 1]);
    SeparableF32::new(spatial, ConvF32::new(pointwise, Activation::NONE)?)
}

/// Microseconds of the two layers apart, and of both as one plan. The two take turns, for the
/// machine's speed drifts.
fn measure(plan: &SeparableF32, level: Level) -> Result<[f64; 2], Error> {
    let (first, second) = (plan.spatial(), plan.pointwise());
    let [weights, more] = [pack(first)?, pack(second)?];
    let packed = [&weights[..], &more[..]];
    let input = wave(first.input_len());
    let mut between = vec![0.0; first.output_len()];
    let mut output = vec![0.0; second.output_len()];
    let mut fused = vec![0.0; second.output_len()];
    let mut scratch = vec![0.0; plan.band_scratch_len()];

    let mut times = [vec![], vec![]];
    let start = Instant::now();
    while start.elapsed() < LASTING {
        let turn = Instant::now();
        first.run(level, &input, packed[0], &mut between, &mut [])?;
        second.run(level, &between, packed[1], &mut output, &mut [])?;
        black_box(&output);
        times[0].push(turn.elapsed());
        let turn = Instant::now();
        plan.run(level, &input, packed, &mut fused, &mut scratch)?;
        black_box(&fused);
        times[1].push(turn.elapsed());
    }
    let same = |(a, b): (&f32, &f32)| a.to_bits() == b.to_bits();
    assert!(output.iter().zip(&fused).all(same));
    Ok(times.map(|mut times| {
        times.sort_unstable();
        times[times.len() / 2].as_secs_f64() * 1e6
    }))
}

fn pack(plan: &ConvF32) -> Result<Vec<f32>, Error> {
    let mut packed = vec![0.0; plan.packed_len()];
    plan.pack(Weights::Ohwi(&wave(plan.weights_len())), None, &mut packed)?;
    Ok(packed)
}

fn wave(len: usize) -> Vec<f32> {
    (0..len).map(|i| (i as f32).sin()).collect()
}
