//! Gives the linker the script of the machine that the target stands for.

fn main() {
    println!("cargo:rerun-if-changed=memory");
    let variable = |name| std::env::var(name).expect("cargo sets it");
    let target = variable("TARGET");
    let (machine, script) = match target.split('-').next() {
        Some("thumbv6m") => ("microbit", "link.x"),
        Some("aarch64") => ("virt", "virt.x"),
        _ => ("mps2", "link.x"),
    };
    let folder = variable("CARGO_MANIFEST_DIR");
    println!("cargo:rustc-link-search={folder}/memory/{machine}");
    println!("cargo:rustc-link-arg=-T{script}");
}
