//! A file of the benchmarks that is added is embedded by the next build.

fn main() {
    println!("cargo::rerun-if-changed=src/bench/peers/files");
}
