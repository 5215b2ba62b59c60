//! Cases of int16 activations that know what every level must answer.

use super::int8::OwnScales;
use super::{ORDERS, Order, Rng, int8};
use microconv::{ConvI16, Geometry, Level, Multiplier, RangeI16, Weights, reference};
use std::ops::Range;

pub use super::int8::{FACTORS, Factors, NUMBERS, Numbers};

/// The levels with kernels of their own for int16 activations.
pub fn levels_i16() -> Vec<Level> {
    let mut levels = super::levels();
    levels.retain(|level| level.for_i16() == *level);
    levels
}

/// One layer with its numbers.
pub struct CaseI16 {
    pub plan: ConvI16,
    pub seed: u64,
    pub numbers: Numbers,
    pub factors: Factors,
    pub order: Order,
    pub input: Vec<i16>,
    pub weights: Vec<i8>,
    pub bias: Option<Vec<i64>>,
    pub scales: OwnScales,
    pub packed: Vec<i32>,
}

impl CaseI16 {
    /// A case whose range and numbers follow from the seed.
    pub fn new(geometry: Geometry, seed: u64) -> CaseI16 {
        let mut rng = Rng(seed ^ 0x1234_5678);
        let (numbers, factors) = (NUMBERS[rng.below(3)], FACTORS[rng.below(5)]);
        CaseI16::with(geometry, numbers, factors, seed)
    }

    pub fn with(geometry: Geometry, numbers: Numbers, factors: Factors, seed: u64) -> CaseI16 {
        let mut rng = Rng(seed);
        let (a, b) = (rng.next() as i16, rng.next() as i16);
        let range = match rng.below(3) {
            0 => RangeI16 {
                min: a.min(b),
                max: a.max(b),
            },
            _ => RangeI16::FULL,
        };
        let plan =
            ConvI16::new(geometry, range).unwrap_or_else(|error| panic!("{error}: {geometry:?}"));
        let order = ORDERS[rng.below(3)];
        let depth = plan.weights_len() / geometry.filters;
        let weights: Vec<i8> = (0..plan.weights_len())
            .map(|_| match numbers {
                Numbers::Usual => rng.next() as i8,
                Numbers::Extreme => [-128, 127, -128, 127, 0, -127][rng.below(6)],
                Numbers::Small => rng.below(7) as i8 - 3,
            })
            .collect();
        let input = (0..plan.input_len())
            .map(|_| match numbers {
                Numbers::Usual => rng.next() as i16,
                Numbers::Extreme => [i16::MIN, i16::MAX, i16::MIN, 0][rng.below(4)],
                Numbers::Small => rng.below(19) as i16 - 9,
            })
            .collect();
        let scales = scales(&mut rng, factors, geometry.filters, depth);
        let mut case = CaseI16 {
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
        let depth = self.plan.weights_len() / self.plan.geometry().filters;
        let channels = self.plan.geometry().channels / self.plan.geometry().groups;
        let (mut least, mut most) = (0, 0);
        for index in 0..depth {
            let weight = self.weight_at(filter, index / channels, index % channels);
            let ends = [-32768, 32767].map(|x| x * i64::from(self.weights[weight]));
            least += ends[0].min(ends[1]);
            most += ends[0].max(ends[1]);
        }
        [least, most]
    }

    /// The least and the most that the bias of a filter can be.
    pub fn biases(&self, filter: usize) -> [i64; 2] {
        let [least, most] = self.reach(filter);
        [-(1 << 47) - least, (1 << 47) - 1 - most]
    }

    fn any_bias(&self, rng: &mut Rng, filter: usize) -> i64 {
        let [least, most] = self.biases(filter);
        match self.numbers {
            Numbers::Usual => rng.below(40_000_001) as i64 - 20_000_000,
            // About the ends of int32 too.
            Numbers::Extreme => [most, least, 0, 1 << 31, -(1 << 31) - 1, 1 << 40][rng.below(6)],
            Numbers::Small => rng.below(9) as i64 - 4,
        }
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

    /// What every level must answer.
    pub fn expected(&self) -> Vec<i16> {
        let mut sums = vec![0; self.plan.output_len()];
        let geometry = self.plan.geometry();
        let (weights, bias) = (self.weights(), self.bias.as_deref());
        reference::conv_i16(geometry, &self.input, weights, bias, &mut sums)
            .expect("a plan's geometry");
        let RangeI16 { min, max } = self.plan.range();
        let multipliers: Vec<_> = (0..geometry.filters)
            .map(|filter| self.scales.multiplier(filter))
            .collect();
        sums.into_iter()
            .enumerate()
            .map(|(index, sum)| {
                assert!(
                    (-(1 << 47)..1 << 47).contains(&sum),
                    "the plan has proved it"
                );
                let multiplier = multipliers[index % geometry.filters];
                let steps = reference::requantize_i16(sum, multiplier);
                steps.clamp(min.into(), max.into()) as i16
            })
            .collect()
    }

    /// The input of some rows of the output.
    pub fn input_of(&self, rows: Range<usize>) -> &[i16] {
        let from = self.plan.input_rows(rows).expect("rows of the plan");
        let row = self.plan.input_row_len();
        &self.input[from.start * row..from.end * row]
    }

    pub fn run_rows(&self, level: Level, rows: Range<usize>) -> Vec<i16> {
        let mut output = vec![0x5a5a; rows.len() * self.plan.output_row_len()];
        let input = self.input_of(rows.clone());
        self.plan
            .run_rows(level, rows, input, &self.packed, &mut output)
            .unwrap_or_else(|error| panic!("{level}: {error}: {self}"));
        output
    }

    /// Runs every level and compares.
    pub fn check(&self, levels: &[Level]) {
        let expected = self.expected();
        for &level in levels {
            let given = self.run_rows(level, 0..self.plan.output_rows());
            self.compare(level, &given, &expected);
        }
    }

    #[track_caller]
    pub fn compare(&self, level: Level, given: &[i16], expected: &[i16]) {
        assert_eq!(given.len(), expected.len());
        if given == expected {
            return;
        }
        for (index, (given, expected)) in given.iter().zip(expected).enumerate() {
            assert!(
                given == expected,
                "{level}: [{index}] is {given}, not {expected}: {self}"
            );
        }
    }
}

impl std::fmt::Display for CaseI16 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let CaseI16 {
            seed,
            numbers,
            factors,
            order,
            ..
        } = self;
        let (geometry, range) = (self.plan.geometry(), self.plan.range());
        write!(
            f,
            "{geometry:?}, {range:?}, {numbers:?}, {factors:?}, {order:?}, seed {seed}"
        )
    }
}

/// Scales such that outputs use their range; multipliers that are too large for int16 activations are
/// made smaller.
fn scales(rng: &mut Rng, factors: Factors, filters: usize, depth: usize) -> OwnScales {
    match int8::scales(rng, factors, filters, depth) {
        OwnScales::Multipliers(all) => OwnScales::Multipliers(
            all.into_iter()
                .map(|multiplier| {
                    let shift = multiplier.shift();
                    let shift = if shift > 7 { shift % 8 } else { shift };
                    Multiplier::new(multiplier.value(), shift).expect("in range")
                })
                .collect(),
        ),
        scales => scales,
    }
}
