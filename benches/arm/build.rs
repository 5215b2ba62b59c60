//! Gives a bare-metal build its linker script, which includes a `memory.x` from this folder.

use std::path::PathBuf;

fn main() {
    println!("cargo:rerun-if-changed=memory");
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("none") {
        let variable = |name| std::env::var(name).expect("cargo sets it");
        let machine = if variable("TARGET").starts_with("thumbv8m") {
            "mps3-an547"
        } else {
            "mps2"
        };
        let folder = PathBuf::from(variable("CARGO_MANIFEST_DIR"));
        let folder = folder.join("memory").join(machine);
        println!("cargo:rustc-link-search={}", folder.display());
        println!("cargo:rustc-link-arg=-Tlink.x");
    }
}
