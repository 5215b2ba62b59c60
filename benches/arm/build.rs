//! Gives a bare-metal build its linker script, which includes `memory.x` from this folder.

fn main() {
    println!("cargo:rerun-if-changed=memory.x");
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("none") {
        let folder = std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
        println!("cargo:rustc-link-search={folder}");
        println!("cargo:rustc-link-arg=-Tlink.x");
    }
}
