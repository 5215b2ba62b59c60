#!/usr/bin/env bash
# Counts, in QEMU, the instructions of one call of `run` on ARM, for the layers of layers.csv.
#
#     benches/arm.sh [--csv] [--only ROW,ROW] [--target TARGET,TARGET] [--dtype f32,int8,int16,winograd2x2...] [--verify]
#
# aarch64-neon runs a Linux program under qemu-aarch64, cortex-* a firmware under qemu-system-arm, the latter only for the layers of
# MLPerf Tiny: no others fit in such a machine. f32 is counted where f32 was tuned; int16 is that of activations under int8 weights,
# whose kernels are NEON's on all of aarch64. winograd2x2, winograd4x4 and winograd6x6 are f32 by that algorithm, within 256 KiB of
# scratch, of rows that have it (--only). A program runs twice, with one call and with two; the difference is one call. It repeats
# exactly; --verify runs a third call and fails unless it costs the same. Instructions are not cycles.
#
# Toolchain: .ci/arm-setup. Profile: opt-level 3, one codegen unit, fat LTO, no target-cpu (see arm/Cargo.toml).
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)

# A new target is one line in each table; a bare one has a machine, one on Linux a cpu.
TARGETS=(aarch64-neon aarch64-dotprod aarch64-i8mm cortex-m4 cortex-m0 cortex-m33 cortex-m55)
DTYPES=(f32 int8 int16)
declare -A triple=([aarch64-neon]=aarch64-unknown-linux-gnu [aarch64-dotprod]=aarch64-unknown-linux-gnu
    [aarch64-i8mm]=aarch64-unknown-linux-gnu [cortex-m4]=thumbv7em-none-eabihf [cortex-m0]=thumbv6m-none-eabi
    [cortex-m33]=thumbv8m.main-none-eabihf [cortex-m55]=thumbv8m.main-none-eabihf)
declare -A level=([aarch64-neon]=neon [aarch64-dotprod]=dotprod [aarch64-i8mm]=i8mm [cortex-m4]=dsp [cortex-m0]=scalar [cortex-m33]=dsp [cortex-m55]=dsp)
declare -A dtypes=([aarch64-neon]='f32 int8 int16' [aarch64-dotprod]=int8 [aarch64-i8mm]=int8 [cortex-m4]='f32 int8 int16 winograd2x2 winograd4x4 winograd6x6'
    [cortex-m0]='int8 int16' [cortex-m33]='int8 int16' [cortex-m55]='int8 int16')
declare -A cpu=([aarch64-neon]=cortex-a72 [aarch64-dotprod]=cortex-a76 [aarch64-i8mm]=max)
# Targets that run the program of another.
declare -A program=([aarch64-dotprod]=aarch64-neon [aarch64-i8mm]=aarch64-neon)
# Machines of a Cortex-M3 and of an M55 run the code of an M0 and an M33 as well.
declare -A machine=([cortex-m4]=mps2-an386 [cortex-m0]=mps2-an385 [cortex-m33]=mps3-an547 [cortex-m55]=mps3-an547)
# How a target is compiled, where the triple does not say it all. Helium is not used, not even by the compiler.
declare -A flags=([cortex-m33]=-Ctarget-cpu=cortex-m33 [cortex-m55]='-Ctarget-cpu=cortex-m55 -Ctarget-feature=-mve')

fail() { echo "arm.sh: $*" >&2; exit 1; }

csv= verify= only=
while [ $# -gt 0 ]; do
    case $1 in
        --csv) csv=1 ;;
        --verify) verify=1 ;;
        --only) only=${2:?--only takes rows}; shift ;;
        --dtype) IFS=, read -ra DTYPES <<< "${2:?--dtype takes dtypes}"; shift ;;
        --target) IFS=, read -ra TARGETS <<< "${2:?--target takes targets}"; shift ;;
        *) fail "unknown argument $1" ;;
    esac
    shift
done
for target in "${TARGETS[@]}"; do
    [ -n "${triple[$target]:-}" ] || fail "unknown target $target; there are ${!triple[*]}"
done

environment=$("$root/.ci/arm-setup")
eval "$environment"
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$root/target/arm}
mkdir -p "$CARGO_TARGET_DIR"
CARGO_TARGET_DIR=$(cd "$CARGO_TARGET_DIR" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

plugin=$CARGO_TARGET_DIR/libcount.so
[ "$plugin" -nt "$root/benches/arm/count.c" ] || gcc -O2 -Wall -shared -fPIC -o "$plugin" "$root/benches/arm/count.c"
for target in "${TARGETS[@]}"; do
    (cd "$root/benches/arm" && RUSTFLAGS=${flags[$target]:-} "$CARGO" build -q --release --target "${triple[$target]}" \
        --target-dir "$CARGO_TARGET_DIR/${program[$target]:-$target}") || fail "the build for $target failed"
done

# total TARGET DTYPE CALLS FIELD...: instructions of the whole program; its output goes to $scratch/output.
total() {
    local target=$1 words=("${level[$1]}" "${@:2}")
    local binary=$CARGO_TARGET_DIR/${program[$target]:-$target}/${triple[$target]}/release/count
    rm -f "$scratch/total"
    if [ -n "${machine[$target]:-}" ]; then
        qemu-system-arm -machine "${machine[$target]}" -display none -monitor none -serial none \
            -semihosting-config "enable=on,target=native$(printf ',arg=%s' "${words[@]}")" \
            -plugin "$plugin,out=$scratch/total" -kernel "$binary" > "$scratch/output"
    else
        qemu-aarch64 -cpu "${cpu[$target]}" -plugin "$plugin,out=$scratch/total" "$binary" "${words[@]}" > "$scratch/output"
    fi || fail "$target failed on: ${words[*]}: $(cat "$scratch/output")"
    cat "$scratch/total"
}

if [ -n "$csv" ]; then
    echo layer,dtype,target,instructions,instructions_per_mac
else
    printf '%-14s %-6s %-13s %14s %9s\n' layer dtype target instructions per_MAC
fi
declare -A asked=()
IFS=, read -ra rows <<< "$only"
for row in "${rows[@]}"; do asked[$row]=1; done
while IFS=, read -r name net _ fields; do
    case $name in '#'* | name | '') continue ;; esac
    [ -z "$only" ] || [ -n "${asked[$name]:-}" ] || continue
    asked[$name]=seen
    IFS=, read -ra words <<< "$fields"
    for target in "${TARGETS[@]}"; do
        if [ -n "${machine[$target]:-}" ] && [[ $net != MLPerf-Tiny* ]]; then continue; fi
        for dtype in "${DTYPES[@]}"; do
            [[ " ${dtypes[$target]} " = *" $dtype "* ]] || continue
            echo "arm.sh: $name, $dtype, on $target" >&2
            one=$(total "$target" "$dtype" 1 "${words[@]}")
            two=$(total "$target" "$dtype" 2 "${words[@]}")
            if [ -n "$verify" ]; then
                three=$(total "$target" "$dtype" 3 "${words[@]}")
                [ $((two - one)) = $((three - two)) ] ||
                    fail "$name, $dtype, on $target: second call $((two - one)), third call $((three - two))"
            fi
            read -r _ macs _ < "$scratch/output"
            per_mac=$(awk -v i=$((two - one)) -v m="$macs" 'BEGIN { printf "%.4f", i / m }')
            if [ -n "$csv" ]; then
                echo "$name,$dtype,$target,$((two - one)),$per_mac"
            else
                printf '%-14s %-6s %-13s %14d %9s\n' "$name" "$dtype" "$target" $((two - one)) "$per_mac"
            fi
        done
    done
done < "$root/benches/layers.csv"
for row in "${!asked[@]}"; do
    [ "${asked[$row]}" = seen ] || fail "no row $row in layers.csv"
done
