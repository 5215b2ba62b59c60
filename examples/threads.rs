//! One layer on all cores: each thread computes some rows of the output.
//!
//! ```text
//! cargo run --release --example threads
//! ```

use microconv::{Activation, ConvF32, Error, Geometry, Level, Padding, Weights};
use std::num::NonZero;
use std::time::{Duration, Instant};

const RUNS: usize = 51;

fn main() -> Result<(), Error> {
    let layer = Geometry::conv2d([56, 56, 64], 64, [3, 3]).padding(Padding::Same);
    let plan = ConvF32::new(layer, Activation::RELU)?;
    let level = Level::detect();
    let wave = |len: usize| -> Vec<f32> { (0..len).map(|i| (i as f32).sin()).collect() };
    let (input, weights) = (wave(plan.input_len()), wave(plan.weights_len()));
    let mut packed = vec![0.0; plan.packed_len()];
    plan.pack(Weights::Ohwi(&weights), None, &mut packed)?;

    let mut whole = vec![0.0; plan.output_len()];
    plan.run(level, &input, &packed, &mut whole, &mut [])?;

    println!("3x3 over 56x56x64 to 64 channels, level {level}, median of {RUNS} runs");
    let mut alone = Duration::ZERO;
    for threads in 1..=std::thread::available_parallelism().map_or(1, NonZero::get) {
        let mut output = vec![0.0; plan.output_len()];
        let mut times = vec![];
        for _ in 0..RUNS {
            let start = Instant::now();
            share(&plan, level, &input, &packed, &mut output, threads)?;
            times.push(start.elapsed());
        }
        // No sum is split between threads, so not a bit depends on how many there are.
        assert!(
            output
                .iter()
                .zip(&whole)
                .all(|(a, b)| a.to_bits() == b.to_bits())
        );
        times.sort();
        let time = times[RUNS / 2];
        if threads == 1 {
            alone = time;
        }
        let speed_up = alone.as_secs_f64() / time.as_secs_f64();
        println!(
            "{threads:>3} threads {:>9.1} us   x{speed_up:.2}",
            time.as_secs_f64() * 1e6
        );
    }
    Ok(())
}

/// Runs the plan on so many threads.
fn share(
    plan: &ConvF32,
    level: Level,
    input: &[f32],
    packed: &[f32],
    output: &mut [f32],
    threads: usize,
) -> Result<(), Error> {
    let rows = plan.output_rows().div_ceil(threads);
    std::thread::scope(|scope| {
        let parts: Vec<_> = output
            .chunks_mut(rows * plan.output_row_len())
            .enumerate()
            .map(|(part, output)| {
                scope.spawn(move || {
                    let first = part * rows;
                    let rows = first..first + output.len() / plan.output_row_len();
                    // Neighbouring parts read some input rows both.
                    let needed = plan.input_rows(rows.clone())?;
                    let row = plan.input_row_len();
                    let input = &input[needed.start * row..needed.end * row];
                    plan.run_rows(level, rows, input, packed, output, &mut [])
                })
            })
            .collect();
        parts
            .into_iter()
            .try_for_each(|part| part.join().expect("a part does not panic"))
    })
}
