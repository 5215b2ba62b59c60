//! What a CPU is said to have.

mod common;

use common::{levels, missing_levels, wrongly_wanted};
use microconv::{Error, Level};

/// All tests take their levels from `levels`, which fails where a required one is not there.
#[test]
fn required_levels_are_there() {
    assert!(!levels().is_empty());
}

#[test]
fn a_missing_level_is_reported() {
    let absent = Level::NAMES
        .into_iter()
        .find(|name| Level::named(name).is_err());
    let absent = absent.expect("no CPU has all levels");
    let here = Level::detect();
    let reason = format!("{absent}: level {absent} is not available on this CPU or in this build");
    assert_eq!(missing_levels(&format!("{here}, {absent}")), [reason]);
    assert_eq!(missing_levels("sve9"), ["sve9: no level has this name"]);
    assert!(missing_levels("").is_empty());
    assert!(missing_levels("scalar").is_empty());
}

#[test]
fn a_list_that_leaves_out_what_is_required_is_reported() {
    assert!(wrongly_wanted("avx2, scalar", "scalar").is_empty());
    assert!(wrongly_wanted("avx2", "").is_empty());
    assert_eq!(
        wrongly_wanted("avx2,sve9", "neon,avx2"),
        [
            "sve9: no level has this name",
            "neon: required, and not wanted"
        ]
    );
}

#[test]
fn all_ends_with_scalar_and_starts_with_the_best() {
    let names: Vec<&str> = Level::all().map(Level::name).collect();
    assert_eq!(names.last(), Some(&"scalar"));
    assert_eq!(names.first(), Some(&Level::detect().name()));
    // In the order of `NAMES`, so each at most once.
    let ranks: Vec<_> = names
        .iter()
        .map(|name| Level::NAMES.iter().position(|known| known == name))
        .collect();
    assert!(
        ranks.is_sorted_by(|a, b| a < b) && ranks[0].is_some(),
        "{names:?}"
    );
}

#[test]
fn names_are_answered() {
    for name in Level::NAMES {
        match Level::named(name) {
            Ok(level) => {
                assert_eq!(level.name(), name);
                assert_eq!(level.to_string(), name);
                assert!(Level::all().any(|other| other == level));
            }
            Err(error) => {
                assert_eq!(error, Error::LevelAbsent(name));
                assert!(Level::all().all(|other| other.name() != name));
            }
        }
    }
    for name in ["", "AVX2", "avx2 ", "sse2", "avx", "scalar\0"] {
        assert_eq!(Level::named(name), Err(Error::LevelUnknown), "{name:?}");
    }
}

#[test]
fn every_level_but_scalar_is_fused() {
    for level in Level::all() {
        assert!(level.is_fused() || level.name() == "scalar");
    }
    // Where the target's base has a fused instruction the scalar level uses it.
    if cfg!(any(target_arch = "aarch64", target_feature = "fma")) {
        assert!(Level::all().all(Level::is_fused));
    }
}

/// What this crate finds is what the standard library finds.
#[test]
#[cfg(target_arch = "x86_64")]
fn detection_agrees_with_the_standard_library() {
    use std::arch::is_x86_feature_detected as has;
    let avx2 = has!("avx2") && has!("fma");
    let avx512 =
        avx2 && has!("avx512f") && has!("avx512bw") && has!("avx512dq") && has!("avx512vl");
    assert_eq!(Level::named("avx2").is_ok(), avx2);
    assert_eq!(Level::named("avx512").is_ok(), avx512);
    assert_eq!(Level::named("avxvnni").is_ok(), avx2 && has!("avxvnni"));
    let avx512vnni = avx512 && has!("avx512vnni");
    assert_eq!(Level::named("avx512vnni").is_ok(), avx512vnni);
    assert_eq!(Level::named("neon"), Err(Error::LevelAbsent("neon")));
}

/// The levels of VNNI are those of int8 alone, and plain AVX-512 is none of int8.
#[test]
#[cfg(target_arch = "x86_64")]
fn each_level_has_the_kernels_of_one() {
    for level in Level::all() {
        let (f32, i8) = match level.name() {
            "avx512vnni" => ("avx512", "avx512vnni"),
            "avx512" => ("avx512", "avx2"),
            "avxvnni" => ("avx2", "avxvnni"),
            own => (own, own),
        };
        assert_eq!((level.for_f32().name(), level.for_i8().name()), (f32, i8));
    }
}

#[test]
#[cfg(target_arch = "aarch64")]
fn levels_of_aarch64_are_those_of_the_cpu() {
    let names: Vec<_> = Level::all().map(Level::name).collect();
    assert!(names.ends_with(&["neon", "scalar"]), "{names:?}");
    assert_eq!(Level::named("avx2"), Err(Error::LevelAbsent("avx2")));
    // Without `std` only what the compiler knows is found.
    if cfg!(feature = "std") {
        use std::arch::is_aarch64_feature_detected as has;
        assert_eq!(names.contains(&"dotprod"), has!("dotprod"));
        assert_eq!(names.contains(&"i8mm"), has!("i8mm"));
    }
    // The products of bytes are of no use to f32.
    for level in Level::all() {
        let f32 = match level.name() {
            "i8mm" | "dotprod" => "neon",
            own => own,
        };
        assert_eq!((level.for_f32().name(), level.for_i8()), (f32, level));
    }
}

/// Peaks count in proportion to their rounds: nothing is counted beside the loop.
#[test]
fn peaks_count_what_they_do() {
    for level in Level::all() {
        for count in [
            Level::multiply_adds,
            Level::multiply_adds_i8,
            Level::multiply_adds_i16,
        ] {
            let macs = count(level, 1);
            assert!(macs > 0, "{level}");
            assert_eq!(count(level, 7), 7 * macs, "{level}");
            assert_eq!(count(level, 0), 0, "{level}");
        }
    }
}
