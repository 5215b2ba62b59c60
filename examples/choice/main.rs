//! Whether `Algorithm::Auto` chooses well: on every layer of the set, and on random layers, no other
//! algorithm may be more than 5 % faster than its choice.
//!
//! ```text
//! cargo run --release --example choice [-- [--csv] [--level NAME] [--scratch BYTES] [--random COUNT] [--seed NUMBER]]
//! ```
//!
//! Plans are tuned for the level. It prints the misses, and fails if there are any. A layer is measured again,
//! after all others, before it counts as one: what disturbs a machine shared with others can last longer than
//! the layer did. `--csv` prints all times, which the model of the cost was fitted to.

#[path = "../roofline/layers.rs"]
#[allow(dead_code, reason = "what the other example selects besides")]
mod layers;
#[path = "../roofline/measure.rs"]
#[allow(dead_code, reason = "what the other example measures besides")]
mod measure;

use layers::Layer;
use measure::{Aligned, noise};
use microconv::{Activation, Algorithm, ConvF32, Geometry, Level, Limits, Padding, Weights};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// How much slower than the fastest a choice may be.
const TOLERATED: f64 = 1.05;
/// How often layers that look like misses are measured again, each time for longer.
const REPEATS: u32 = 4;
/// How many times slower than the fastest an algorithm is that gets no more turns.
const HOPELESS: f64 = 4.0;
/// How long the runs of one algorithm last, at least, and in how many turns.
const LASTING: Duration = Duration::from_millis(6);
const TURNS: u32 = 12;

const ALGORITHMS: [Algorithm; 4] = [
    Algorithm::Direct,
    Algorithm::Winograd2x2,
    Algorithm::Winograd4x4,
    Algorithm::Winograd6x6,
];

struct Options {
    csv: bool,
    level: Level,
    scratch: usize,
    random: usize,
    seed: u64,
}

fn main() -> ExitCode {
    match options().and_then(|options| run(&options)) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("choice: {message}");
            ExitCode::from(2)
        }
    }
}

fn options() -> Result<Options, String> {
    let mut options = Options {
        csv: false,
        level: Level::detect(),
        scratch: 4 << 20,
        random: 200,
        seed: 4,
    };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or(format!("{arg} needs a value"));
        let number = |text: String| text.parse().map_err(|_| format!("{text}: not a number"));
        match arg.as_str() {
            "--csv" => options.csv = true,
            "--level" => {
                options.level = Level::named(&value()?).map_err(|error| error.to_string())?
            }
            "--scratch" => options.scratch = number(value()?)?,
            "--random" => options.random = number(value()?)?,
            "--seed" => options.seed = number(value()?)? as u64,
            _ => return Err(format!("{arg}: no such option")),
        }
    }
    Ok(options)
}

/// Measures all layers; the number of misses.
fn run(options: &Options) -> Result<usize, String> {
    let mut layers = layers::read(None)?;
    let set = layers.len();
    layers.extend(random(options.random, options.seed));
    let mut results: Vec<Option<Times>> = vec![];
    for layer in &layers {
        let contest = Contest::new(layer, options);
        results.push(contest.map(|contest| contest.measured(1)));
    }
    for repeat in 1..=REPEATS {
        for (layer, result) in layers.iter().zip(&mut results) {
            if let Some(before) = result
                && before.loss() > TOLERATED
                && let Some(contest) = Contest::new(layer, options)
            {
                before.least(&contest.measured(1 << repeat));
            }
        }
    }

    if options.csv {
        println!("layer,batch,h,w,c,filters,pad,groups,auto,direct,w2,w4,w6");
    }
    let (mut misses, mut measured) = (0, 0);
    for (index, (layer, times)) in layers.iter().zip(&results).enumerate() {
        let Some(times) = times else {
            continue;
        };
        measured += 1;
        if options.csv {
            println!("{}", csv(layer, times)?);
        }
        let loss = times.loss();
        if loss > TOLERATED {
            misses += 1;
            let what = if index < set { "" } else { ", random" };
            println!(
                "{}{what}: {} is chosen, {} is {:.1} % faster",
                describe(layer),
                times.chosen,
                times.fastest(),
                (loss - 1.0) * 100.0,
            );
        }
    }
    println!(
        "{measured} layers with a choice, level {}, at most {} bytes of scratch: {misses} misses",
        options.level, options.scratch
    );
    Ok(misses)
}

/// Seconds that a layer took under each algorithm, infinitely many under one that cannot compute it, and
/// what was chosen.
struct Times {
    chosen: Algorithm,
    seconds: [f64; ALGORITHMS.len()],
}

impl Times {
    fn of(&self, algorithm: Algorithm) -> f64 {
        let mut times = ALGORITHMS.into_iter().zip(self.seconds);
        times
            .find(|(other, _)| *other == algorithm)
            .map_or(f64::INFINITY, |(_, seconds)| seconds)
    }

    fn fastest(&self) -> Algorithm {
        let mut fastest = Algorithm::Direct;
        for algorithm in ALGORITHMS {
            if self.of(algorithm) < self.of(fastest) {
                fastest = algorithm;
            }
        }
        fastest
    }

    /// The time of the choice by that of the fastest.
    fn loss(&self) -> f64 {
        self.of(self.chosen) / self.of(self.fastest())
    }

    /// The less of these and of others.
    fn least(&mut self, others: &Times) {
        for (seconds, other) in self.seconds.iter_mut().zip(others.seconds) {
            *seconds = seconds.min(other);
        }
    }
}

/// One layer, under every algorithm that can compute it.
struct Contest {
    entries: Vec<Entry>,
    chosen: Algorithm,
    level: Level,
    input: Aligned<f32>,
    output: Aligned<f32>,
}

struct Entry {
    plan: ConvF32,
    packed: Aligned<f32>,
    scratch: Aligned<f32>,
    best: f64,
}

impl Contest {
    /// Nothing if there is no choice.
    fn new(layer: &Layer, options: &Options) -> Option<Contest> {
        let limits = Limits::scratch(options.scratch).tuned(options.level.tuning());
        let plan = |algorithm| {
            ConvF32::with_algorithm(layer.geometry, Activation::NONE, algorithm, limits).ok()
        };
        let auto = plan(Algorithm::Auto)?;
        let weights = noise(auto.weights_len(), 1);
        let bias = noise(layer.geometry.filters, 2);
        let mut entries = vec![];
        for plan in ALGORITHMS.into_iter().filter_map(plan) {
            let mut packed = Aligned::<f32>::zeros(plan.packed_len());
            plan.pack(Weights::Ohwi(&weights), Some(&bias), &mut packed)
                .ok()?;
            entries.push(Entry {
                plan,
                packed,
                scratch: Aligned::<f32>::zeros(plan.scratch_len()),
                best: f64::INFINITY,
            });
        }
        (entries.len() > 1).then(|| Contest {
            entries,
            chosen: auto.algorithm(),
            level: options.level,
            input: noise(auto.input_len(), 3),
            output: Aligned::<f32>::zeros(auto.output_len()),
        })
    }

    /// The algorithms take turns, so that what disturbs one disturbs all; the best time counts.
    fn measured(mut self, times: u32) -> Times {
        for _ in 0..TURNS * times {
            let least = self.entries.iter().map(|entry| entry.best);
            let least = least.fold(f64::INFINITY, f64::min);
            for entry in &mut self.entries {
                // Far behind: no turn more changes that.
                if entry.best.is_finite() && entry.best > HOPELESS * least {
                    continue;
                }
                let start = Instant::now();
                let mut runs = 0;
                while runs < 2 || start.elapsed() < LASTING / TURNS {
                    let start = Instant::now();
                    let done = entry.plan.run(
                        self.level,
                        &self.input,
                        &entry.packed,
                        &mut self.output,
                        &mut entry.scratch,
                    );
                    assert!(done.is_ok(), "{done:?}");
                    // The first run brings the weights back into the cache.
                    if runs > 0 {
                        entry.best = entry.best.min(start.elapsed().as_secs_f64());
                    }
                    runs += 1;
                }
            }
        }
        let mut seconds = [f64::INFINITY; ALGORITHMS.len()];
        for (seconds, algorithm) in seconds.iter_mut().zip(ALGORITHMS) {
            let mut entries = self.entries.iter();
            if let Some(entry) = entries.find(|entry| entry.plan.algorithm() == algorithm) {
                *seconds = entry.best;
            }
        }
        Times {
            chosen: self.chosen,
            seconds,
        }
    }
}

fn csv(layer: &Layer, times: &Times) -> Result<String, String> {
    let Geometry {
        batch,
        input: [_, h, w],
        channels,
        filters,
        groups,
        ..
    } = layer.geometry;
    let sizes = layer.geometry.sizes().map_err(|error| error.to_string())?;
    let pad = (sizes.output[1] + 2 - h) / 2;
    let seconds = times.seconds.map(|time| format!("{:.3}", time * 1e6));
    Ok(format!(
        "{},{batch},{h},{w},{channels},{filters},{pad},{groups},{},{}",
        layer.name,
        times.chosen,
        seconds.join(",")
    ))
}

fn describe(layer: &Layer) -> String {
    let geometry = &layer.geometry;
    format!(
        "{} ({} x {:?} x {} to {}, {} groups, {:?})",
        layer.name,
        geometry.batch,
        &geometry.input[1..],
        geometry.channels,
        geometry.filters,
        geometry.groups,
        geometry.padding,
    )
}

/// Random layers of windows of 3x3, the same for the same seed: sizes and channels over the orders of
/// magnitude that networks have.
fn random(count: usize, seed: u64) -> Vec<Layer> {
    // SplitMix64 (Steele, Lea and Flood, 2014).
    let mut state = seed;
    let mut next = move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) as f64 / u64::MAX as f64
    };
    let mut layers = vec![];
    while layers.len() < count {
        let mut between = |low: f64, high: f64| (low * (high / low).powf(next())).round() as usize;
        let [h, w] = [between(3.0, 100.0), between(3.0, 100.0)];
        // Most networks count channels in eights.
        let eights = between(1.0, 4.0) > 1;
        let mut channels = || {
            let channels = between(3.0, 384.0);
            if eights {
                channels.next_multiple_of(8)
            } else {
                channels
            }
        };
        let [channels, filters] = [channels(), channels()];
        let groups = [1, 1, 1, 1, 2, 4][between(1.0, 6.49) - 1];
        let geometry = Geometry::conv2d([h, w, channels * groups], filters * groups, [3, 3])
            .groups(groups)
            .batch(between(1.0, 2.0))
            .padding(Padding::square(between(1.0, 4.0).min(2) - 1));
        if geometry.sizes().is_ok_and(|sizes| sizes.macs < 400_000_000) {
            layers.push(Layer {
                name: format!("random {}", layers.len()),
                geometry,
            });
        }
    }
    layers
}
