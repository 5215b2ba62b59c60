#!/usr/bin/env bash
# Packs the digits network (examples/digits, in int8) into C sources, by the example flash: layers.sh DIR [CARGO-OPTION...]
set -euo pipefail
out=$1
shift
file=examples/digits/weights_int8.bin
at=0

# cut BYTES FILE: the next bytes of the weights.
cut_off() {
    dd if=$file of="$2" bs=1 skip=$at count="$1" status=none
    at=$((at + $1))
}

# The number at the end of a file.
float() { od -A n -t f4 "$1" | tr -d ' '; }
int() { od -A n -t d4 "$1" | tr -d ' '; }

flash() {
    cargo run -q "${options[@]}" --example flash -- --dtype int8 --out "$out" "$@"
}

# layer NAME INPUT FILTERS WEIGHTS RELU OPTION...: weights, biases, scales, the output's scale and zero point follow each other.
layer() {
    local name=$1 input=$2 filters=$3 weights=$4 relu=$5 low=-128 scale zero
    shift 5
    cut_off "$weights" "$out/weights.bin"
    cut_off $((4 * filters)) "$out/bias.bin"
    cut_off $((4 * filters)) "$out/scales.bin"
    cut_off 4 "$out/scale.bin"
    cut_off 4 "$out/zero.bin"
    scale=$(float "$out/scale.bin") zero=$(int "$out/zero.bin")
    if [ "$relu" = relu ]; then low=$((zero > low ? zero : low)); fi
    flash --name "$name" --input "$input" --filters "$filters" --weights "$out/weights.bin" --bias "$out/bias.bin" \
        --zero-points="$in_zero,$zero" --clamp="$low,127" --scales "$in_scale,$out/scales.bin,$scale" "$@"
    in_scale=$scale in_zero=$zero
}

options=("$@")
in_scale=0.0625 in_zero=0
layer layer0 8,8,1 16 144 relu --kernel 3,3 --padding same
layer layer1 8,8,16 32 4608 relu --kernel 3,3 --padding same --stride 2,2
layer layer2 4,4,32 32 288 relu --kernel 3,3 --padding same --groups 32 --order hwio
layer layer3 4,4,32 64 2048 relu --kernel 1,1
# The average: weights of 1 with the scale 1/16.
tr '\0' '\1' < <(head -c 1024 /dev/zero) > "$out/ones.bin"
flash --name layer4 --input 4,4,64 --filters 64 --kernel 4,4 --groups 64 --order hwio --weights "$out/ones.bin" \
    --zero-points="$in_zero,$in_zero" --scales "$in_scale,0.0625,$in_scale"
layer layer5 1,1,64 10 640 none --kernel 1,1
[ "$at" = "$(wc -c < $file)" ]
