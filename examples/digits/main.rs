//! Classifies 360 handwritten digits that the network has not seen in training.
//!
//! ```text
//! cargo run --release --example digits
//! ```

mod draw;
mod images;
mod network;
mod options;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use draw::Answer;
use microconv::{Error, Level};
use network::{FUSED, NAMES, PACKED, PLANS, RAM_APART, RAM_FUSED};
use options::Command;

const DRAWN: usize = 8;

fn main() -> ExitCode {
    let level = match options::parse(std::env::args().skip(1)) {
        Ok(Command::Classify(level)) => level,
        Ok(Command::Help) => {
            print!("{}", options::HELP);
            return ExitCode::SUCCESS;
        }
        Err(message) => {
            eprintln!("digits: {message}");
            return ExitCode::from(2);
        }
    };
    match classify_all(level) {
        Ok((answers, time)) => {
            report(level, answers, time);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("digits: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The answers, and the median time that one took.
fn classify_all(level: Level) -> Result<(Vec<Answer>, Duration), Error> {
    // The first run pays for loading code and weights.
    for image in images::held_out() {
        network::classify(level, image.pixels)?;
    }
    let mut answers = Vec::new();
    let mut times = Vec::new();
    for image in images::held_out() {
        let start = Instant::now();
        let (class, _) = network::classify(level, image.pixels)?;
        times.push(start.elapsed());
        answers.push(Answer { image, class });
    }
    times.sort();
    Ok((answers, times[times.len() / 2]))
}

fn report(level: Level, mut answers: Vec<Answer>, time: Duration) {
    print_layers();
    let (all, time) = (answers.len(), time.as_secs_f64() * 1e6);
    println!("level                 {}", level.name());
    println!("time per image        {time:.2} us (median of {all})\n");

    // A stable sort: the wrong ones first, else in the order of the file.
    answers.sort_by_key(Answer::is_right);
    println!("{}", draw::digits(&answers[..DRAWN.min(all)]));

    let right = answers.iter().filter(|answer| answer.is_right()).count();
    let percent = 100.0 * right as f64 / all as f64;
    println!("accuracy {percent:.2} % ({right} of {all})");
}

/// What the network needs of flash and RAM.
fn print_layers() {
    let line = |name: &str, output: &str, macs: &str, flash: &str| {
        println!("{name:20}{output:>12}{macs:>16}{flash:>16}");
    };
    line("layer", "output", "multiply-adds", "flash, bytes");
    let (mut all_macs, mut all_flash) = (0, 0);
    for (layer, plan) in PLANS.iter().enumerate() {
        let [_, _, height, width, channels] = plan.output_shape();
        let output = format!("{height}x{width}x{channels}");
        let (macs, flash) = (plan.macs(), size_of_val(PACKED[layer]));
        line(NAMES[layer], &output, &macs.to_string(), &flash.to_string());
        all_macs += macs;
        all_flash += flash;
    }
    line("total", "", &all_macs.to_string(), &all_flash.to_string());
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
