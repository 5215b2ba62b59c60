//! The layers of `layers.csv` against what one would write instead.
//!
//! ```text
//! cargo bench --bench layers                    everything, some four minutes
//! cargo bench --bench layers -- res_c           the layers whose names hold this
//! ```
//!
//! * `microconv`: at the best level of this CPU.
//! * `im2col+gemm`: the image's windows are copied out into a matrix, and the crate gemm multiplies
//!   it with the weights, on one thread. The copy is in the time, as it is one for each image; the
//!   weights are laid out before. Not for layers in groups, which would need one small matrix each.
//! * `naive`: seven loops and a sum in double precision, [`reference::conv`]. Only for layers of at
//!   most 1.5 million multiply-accumulates; the others would take minutes.
//!
//! An element is a floating-point operation, two for each multiply-accumulate, so that criterion's
//! `Gelem/s` are GFLOP/s. Before a layer is timed, the results are compared.
//!
//! It runs on x86-64 alone; other targets do without the dependencies.

#[cfg(target_arch = "x86_64")]
#[path = "layers/compare.rs"]
mod compare;

fn main() {
    #[cfg(target_arch = "x86_64")]
    compare::run();
    #[cfg(not(target_arch = "x86_64"))]
    eprintln!("layers: built for x86-64 alone");
}
