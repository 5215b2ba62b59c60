//! Classifies 360 handwritten digits that the network has not seen in training.
//!
//! ```text
//! cargo run --release --example digits
//! cargo run --release --example digits -- --dtype int8
//! ```

mod draw;
mod network;
mod options;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use draw::Answer;
use microconv::{Error, Level};
use network::images::{self, Pixels};
use network::{LAYERS, NAMES, NO_ANSWERS, digest, float, int8};
use options::{Command, Dtype};

const DRAWN: usize = 8;

fn main() -> ExitCode {
    let (level, dtype) = match options::parse(std::env::args().skip(1)) {
        Ok(Command::Classify(level, dtype)) => (level, dtype),
        Ok(Command::Help) => {
            print!("{}", options::HELP);
            return ExitCode::SUCCESS;
        }
        Err(message) => {
            eprintln!("digits: {message}");
            return ExitCode::from(2);
        }
    };
    let outcome = match dtype {
        Dtype::F32 => {
            print_float();
            let mut memory = float::Memory::new();
            classify_all(|pixels| float::classify(level, pixels, &mut memory))
        }
        Dtype::Int8 => {
            print_int8();
            let mut memory = int8::Memory::new();
            classify_all(|pixels| int8::classify(level, pixels, &mut memory))
        }
    };
    match outcome {
        Ok((answers, time)) => {
            report(level, dtype, answers, time);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("digits: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The answers, and the median time that one took.
fn classify_all(
    mut classify: impl FnMut(&Pixels) -> Result<u8, Error>,
) -> Result<(Vec<Answer>, Duration), Error> {
    // The first run pays for loading code and weights.
    for image in images::held_out() {
        classify(image.pixels)?;
    }
    let mut answers = Vec::new();
    let mut times = Vec::new();
    for image in images::held_out() {
        let start = Instant::now();
        let class = classify(image.pixels)?;
        times.push(start.elapsed());
        answers.push(Answer { image, class });
    }
    times.sort();
    Ok((answers, times[times.len() / 2]))
}

fn report(level: Level, dtype: Dtype, mut answers: Vec<Answer>, time: Duration) {
    let (all, time) = (answers.len(), time.as_secs_f64() * 1e6);
    // Not every level has kernels of its own for both types.
    let computing = match dtype {
        Dtype::F32 => level.for_f32(),
        Dtype::Int8 => level.for_i8(),
    };
    match computing == level {
        true => println!("level                 {level}"),
        false => println!("level                 {level}, by the kernels of {computing}"),
    }
    println!("time per image        {time:.2} us (median of {all})\n");

    let digest = answers
        .iter()
        .fold(NO_ANSWERS, |before, answer| digest(before, answer.class));
    // A stable sort: the wrong ones first, else in the order of the file.
    answers.sort_by_key(Answer::is_right);
    println!("{}", draw::digits(&answers[..DRAWN.min(all)]));

    let right = answers.iter().filter(|answer| answer.is_right()).count();
    let percent = 100.0 * right as f64 / all as f64;
    println!("answers {digest:08x}");
    println!("accuracy {percent:.2} % ({right} of {all})");
}

/// What the network needs of flash and RAM in f32.
fn print_float() {
    use float::{FUSED, PACKED, PLANS, RAM_APART, RAM_FUSED};
    print_layers(std::array::from_fn(|layer| Line {
        output: PLANS[layer].output_shape(),
        macs: PLANS[layer].macs(),
        flash: size_of_val(PACKED[layer]),
    }));
    // Depthwise and the 1x1 behind it are run together, which leaves a row of the map between them.
    let bytes = |floats: usize| floats * size_of::<f32>();
    let (row, map) = (FUSED.scratch_len(), FUSED.spatial().output_len());
    println!("\nRAM, bytes            fused     apart");
    println!("depthwise output    {:>7}{:>10}", bytes(row), bytes(map));
    println!(
        "all activations     {:>7}{:>10}",
        bytes(RAM_FUSED),
        bytes(RAM_APART)
    );
}

/// The same in int8, where each layer is run alone.
fn print_int8() {
    use int8::{PACKED, PLANS, RAM};
    print_layers(std::array::from_fn(|layer| Line {
        output: PLANS[layer].output_shape(),
        macs: PLANS[layer].macs(),
        flash: size_of_val(PACKED[layer]),
    }));
    println!("\nRAM, bytes");
    println!("all activations     {RAM:>7}");
}

/// A layer's part in the table.
struct Line {
    output: [usize; 5],
    macs: u64,
    flash: usize,
}

fn print_layers(lines: [Line; LAYERS]) {
    let line = |name: &str, output: &str, macs: &str, flash: &str| {
        println!("{name:20}{output:>12}{macs:>16}{flash:>16}");
    };
    line("layer", "output", "multiply-adds", "flash, bytes");
    let (mut all_macs, mut all_flash) = (0, 0);
    for (name, layer) in NAMES.iter().zip(lines) {
        let [_, _, height, width, channels] = layer.output;
        let output = format!("{height}x{width}x{channels}");
        let (macs, flash) = (layer.macs, layer.flash);
        line(name, &output, &macs.to_string(), &flash.to_string());
        all_macs += macs;
        all_flash += flash;
    }
    line("total", "", &all_macs.to_string(), &all_flash.to_string());
}
