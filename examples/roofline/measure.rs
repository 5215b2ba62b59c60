//! Times: medians over enough runs, and the peak that they are a share of.

use microconv::{Algorithm, Level};
use std::ops::{Deref, DerefMut};
use std::time::{Duration, Instant};

/// How long the timed runs of a layer last, and their warm-up.
const LASTING: Duration = Duration::from_millis(200);
const WARM_UP: Duration = Duration::from_millis(50);
/// How long one timing lasts at least: a call may take little more than reading the clock.
const TIMING: Duration = Duration::from_micros(20);
/// Rounds of one timing of the peak, some tens of microseconds.
const ROUNDS: u64 = 20_000;

/// The type of the numbers.
#[derive(Clone, Copy, PartialEq)]
pub enum Dtype {
    F32,
    Int8,
    /// int16 activations, int8 weights.
    Int16,
}

impl Dtype {
    pub fn name(self) -> &'static str {
        match self {
            Dtype::F32 => "f32",
            Dtype::Int8 => "int8",
            Dtype::Int16 => "int16",
        }
    }
}

pub struct Measurement {
    pub layer: String,
    pub level: Level,
    pub algorithm: Algorithm,
    pub macs: u64,
    pub median: Duration,
    pub peak_gflops: f64,
    pub scratch_bytes: usize,
    pub packed_bytes: usize,
    pub bytes_moved: u64,
    /// How long memory takes to move as many bytes.
    pub memory: Duration,
}

impl Measurement {
    pub fn gflops(&self) -> f64 {
        gflops(self.macs, self.median)
    }

    pub fn share(&self) -> f64 {
        self.gflops() / self.peak_gflops
    }

    /// Gigabytes a second that memory moves.
    pub fn memory_gbps(&self) -> f64 {
        self.bytes_moved as f64 / self.memory.as_secs_f64() / 1e9
    }

    /// The share of the layer's time in which memory could have moved its bytes.
    pub fn memory_share(&self) -> f64 {
        self.memory.as_secs_f64() / self.median.as_secs_f64()
    }
}

/// The median time of a call.
pub fn time(call: impl FnMut()) -> Duration {
    median(call, WARM_UP, LASTING)
}

/// The median time of a call that is measured a second time elsewhere.
pub fn time_briefly(call: impl FnMut()) -> Duration {
    median(call, WARM_UP / 2, LASTING / 2)
}

/// What the level's multiply-add instruction (of int8: the multiplication) reaches with nothing else
/// to do.
pub fn peak_gflops(level: Level, dtype: Dtype) -> f64 {
    let mut macs = 0;
    let time = median(
        || {
            macs = match dtype {
                Dtype::F32 => level.multiply_adds(ROUNDS),
                Dtype::Int8 => level.multiply_adds_i8(ROUNDS),
                Dtype::Int16 => level.multiply_adds_i16(ROUNDS),
            }
        },
        WARM_UP / 5,
        LASTING / 4,
    );
    gflops(macs, time)
}

fn gflops(macs: u64, time: Duration) -> f64 {
    2.0 * macs as f64 / time.as_secs_f64() / 1e9
}

fn median(mut call: impl FnMut(), warm_up: Duration, lasting: Duration) -> Duration {
    let start = Instant::now();
    let mut calls = 0;
    while start.elapsed() < warm_up {
        call();
        calls += 1;
    }
    let each = start.elapsed() / calls.max(1);
    let batch = (TIMING.as_nanos() / each.as_nanos().max(1)).max(1) as u32;
    let mut times = vec![];
    let start = Instant::now();
    while times.len() < 3 || start.elapsed() < lasting {
        let start = Instant::now();
        for _ in 0..batch {
            call();
        }
        times.push(start.elapsed());
    }
    times.sort_unstable();
    times[times.len() / 2] / batch
}

/// Numbers in -0.5..0.5 that are the same every time (a linear congruential generator; Knuth, *The
/// Art of Computer Programming*, volume 2, 3.3.4).
pub fn noise(len: usize, seed: u64) -> Aligned<f32> {
    let mut state = seed;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1u64 << 24) as f32 - 0.5
    };
    let mut floats = Aligned::zeros(len);
    floats.fill_with(&mut next);
    floats
}

/// int8 of the same kind, of their whole range.
pub fn noise_i8(len: usize, seed: u64) -> Aligned<i8> {
    let mut bytes = Aligned::zeros(len);
    for (byte, float) in bytes.iter_mut().zip(noise(len, seed).iter()) {
        *byte = (float * 256.0).floor() as i8;
    }
    bytes
}

/// int16 of the same kind, of their whole range.
pub fn noise_i16(len: usize, seed: u64) -> Aligned<i16> {
    let mut shorts = Aligned::zeros(len);
    for (short, float) in shorts.iter_mut().zip(noise(len, seed).iter()) {
        *short = (float * 65536.0).floor() as i16;
    }
    shorts
}

/// Numbers that start at a multiple of 64 bytes, as long as a cache line and the longest register.
/// Nothing needs that, but where a register straddles two lines it takes two loads.
pub struct Aligned<T> {
    storage: Vec<T>,
    start: usize,
    len: usize,
}

impl<T: Copy + Default> Aligned<T> {
    pub fn zeros(len: usize) -> Self {
        const LINE: usize = 64;
        let storage = vec![T::default(); len + LINE / size_of::<T>()];
        let start = storage.as_ptr().align_offset(LINE);
        Aligned {
            storage,
            start,
            len,
        }
    }
}

impl<T> Deref for Aligned<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.storage[self.start..][..self.len]
    }
}

impl<T> DerefMut for Aligned<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.storage[self.start..][..self.len]
    }
}
