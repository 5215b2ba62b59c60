//! Weights to flash: turns arrays and a geometry into a C and a Rust source file that hold the packed
//! weights as a constant, aligned array, and the layer beside it; for C and int8 the checked plan too.
//!
//! ```text
//! cargo run --release --example flash -- --name conv1 --input 32,32,3 --filters 8 --kernel 3,3 \
//!     --padding same --weights weights.npy --bias bias.npy --clamp 0,6 --out DIR
//! cargo run --release --example flash -- --name conv1 --dtype int8 --input 32,32,3 --filters 8 --kernel 3,3 \
//!     --weights weights.npy --bias bias.npy --zero-points=-1,3 --scales 0.5,scales.npy,0.75 --out DIR
//! ```
//!
//! Firmware in Rust can do without, and pack by `const` (`ConvF32::packed`); this is for C, and for
//! weights that a compiler should not have to read.

mod layer;
mod npy;
mod options;
mod source;

use std::process::ExitCode;

fn main() -> ExitCode {
    match options::parse(std::env::args().skip(1)).and_then(|(layer, out)| write(&layer, &out)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("flash: {message}");
            ExitCode::FAILURE
        }
    }
}

fn write(layer: &layer::Layer, out: &str) -> Result<(), String> {
    let packed = layer
        .pack()
        .map_err(|error| format!("{}: {error}", layer.name))?;
    for (ending, text) in [
        ("c", source::c(layer, &packed)),
        ("rs", source::rust(layer, &packed)),
    ] {
        let path = format!("{out}/{}.{ending}", layer.name);
        std::fs::write(&path, text).map_err(|error| format!("{path}: {error}"))?;
        println!("{path}: {} bytes of flash", packed.flash_bytes);
    }
    Ok(())
}
