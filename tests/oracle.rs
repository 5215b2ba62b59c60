//! What TensorFlow Lite and ONNX answer, to the bit: cases that `tests/oracle/tflite.py`,
//! `tests/oracle/tflite_16x8.py` and `tests/oracle/onnx_cases.py` have written.
//!
//! ```text
//! MICROCONV_ORACLE=FILE MICROCONV_ORACLE_16X8=FILE MICROCONV_ORACLE_ONNX=FILE cargo test --test oracle -- --ignored
//! ```

use std::fs::File;
use std::io::{BufReader, Read};

mod common;

#[path = "oracle/cases.rs"]
mod cases;

use cases::{ONNX, Oracle, TFLITE, TFLITE_16X8};

/// Compares every level with the file that a variable of the environment names.
fn compare(oracle: &Oracle, variable: &str) {
    let path = std::env::var(variable).unwrap_or_else(|_| panic!("{variable} names no file"));
    let file = File::open(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut file = BufReader::new(file);
    let mut read = |bytes: &mut [u8]| {
        file.read(bytes)
            .unwrap_or_else(|error| panic!("{path}: {error}"))
    };
    let mut levels = common::levels();
    levels.retain(|level| (oracle.kernels)(*level) == *level);
    let mut memory = vec![0; cases::MEMORY];
    let counts = oracle.compare(&mut read, &mut memory, &levels);
    println!("{}: {counts}", oracle.name);
}

#[test]
#[ignore = "needs the file that tests/oracle/tflite.py writes"]
fn tensorflow_lite_answers_the_same() {
    compare(&TFLITE, "MICROCONV_ORACLE");
}

#[test]
#[ignore = "needs the file that tests/oracle/tflite_16x8.py writes"]
fn tensorflow_lite_answers_the_same_for_int16() {
    compare(&TFLITE_16X8, "MICROCONV_ORACLE_16X8");
}

#[test]
#[ignore = "needs the file that tests/oracle/onnx_cases.py writes"]
fn onnx_answers_the_same() {
    compare(&ONNX, "MICROCONV_ORACLE_ONNX");
}
