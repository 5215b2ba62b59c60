//! f32 by Winograd's algorithms: against the reference, and bit for bit against what other targets compute, with the least scratch and
//! with more, and by parts.

use core::fmt;

use microconv::{ConvF32, Error, Level, Limits, Weights, reference};

use crate::check::{Buffers, MOST};

#[path = "../../common/winograd.rs"]
mod known;
use known::{ALGORITHMS, Layer};

/// Floats of the largest packed weights, and of scratch that is never the least.
const PACKED: usize = 25_000;
const SCRATCH: usize = 8192;

/// What a layer computes with, of which a firmware has one of each.
pub struct Memory {
    weights: [f32; 2 * MOST],
    bias: [f32; 64],
    input: [f32; MOST],
    packed: [f32; PACKED],
    output: [f32; MOST],
    rows: [f32; MOST],
    scratch: [f32; SCRATCH],
}

impl Memory {
    pub const ZERO: Memory = Memory {
        weights: [0.0; 2 * MOST],
        bias: [0.0; 64],
        input: [0.0; MOST],
        packed: [0.0; PACKED],
        output: [0.0; MOST],
        rows: [0.0; MOST],
        scratch: [0.0; SCRATCH],
    };
}

/// Runs all layers by each algorithm. `report` is told of each check.
pub fn all(sabotage: bool, memory: &mut Memory, buffers: &mut Buffers, report: crate::Report) {
    for layer in &known::layers() {
        for (number, algorithm) in ALGORITHMS.iter().enumerate() {
            let name = Name {
                text: layer.name,
                algorithm: algorithm.name(),
            };
            let mut say = |check: &str, problem: Option<&dyn fmt::Display>| {
                report(&name, check, problem);
            };
            if let Err(error) = computes(layer, number, sabotage, memory, buffers, &mut say) {
                say("run", Some(&error));
            }
        }
    }
}

struct Name {
    text: &'static str,
    algorithm: &'static str,
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.algorithm, self.text)
    }
}

fn computes(
    layer: &Layer,
    number: usize,
    sabotage: bool,
    memory: &mut Memory,
    buffers: &mut Buffers,
    say: crate::Say,
) -> Result<(), Error> {
    let limits = Limits::scratch(usize::MAX);
    let plan =
        ConvF32::with_algorithm(layer.geometry, layer.activation, ALGORITHMS[number], limits)?;
    let weights = &mut memory.weights[..plan.weights_len()];
    let bias = &mut memory.bias[..layer.geometry.filters];
    let input = &mut memory.input[..plan.input_len()];
    known::random(1, weights);
    known::random(2, bias);
    known::random(3, input);
    let packed = &mut memory.packed[..plan.packed_len()];
    plan.pack(Weights::Ohwi(weights), Some(bias), packed)?;
    if sabotage {
        packed[0] += 1.0;
    }
    let output = &mut memory.output[..plan.output_len()];
    let level = Level::detect();
    let least = plan.least_scratch_len();
    let known = layer.known[number][usize::from(!level.is_fused())];
    for (len, check) in [
        (least, "bit for bit what is known, with the least scratch"),
        (SCRATCH, "bit for bit what is known, with more scratch"),
    ] {
        output.fill(f32::NAN);
        memory.scratch.fill(f32::NAN);
        plan.run(level, input, packed, output, &mut memory.scratch[..len])?;
        let sum = known::checksum(output);
        let wrong = Wrong { sum, known };
        say(check, if sum == known { None } else { Some(&wrong) });
    }
    let near = near_reference(&plan, input, weights, bias, output, buffers);
    say(
        "near the reference",
        if near {
            None
        } else {
            Some(&"it is further off than the bound")
        },
    );

    let height = plan.output_shape()[2];
    let rows = &mut memory.rows[..plan.output_len()];
    rows.fill(f32::NAN);
    let mut row = 0;
    while row < plan.output_rows() {
        // As many as a tile has, but no more than are left of the plane.
        let end = row + plan.row_granularity().min(height - row % height);
        let from = plan.input_rows(row..end)?;
        plan.run_rows(
            level,
            row..end,
            &input[from.start * plan.input_row_len()..from.end * plan.input_row_len()],
            packed,
            &mut rows[row * plan.output_row_len()..end * plan.output_row_len()],
            &mut memory.scratch[..least],
        )?;
        row = end;
    }
    let same = rows
        .iter()
        .zip(output.iter())
        .all(|(a, b)| a.to_bits() == b.to_bits());
    say(
        "by parts the same",
        if same { None } else { Some(&"it differs") },
    );
    Ok(())
}

struct Wrong {
    sum: u32,
    known: u32,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the checksum is {:#x}, not {:#x}", self.sum, self.known)
    }
}

/// Within the bound of the error, of inputs that are as large as any can be.
fn near_reference(
    plan: &ConvF32,
    input: &[f32],
    weights: &[f32],
    bias: &[f32],
    output: &[f32],
    buffers: &mut Buffers,
) -> bool {
    let sums = &mut buffers.sums[..output.len()];
    let magnitudes = &mut buffers.magnitudes[..output.len()];
    let geometry = plan.geometry();
    let weights_of = Weights::Ohwi(weights);
    if reference::conv(geometry, input, weights_of, Some(bias), sums, magnitudes).is_err() {
        return false;
    }
    let twice = if Level::detect().is_fused() { 1.0 } else { 2.0 };
    let each = weights.len() / bias.len();
    output.iter().enumerate().all(|(at, &given)| {
        let filter = at % bias.len();
        let weights = &weights[filter * each..][..each];
        let most = weights.iter().chain(&bias[filter..][..1]);
        let unit: f64 = most.map(|weight| f64::from(weight.abs())).sum();
        let needed = sums[at].clamp(
            f64::from(plan.activation().min),
            f64::from(plan.activation().max),
        );
        // Written so that NaN is wrong.
        (f64::from(given) - needed).abs() <= twice * plan.error_bound() * unit
    })
}
