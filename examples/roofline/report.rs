//! What is printed. The columns of `--csv` are fixed, so that results compare between commits.

use crate::measure::Measurement;
use crate::options::Options;
use microconv::Level;
use std::io::{Write, stdout};

const COLUMNS: &str = "layer,dtype,layout,level,algorithm,macs,median_us,gflops,peak_gflops,share,scratch_bytes,packed_bytes,bytes_moved,memory_gbps,memory_share";
/// Characters of a bar that stands for the peak.
const BAR: f64 = 40.0;

/// Prints a line. A reader that has gone away (`| head`) is no error.
macro_rules! line {
    ($($arg:tt)*) => {
        let _ = writeln!(stdout(), $($arg)*);
    };
}

pub fn header(options: &Options, level: Level) {
    if options.csv {
        line!("{COLUMNS}");
    } else {
        line!(
            "{}, nhwc, level {level}, one thread. share, and the bar: of the multiply-add peak. memory: the share of the time in which\n\
             memory could have moved the layer's bytes, at so many GB/s; where it is near 100 %, memory is the limit.\n",
            options.dtype.name(),
        );
        line!(
            "{:<14} {:<11} {:>9} {:>9} {:>7} {:>7} {:>7}",
            "layer",
            "algorithm",
            "us",
            "GFLOP/s",
            "GB/s",
            "memory",
            "share"
        );
    }
}

pub fn row(options: &Options, row: &Measurement) {
    let (gflops, share) = (row.gflops(), row.share());
    let (gbps, memory) = (row.memory_gbps(), row.memory_share());
    let median_us = row.median.as_secs_f64() * 1e6;
    if options.csv {
        line!(
            "{},{},nhwc,{},{},{},{median_us:.3},{gflops:.2},{:.2},{share:.4},{},{},{},{gbps:.2},{memory:.4}",
            row.layer,
            options.dtype.name(),
            row.level,
            row.algorithm,
            row.macs,
            row.peak_gflops,
            row.scratch_bytes,
            row.packed_bytes,
            row.bytes_moved,
        );
    } else {
        let bar = "#".repeat((share * BAR).round() as usize);
        line!(
            "{:<14} {:<11} {median_us:>9.1} {gflops:>9.1} {gbps:>7.1} {:>6.1}% {:>6.1}% {bar}",
            row.layer,
            row.algorithm.name(),
            memory * 100.0,
            share * 100.0,
        );
    }
}
