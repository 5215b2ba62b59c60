//! The layers of `layers.csv` against what one would write instead.
//!
//! ```text
//! cd benches/layers
//! cargo bench                    everything, some three minutes
//! cargo bench -- res_c           what has this in its name
//! cargo bench -- entry           small layers: planning, and what a run costs before it computes
//! ```
//!
//! * `microconv`: at the best level of this CPU.
//! * `im2col+gemm`: the image's windows are copied out into a matrix, and the crate gemm-f32 multiplies
//!   it with the weights, on one thread. The copy is in the time, as it is one for each image; the
//!   weights are laid out before. Not for layers in groups, which would need one small matrix each.
//! * `naive`: nested loops and a sum in double precision, [`reference::conv`]. Only for layers of at
//!   most 1.5 million multiply-accumulates; the others would take minutes.
//!
//! An element is a floating-point operation, two for each multiply-accumulate, so that criterion's
//! `Gelem/s` are GFLOP/s. Before a layer is timed, the results are compared.

#[path = "../../examples/roofline/layers.rs"]
#[allow(dead_code)] // the example also selects layers by name
mod layers;

#[path = "../../examples/roofline/measure.rs"]
#[allow(dead_code)] // the times are criterion's
mod measure;

mod entry;
mod im2col;

use criterion::{BenchmarkGroup, Criterion, Throughput, measurement::WallTime};
use im2col::Im2col;
use layers::Layer;
use measure::{Aligned, noise};
use microconv::{Activation, ConvF32, Level, Weights, reference};
use std::time::Duration;

/// Multiply-accumulates of the largest layer that the naive loops are timed on.
const NAIVE: u64 = 1_500_000;

fn main() {
    let mut criterion = Criterion::default()
        .without_plots()
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(800))
        .sample_size(10)
        .configure_from_args();
    entry::bench(&mut criterion);
    let set = layers::read(None).expect("the set is part of the crate");
    for layer in set {
        bench(&mut criterion, &layer);
    }
    criterion.final_summary();
}

fn bench(criterion: &mut Criterion, layer: &Layer) {
    let case = Case::new(layer);
    let mut group = criterion.benchmark_group(&layer.name);
    group.throughput(Throughput::Elements(2 * case.plan.macs()));
    let mut output = Aligned::<f32>::zeros(case.plan.output_len());
    case.microconv(&mut output);
    time(&mut group, "microconv", || case.microconv(&mut output));
    if layer.geometry.groups == 1 {
        let mut matrix = Im2col::new(&case);
        let mut other = Aligned::<f32>::zeros(output.len());
        matrix.run(&case, &mut other);
        case.agree(&output, &other);
        time(&mut group, "im2col+gemm", || matrix.run(&case, &mut other));
    }
    if case.plan.macs() <= NAIVE {
        let (mut sums, mut sizes) = (vec![0.0; output.len()], vec![0.0; output.len()]);
        case.naive(&mut sums, &mut sizes);
        let other: Vec<f32> = sums.iter().map(|sum| *sum as f32).collect();
        case.agree(&output, &other);
        time(&mut group, "naive", || case.naive(&mut sums, &mut sizes));
    }
    group.finish();
}

fn time(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, mut call: impl FnMut()) {
    group.bench_function(name, |bencher| bencher.iter(&mut call));
}

/// A layer with numbers in it; no bias.
struct Case {
    plan: ConvF32,
    input: Aligned<f32>,
    weights: Aligned<f32>,
    packed: Aligned<f32>,
}

impl Case {
    fn new(layer: &Layer) -> Self {
        let plan = ConvF32::new(layer.geometry, Activation::NONE).expect("the set's layers are");
        let (input, weights) = (noise(plan.input_len(), 1), noise(plan.weights_len(), 2));
        let mut packed = Aligned::<f32>::zeros(plan.packed_len());
        plan.pack(Weights::Hwio(&weights), None, &mut packed)
            .expect("the lengths are the plan's");
        Case {
            plan,
            input,
            weights,
            packed,
        }
    }

    fn microconv(&self, output: &mut [f32]) {
        self.plan
            .run(Level::detect(), &self.input, &self.packed, output, &mut [])
            .expect("the lengths are the plan's");
    }

    fn naive(&self, sums: &mut [f64], magnitudes: &mut [f64]) {
        let weights = Weights::Hwio(&self.weights);
        reference::conv(
            self.plan.geometry(),
            &self.input,
            weights,
            None,
            sums,
            magnitudes,
        )
        .expect("the lengths are the plan's");
    }

    /// Two ways to add up `terms` products of 1/16 on average differ by about as much, at most, as
    /// `terms` roundings of their magnitudes' sum. Other work would differ by more than that.
    fn agree(&self, ours: &[f32], other: &[f32]) {
        let terms = (self.plan.weights_len() / self.plan.geometry().filters) as f32;
        let bound = terms * f32::EPSILON * terms / 16.0;
        for (a, b) in ours.iter().zip(other) {
            assert!((a - b).abs() <= bound, "{a} and {b} differ by over {bound}");
        }
    }
}
