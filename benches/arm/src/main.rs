//! Runs one layer a number of times; see `layer.rs` for the arguments. Prints the layer's multiply-accumulates.

#![cfg_attr(target_os = "none", no_std, no_main)]

mod layer;
mod run;

#[cfg(target_os = "none")]
mod bare;

#[cfg(not(target_os = "none"))]
fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let job = layer::parse(&words.join(" ")).unwrap_or_else(|problem| fail(&problem));
    let plan = run::plan(&job).unwrap_or_else(|problem| fail(&problem));
    let mut memory = vec![0; run::memory(&plan)];
    let outcome = run::run(&job, &plan, &mut memory).unwrap_or_else(|problem| fail(&problem));
    println!("macs {} first {:08x}", outcome.macs, outcome.first);
}

#[cfg(not(target_os = "none"))]
fn fail(problem: &dyn std::fmt::Display) -> ! {
    eprintln!("count: {problem}");
    std::process::exit(1)
}
