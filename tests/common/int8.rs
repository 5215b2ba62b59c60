//! int8 cases that know what every level must answer.

use super::{ORDERS, Order, Rng};
use microconv::{
    Bytes, ConvI8, Geometry, Input8, Level, Multiplier, Output8, Quantization, Rounding, Scales,
    Weights, reference,
};
use std::ops::Range;

pub const ROUNDINGS: [Rounding; 3] = [Rounding::Tflite, Rounding::TfliteSingle, Rounding::Float];

/// The levels with int8 kernels of their own.
pub fn levels_i8() -> Vec<Level> {
    let mut levels = super::levels();
    levels.retain(|level| level.for_i8() == *level);
    levels
}

/// What numbers a case is made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Numbers {
    /// All that a byte can be.
    Usual,
    /// The ends of every range, sums up to the ends of int32 among them.
    Extreme,
    /// Near the zero point, so that many sums are alike and many are ties.
    Small,
}

pub const NUMBERS: [Numbers; 3] = [Numbers::Usual, Numbers::Extreme, Numbers::Small];

/// What the sums are multiplied by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Factors {
    /// So that outputs use their range.
    Usual,
    /// Powers of two, for ties.
    Powers,
    /// 1 and more.
    Large,
    /// Any multiplier and any shift, zero and the ends among them.
    Any,
    /// One for all filters.
    Single,
}

pub const FACTORS: [Factors; 5] = [
    Factors::Usual,
    Factors::Powers,
    Factors::Large,
    Factors::Any,
    Factors::Single,
];

/// The scales of a case.
#[derive(Clone, Debug)]
pub enum OwnScales {
    Real {
        input: f32,
        weights: Vec<f32>,
        output: f32,
    },
    Multipliers(Vec<Multiplier>),
}

impl OwnScales {
    pub fn scales(&self) -> Scales<'_> {
        match self {
            OwnScales::Real {
                input,
                weights,
                output,
            } => Scales::Real {
                input: *input,
                weights,
                output: *output,
            },
            OwnScales::Multipliers(multipliers) => Scales::Multipliers(multipliers),
        }
    }

    /// The multiplier of a filter, worked out a second time.
    pub fn multiplier(&self, filter: usize) -> Multiplier {
        let pick = |len: usize| if len == 1 { 0 } else { filter };
        match self {
            OwnScales::Real {
                input,
                weights,
                output,
            } => {
                let weight = f64::from(weights[pick(weights.len())]);
                quantize_multiplier(f64::from(*input) * weight / f64::from(*output))
            }
            OwnScales::Multipliers(all) => all[pick(all.len())],
        }
    }

    /// What becomes of the sums of a filter, worked out a second time by the definitions of TensorFlow Lite and
    /// XNNPACK.
    fn requantize(&self, quantization: &Quantization, filter: usize) -> impl Fn(i32) -> i32 {
        let Quantization {
            output_zero_point,
            min,
            max,
            rounding,
            ..
        } = *quantization;
        let pick = |len: usize| if len == 1 { 0 } else { filter };
        let scale = match self {
            OwnScales::Real {
                input,
                weights,
                output,
            } => input * weights[pick(weights.len())] / output,
            OwnScales::Multipliers(all) => {
                let multiplier = all[pick(all.len())];
                (f64::from(multiplier.value()) * 2f64.powi(multiplier.shift() - 31)) as f32
            }
        };
        let multiplier = (rounding != Rounding::Float).then(|| self.multiplier(filter));
        let ends = [min, max].map(|end| (end - output_zero_point) as f32);
        move |sum| {
            let steps = match multiplier {
                None => reference::requantize_float(sum, scale, ends[0], ends[1]),
                Some(multiplier) => reference::requantize(rounding, sum, multiplier),
            };
            (i64::from(steps) + i64::from(output_zero_point)).clamp(min.into(), max.into()) as i32
        }
    }
}

/// TensorFlow Lite's `QuantizeMultiplier`, with `frexp` by division.
pub fn quantize_multiplier(real: f64) -> Multiplier {
    if real == 0.0 {
        return Multiplier::new(0, 0).expect("zero");
    }
    let (mut fraction, mut shift) = (real, 0);
    while fraction >= 1.0 {
        fraction /= 2.0;
        shift += 1;
    }
    while fraction < 0.5 {
        fraction *= 2.0;
        shift -= 1;
    }
    let mut value = (fraction * 2f64.powi(31)).round() as i64;
    if value == 1 << 31 {
        value /= 2;
        shift += 1;
    }
    if shift < -31 {
        (value, shift) = (0, 0);
    }
    Multiplier::new(value as i32, shift).expect("in range")
}

/// One int8 layer with its numbers.
pub struct CaseI8 {
    pub plan: ConvI8,
    pub seed: u64,
    pub numbers: Numbers,
    pub factors: Factors,
    pub order: Order,
    /// The bits of int8 or uint8.
    pub input: Vec<u8>,
    pub weights: Vec<i8>,
    pub bias: Option<Vec<i32>>,
    pub scales: OwnScales,
    pub packed: Vec<i32>,
}

impl CaseI8 {
    /// A case whose quantization and numbers follow from the seed.
    pub fn new(geometry: Geometry, seed: u64) -> CaseI8 {
        let mut rng = Rng(seed ^ 0x1234_5678);
        let rounding = ROUNDINGS[rng.below(3)];
        let (numbers, factors) = (NUMBERS[rng.below(3)], FACTORS[rng.below(5)]);
        CaseI8::with(geometry, rounding, numbers, factors, seed)
    }

    pub fn with(
        geometry: Geometry,
        rounding: Rounding,
        numbers: Numbers,
        factors: Factors,
        seed: u64,
    ) -> CaseI8 {
        let mut rng = Rng(seed);
        let quantization = quantization(&mut rng, rounding);
        let plan = ConvI8::new(geometry, quantization)
            .unwrap_or_else(|error| panic!("{error}: {geometry:?}"));
        let order = ORDERS[rng.below(3)];
        let depth = plan.weights_len() / geometry.filters;
        let weights: Vec<i8> = (0..plan.weights_len())
            .map(|_| match numbers {
                Numbers::Usual => rng.next() as i8,
                Numbers::Extreme => [-128, 127, -128, 127, 0, -127][rng.below(6)],
                Numbers::Small => rng.below(7) as i8 - 3,
            })
            .collect();
        let zero = quantization.input_zero_point;
        let input = (0..plan.input_len())
            .map(|_| {
                let signed = quantization.input == Bytes::Int8;
                let [low, high] = if signed { [-128, 127] } else { [0, 255] };
                let number = match numbers {
                    Numbers::Usual => rng.below(256) as i32 + low,
                    Numbers::Extreme => [low, high, zero][rng.below(3)],
                    Numbers::Small => (zero + rng.below(19) as i32 - 9).clamp(low, high),
                };
                number as u8
            })
            .collect();
        let scales = scales(&mut rng, factors, geometry.filters, depth);
        let mut case = CaseI8 {
            plan,
            seed,
            numbers,
            factors,
            order,
            input,
            weights,
            bias: None,
            scales,
            packed: vec![],
        };
        if rng.below(4) > 0 {
            let bias = (0..geometry.filters)
                .map(|filter| case.any_bias(&mut rng, filter))
                .collect();
            case.bias = Some(bias);
        }
        case.pack();
        case
    }

    /// The least and the most that the weights of a filter can sum to.
    pub fn reach(&self, filter: usize) -> [i64; 2] {
        let quantization = self.plan.quantization();
        let zero = i64::from(quantization.input_zero_point);
        let [low, high] = match quantization.input {
            Bytes::Int8 => [-128 - zero, 127 - zero],
            Bytes::Uint8 => [-zero, 255 - zero],
        };
        let depth = self.plan.weights_len() / self.plan.geometry().filters;
        let (mut least, mut most) = (0, 0);
        for index in 0..depth {
            let channels = self.plan.geometry().channels / self.plan.geometry().groups;
            let weight = self.weight_at(filter, index / channels, index % channels);
            let ends = [low, high].map(|x| x * i64::from(self.weights[weight]));
            least += ends[0].min(ends[1]);
            most += ends[0].max(ends[1]);
        }
        [least, most]
    }

    fn any_bias(&self, rng: &mut Rng, filter: usize) -> i32 {
        let [least, most] = self.reach(filter);
        let bias = match self.numbers {
            Numbers::Usual => rng.below(40_001) as i64 - 20_000,
            Numbers::Extreme => [
                i64::from(i32::MAX) - most,
                i64::from(i32::MIN) - least,
                0,
                1 << 30,
            ][rng.below(4)],
            Numbers::Small => rng.below(9) as i64 - 4,
        };
        bias.clamp(
            i64::from(i32::MIN) - least.min(0),
            i64::from(i32::MAX) - most.max(0),
        ) as i32
    }

    /// Packs again, after something was changed.
    pub fn pack(&mut self) {
        let mut packed = vec![0x5555_5555; self.plan.packed_len()];
        self.plan
            .pack(
                self.weights(),
                self.bias.as_deref(),
                self.scales.scales(),
                &mut packed,
            )
            .unwrap_or_else(|error| panic!("{error}: {self}"));
        self.packed = packed;
    }

    pub fn weights(&self) -> Weights<'_, i8> {
        match self.order {
            Order::Ohwi => Weights::Ohwi(&self.weights),
            Order::Oihw => Weights::Oihw(&self.weights),
            Order::Hwio => Weights::Hwio(&self.weights),
        }
    }

    /// Where the weight of a filter, a tap and a channel of the filter's group lies.
    pub fn weight_at(&self, filter: usize, tap: usize, channel: usize) -> usize {
        super::weight_at(self.plan.geometry(), self.order, filter, tap, channel)
    }

    /// The sums of all outputs.
    pub fn sums(&self) -> Vec<i32> {
        let mut sums = vec![0; self.plan.output_len()];
        let (geometry, quantization) = (self.plan.geometry(), self.plan.quantization());
        let (weights, bias) = (self.weights(), self.bias.as_deref());
        match quantization.input {
            Bytes::Int8 => {
                let input: Vec<i8> = self.input.iter().map(|x| *x as i8).collect();
                reference::conv_i8(geometry, quantization, &input, weights, bias, &mut sums)
            }
            Bytes::Uint8 => {
                let input = &self.input[..];
                reference::conv_i8(geometry, quantization, input, weights, bias, &mut sums)
            }
        }
        .expect("a plan's geometry");
        sums.into_iter()
            .map(|sum| i32::try_from(sum).expect("the plan has proved it"))
            .collect()
    }

    /// The bits of the outputs of these sums.
    pub fn bytes(&self, sums: &[i32]) -> Vec<u8> {
        let (quantization, filters) = (self.plan.quantization(), self.plan.geometry().filters);
        let requantize: Vec<_> = (0..filters)
            .map(|filter| self.scales.requantize(quantization, filter))
            .collect();
        sums.iter()
            .enumerate()
            .map(|(index, sum)| requantize[index % filters](*sum) as u8)
            .collect()
    }

    /// Rows of the output, in the types of the quantization, from slices that the caller places.
    pub fn run_rows_at(
        &self,
        level: Level,
        rows: Range<usize>,
        input: &[u8],
        packed: &[i32],
        output: &mut [u8],
    ) {
        let Quantization {
            input: from,
            output: to,
            ..
        } = *self.plan.quantization();
        match (from, to) {
            (Bytes::Int8, Bytes::Int8) => {
                self.call(level, rows, signed(input), packed, signed_mut(output))
            }
            (Bytes::Int8, Bytes::Uint8) => self.call(level, rows, signed(input), packed, output),
            (Bytes::Uint8, Bytes::Int8) => {
                self.call(level, rows, input, packed, signed_mut(output))
            }
            (Bytes::Uint8, Bytes::Uint8) => self.call(level, rows, input, packed, output),
        }
    }

    /// As [`run_rows_at`](Self::run_rows_at), the sums.
    pub fn sum_rows_at(
        &self,
        level: Level,
        rows: Range<usize>,
        input: &[u8],
        packed: &[i32],
        output: &mut [i32],
    ) {
        match self.plan.quantization().input {
            Bytes::Int8 => self.call(level, rows, signed(input), packed, output),
            Bytes::Uint8 => self.call(level, rows, input, packed, output),
        }
    }

    fn call<I: Input8, O: Output8>(
        &self,
        level: Level,
        rows: Range<usize>,
        input: &[I],
        packed: &[i32],
        output: &mut [O],
    ) {
        self.plan
            .run_rows(level, rows, input, packed, output)
            .unwrap_or_else(|error| panic!("{level}: {error}: {self}"));
    }

    /// The input of some rows of the output.
    pub fn input_of(&self, rows: Range<usize>) -> &[u8] {
        let from = self.plan.input_rows(rows).expect("rows of the plan");
        let row = self.plan.input_row_len();
        &self.input[from.start * row..from.end * row]
    }

    /// Some rows, as sums and as bytes.
    pub fn run_rows(&self, level: Level, rows: Range<usize>) -> (Vec<i32>, Vec<u8>) {
        let len = rows.len() * self.plan.output_row_len();
        let (mut sums, mut bytes) = (vec![0x0bad_0bad; len], vec![0xa5; len]);
        let input = self.input_of(rows.clone());
        self.sum_rows_at(level, rows.clone(), input, &self.packed, &mut sums);
        self.run_rows_at(level, rows, input, &self.packed, &mut bytes);
        (sums, bytes)
    }

    /// Runs every level and compares.
    pub fn check(&self, levels: &[Level]) {
        let sums = self.sums();
        let bytes = self.bytes(&sums);
        for &level in levels {
            let (given_sums, given_bytes) = self.run_rows(level, 0..self.plan.output_rows());
            self.compare(level, "sum", &given_sums, &sums);
            self.compare(level, "byte", &given_bytes, &bytes);
        }
    }

    #[track_caller]
    pub fn compare<T: PartialEq + std::fmt::Debug>(
        &self,
        level: Level,
        what: &str,
        given: &[T],
        expected: &[T],
    ) {
        assert_eq!(given.len(), expected.len());
        // All at once, for most are, and an emulator takes its time.
        if given == expected {
            return;
        }
        for (index, (given, expected)) in given.iter().zip(expected).enumerate() {
            assert!(
                given == expected,
                "{level}: {what} {index} is {given:?}, not {expected:?}: {self}"
            );
        }
    }
}

impl std::fmt::Display for CaseI8 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let CaseI8 {
            seed,
            numbers,
            factors,
            order,
            ..
        } = self;
        let (geometry, quantization) = (self.plan.geometry(), self.plan.quantization());
        write!(
            f,
            "{geometry:?}, {quantization:?}, {numbers:?}, {factors:?}, {order:?}, seed {seed}"
        )
    }
}

fn quantization(rng: &mut Rng, rounding: Rounding) -> Quantization {
    let types = [Bytes::Int8, Bytes::Int8, Bytes::Uint8];
    let (input, output) = (types[rng.below(3)], types[rng.below(3)]);
    let mut number = |bytes, ends: bool| {
        let number = if ends {
            [0, 255, 128][rng.below(3)]
        } else {
            rng.below(256)
        } as i32;
        number - if bytes == Bytes::Int8 { 128 } else { 0 }
    };
    let ends = rounding == Rounding::Float && number(input, false) % 2 == 0;
    let (input_zero_point, output_zero_point) = (number(input, ends), number(output, ends));
    let (a, b) = (number(output, false), number(output, false));
    let clamped = number(output, false) % 3 == 0;
    let [low, high] = match output {
        Bytes::Int8 => [-128, 127],
        Bytes::Uint8 => [0, 255],
    };
    Quantization {
        input,
        output,
        input_zero_point,
        output_zero_point,
        min: if clamped { a.min(b) } else { low },
        max: if clamped { a.max(b) } else { high },
        rounding,
    }
}

pub(super) fn scales(rng: &mut Rng, factors: Factors, filters: usize, depth: usize) -> OwnScales {
    let multiplier = |value: u64, shift: i32| {
        Multiplier::new((value & 0x7fff_ffff) as i32, shift).expect("in range")
    };
    // A sum of that many products of such numbers is about so large.
    let usual = 60.0 / (74.0 * 74.0 * (depth as f64).sqrt());
    match factors {
        Factors::Usual => OwnScales::Real {
            input: 0.01 + rng.below(1000) as f32 / 1000.0,
            weights: (0..filters)
                .map(|_| usual as f32 * (0.1 + rng.below(1 << 20) as f32 / (1 << 20) as f32))
                .collect(),
            output: 0.01 + rng.below(1000) as f32 / 1000.0,
        },
        Factors::Single => OwnScales::Real {
            input: 0.5,
            weights: vec![usual as f32 * (0.1 + rng.below(1 << 20) as f32 / (1 << 20) as f32)],
            output: 0.7,
        },
        Factors::Powers => OwnScales::Multipliers(
            (0..filters)
                .map(|_| multiplier(1 << 30, 1 - rng.below(16) as i32))
                .collect(),
        ),
        Factors::Large => OwnScales::Multipliers(
            (0..filters)
                .map(|_| multiplier(1 << 30 | rng.next() >> 34, rng.below(8) as i32))
                .collect(),
        ),
        Factors::Any => OwnScales::Multipliers(
            (0..filters)
                .map(|_| {
                    let value = match rng.below(6) {
                        0 => 0,
                        1 => 0x7fff_ffff,
                        2 => 1,
                        3 => 1 << 30,
                        _ => rng.next(),
                    };
                    multiplier(value, rng.below(62) as i32 - 31)
                })
                .collect(),
        ),
    }
}

fn signed(bytes: &[u8]) -> &[i8] {
    // SAFETY: every byte is an int8.
    unsafe { std::slice::from_raw_parts(bytes.as_ptr().cast(), bytes.len()) }
}

fn signed_mut(bytes: &mut [u8]) -> &mut [i8] {
    // SAFETY: every byte is an int8, and the borrow passes on.
    unsafe { std::slice::from_raw_parts_mut(bytes.as_mut_ptr().cast(), bytes.len()) }
}
