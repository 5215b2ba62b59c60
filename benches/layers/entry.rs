//! What a call costs before it computes: layers that compute next to nothing, planned and run.
//!
//! `plan` is [`ConvF32::new`], `run` one [`ConvF32::run`] of a plan that has been made.

use criterion::Criterion;
use microconv::{Activation, ConvF32, Geometry, Level, Padding, Weights};
use std::hint::black_box;

/// Layers and their names.
fn layers() -> [(&'static str, Geometry); 4] {
    let same = |layer: Geometry| layer.padding(Padding::Same);
    [
        ("1x1x1", Geometry::conv2d([1, 1, 1], 1, [1, 1])),
        ("fc 64->10", Geometry::conv2d([1, 1, 64], 10, [1, 1])),
        ("3x3 4x4x8->8", same(Geometry::conv2d([4, 4, 8], 8, [3, 3]))),
        (
            "depthwise 3x3 3x3x8",
            same(Geometry::depthwise2d([3, 3, 8], 1, [3, 3])),
        ),
    ]
}

pub fn bench(criterion: &mut Criterion) {
    let level = Level::detect();
    for (name, geometry) in layers() {
        let mut group = criterion.benchmark_group(format!("entry {name}"));
        group.bench_function("plan", |bencher| {
            bencher.iter(|| {
                black_box(&ConvF32::new(*black_box(&geometry), Activation::NONE));
            });
        });
        let plan = ConvF32::new(geometry, Activation::NONE).expect("the layer is one");
        let (input, weights) = (vec![1.0; plan.input_len()], vec![0.5; plan.weights_len()]);
        let mut packed = vec![0.0; plan.packed_len()];
        let mut output = vec![0.0; plan.output_len()];
        plan.pack(Weights::Hwio(&weights), None, &mut packed)
            .expect("the lengths are the plan's");
        group.bench_function("run", |bencher| {
            bencher.iter(|| {
                let (input, packed) = (black_box(&input), black_box(&packed));
                black_box(&plan).run(
                    black_box(level),
                    input,
                    packed,
                    black_box(&mut output),
                    &mut [],
                )
            });
        });
        group.finish();
    }
}
