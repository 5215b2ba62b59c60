#!/usr/bin/env bash
# Compares layers with other engines that a registry has, on one thread, by turns, in one run.
#
#     benches/peers.sh [--only ROW,ROW] [--dtype f32,int8] [--peer onnxruntime,ncnn,xnnpack] [--rounds N]
#
# Prints a header and a row for each layer and engine: layer,dtype,peer,version,median_us,gflops,peak_gflops,share,microconv_us,
# microconv_share,speedup. `share` is of the peak of the instructions that microconv uses here, as `roofline` measures it; `speedup` is how
# many times as fast as the engine microconv is. Pin it: `taskset -c 1 benches/peers.sh`. The first run needs PyPI.
set -euo pipefail
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-$PWD/target}
work=$target/peers
mkdir -p "$work"
if ! cmp -s benches/peers/requirements.txt "$work/requirements.txt"; then
    rm -rf "$work/venv"
    python3 -m venv "$work/venv"
    "$work/venv/bin/pip" install -q --disable-pip-version-check --no-deps -r benches/peers/requirements.txt
    cp benches/peers/requirements.txt "$work/"
fi
cargo build -q --release --example roofline
"$work/venv/bin/python" benches/peers/peers.py "$@" "$target/release/examples/roofline" 2> "$work/log" || { cat "$work/log" >&2; exit 1; }
