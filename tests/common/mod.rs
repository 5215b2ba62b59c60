//! What the test files share: numbers from a seed, the levels to run, and cases that know what
//! every level must answer.
#![allow(dead_code, reason = "each test file uses a part")]

use microconv::{Activation, ConvF32, Geometry, Level, Padding, SeparableF32, Weights, reference};

#[cfg(unix)]
pub mod guard;
pub mod int16;
pub mod int8;
pub mod winograd;

/// The levels of this CPU, best first; says which they are and which are not run: those that it lacks, and those
/// that `MICROCONV_LEVELS` (names with commas between) does not have, for an emulator takes a minute for a second.
///
/// # Panics
///
/// If `MICROCONV_REQUIRE_LEVELS` (names with commas between) has one that is not among them: a run
/// that is meant to cover a level must not pass without it. And if `MICROCONV_LEVELS` has a name that no level has.
pub fn levels() -> Vec<Level> {
    let only = std::env::var("MICROCONV_LEVELS").ok();
    let wanted = |name| match &only {
        Some(only) => listed(only).any(|wanted| wanted == name),
        None => true,
    };
    let levels: Vec<Level> = Level::all().filter(|level| wanted(level.name())).collect();
    let names: Vec<&str> = levels.iter().map(|level| level.name()).collect();
    let absent: Vec<String> = Level::NAMES
        .into_iter()
        .filter(|name| !names.contains(name))
        .map(|name| match wanted(name) {
            true => format!("{name} (absent)"),
            false => format!("{name} (not wanted)"),
        })
        .collect();
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("test");
    println!(
        "{test}: levels run: {}; not run: {}",
        names.join(", "),
        absent.join(", ")
    );
    let required = std::env::var("MICROCONV_REQUIRE_LEVELS").unwrap_or_default();
    let missing = missing_levels(&required);
    assert!(
        missing.is_empty(),
        "required, and not there: {}",
        missing.join("; ")
    );
    if let Some(only) = &only {
        let wrong = wrongly_wanted(only, &required);
        assert!(wrong.is_empty(), "MICROCONV_LEVELS: {}", wrong.join("; "));
    }
    levels
}

/// What is wrong with a list of levels to run alone, beside a list of required ones.
pub fn wrongly_wanted(only: &str, required: &str) -> Vec<String> {
    let unknown = listed(only)
        .filter(|name| !Level::NAMES.contains(name))
        .map(|name| format!("{name}: no level has this name"));
    let left_out = listed(required)
        .filter(|name| !listed(only).any(|wanted| wanted == *name))
        .map(|name| format!("{name}: required, and not wanted"));
    unknown.chain(left_out).collect()
}

/// The names of a list with commas between.
fn listed(names: &str) -> impl Iterator<Item = &str> {
    names
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
}

/// The levels with f32 kernels of their own.
pub fn levels_f32() -> Vec<Level> {
    let mut levels = levels();
    levels.retain(|level| level.for_f32() == *level);
    levels
}

/// Of a list of required levels, those that this CPU lacks, each with the reason.
pub fn missing_levels(required: &str) -> Vec<String> {
    listed(required)
        .filter_map(|name| {
            Level::named(name)
                .err()
                .map(|error| format!("{name}: {error}"))
        })
        .collect()
}

/// How many random cases a property is tried on: `MICROCONV_CASES`, for emulators and long runs.
pub fn cases(usual: u32) -> u32 {
    std::env::var("MICROCONV_CASES").map_or(usual, |cases| {
        cases.parse().expect("MICROCONV_CASES is not a number")
    })
}

/// Numbers from a seed: SplitMix64 (Steele, Lea and Flood, 2014).
pub struct Rng(pub u64);

impl Rng {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    /// In [-1, 1), with all bits of the fraction in use.
    fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }

    pub fn value(&mut self, values: Values) -> f32 {
        match values {
            Values::Unit => self.unit(),
            Values::Wide => self.unit() * ((self.below(41) as f32) - 20.0).exp2(),
            Values::Tiny => self.unit() * (-(self.below(70) as f32) - 60.0).exp2(),
            Values::Special => {
                const SPECIAL: [f32; 12] = [
                    0.0,
                    -0.0,
                    1.0,
                    -1.0,
                    f32::INFINITY,
                    f32::NEG_INFINITY,
                    f32::NAN,
                    f32::MAX,
                    f32::MIN,
                    f32::MIN_POSITIVE,
                    f32::from_bits(1),
                    -f32::from_bits(0x7f_ffff),
                ];
                // Few enough that some sums stay numbers.
                match self.below(64) {
                    n if n < SPECIAL.len() => SPECIAL[n],
                    _ => self.unit(),
                }
            }
        }
    }

    pub fn values(&mut self, len: usize, values: Values) -> Vec<f32> {
        (0..len).map(|_| self.value(values)).collect()
    }
}

/// What numbers a case is made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Values {
    /// Between -1 and 1.
    Unit,
    /// Of 41 orders of two, so that cancellation and absorption happen.
    Wide,
    /// So small that products are subnormal or nothing.
    Tiny,
    /// NaN, infinities, zeros of both signs, the largest and the smallest numbers among others.
    Special,
}

/// The three orders that weights come in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Order {
    Ohwi,
    Oihw,
    Hwio,
}

pub const ORDERS: [Order; 3] = [Order::Ohwi, Order::Oihw, Order::Hwio];

/// The clamps that cases take turns with.
pub const ACTIVATIONS: [Activation; 6] = [
    Activation::NONE,
    Activation::RELU,
    Activation::RELU6,
    Activation {
        min: -0.75,
        max: 0.5,
    },
    Activation {
        min: f32::NEG_INFINITY,
        max: -0.0,
    },
    Activation {
        min: 0.25,
        max: 0.25,
    },
];

/// Not a number, and no result of arithmetic.
pub const UNWRITTEN: f32 = f32::from_bits(0x7fc5_a5a5);

/// One layer with its numbers.
pub struct Case {
    pub plan: ConvF32,
    pub seed: u64,
    pub values: Values,
    pub order: Order,
    pub input: Vec<f32>,
    pub weights: Vec<f32>,
    pub bias: Option<Vec<f32>>,
    pub packed: Vec<f32>,
}

impl Case {
    /// A case whose clamp, weight order and bias follow from the seed too.
    pub fn new(geometry: Geometry, seed: u64) -> Case {
        let activation = ACTIVATIONS[Rng(seed ^ 1).below(ACTIVATIONS.len())];
        Case::with(geometry, activation, Values::Unit, seed)
    }

    pub fn with(geometry: Geometry, activation: Activation, values: Values, seed: u64) -> Case {
        let plan = ConvF32::new(geometry, activation)
            .unwrap_or_else(|error| panic!("{error}: {geometry:?}"));
        let mut rng = Rng(seed);
        let order = ORDERS[rng.below(3)];
        let bias = rng.below(4) > 0;
        let mut case = Case {
            plan,
            seed,
            values,
            order,
            input: rng.values(plan.input_len(), values),
            weights: rng.values(plan.weights_len(), values),
            bias: bias.then(|| rng.values(geometry.filters, values)),
            packed: vec![],
        };
        case.pack();
        case
    }

    /// Packs again, after weights or bias were changed.
    pub fn pack(&mut self) {
        let mut packed = vec![f32::NAN; self.plan.packed_len()];
        self.plan
            .pack(self.weights(), self.bias(), &mut packed)
            .expect("weights of this plan");
        self.packed = packed;
    }

    pub fn weights(&self) -> Weights<'_, f32> {
        match self.order {
            Order::Ohwi => Weights::Ohwi(&self.weights),
            Order::Oihw => Weights::Oihw(&self.weights),
            Order::Hwio => Weights::Hwio(&self.weights),
        }
    }

    pub fn bias(&self) -> Option<&[f32]> {
        self.bias.as_deref()
    }

    /// Where the weight of a filter, a tap and a channel of the filter's group lies.
    pub fn weight_at(&self, filter: usize, tap: usize, channel: usize) -> usize {
        weight_at(self.plan.geometry(), self.order, filter, tap, channel)
    }

    pub fn run(&self, level: Level) -> Vec<f32> {
        // So that an element nobody writes shows.
        let mut output = vec![UNWRITTEN; self.plan.output_len()];
        let mut scratch = vec![0.0; self.plan.scratch_len()];
        self.plan
            .run(level, &self.input, &self.packed, &mut output, &mut scratch)
            .unwrap_or_else(|error| panic!("{level}: {error}: {self}"));
        output
    }

    /// Runs in so many floats of memory, with so many of lines; returns the memory, of which what is
    /// not input was a pattern.
    pub fn run_in_place(&self, level: Level, memory: usize, lines: usize) -> Vec<f32> {
        let mut memory = self.memory(memory);
        let mut lines = vec![UNWRITTEN; lines];
        let mut scratch = vec![0.0; self.plan.scratch_len()];
        let (packed, scratch) = (&self.packed, &mut scratch);
        self.plan
            .run_in_place(level, &mut memory, packed, &mut lines, scratch)
            .unwrap_or_else(|error| panic!("{level}: {error}: {self}"));
        memory
    }

    /// So many floats, of which the last are the input.
    pub fn memory(&self, len: usize) -> Vec<f32> {
        let mut memory = vec![UNWRITTEN; len - self.input.len()];
        memory.extend(&self.input);
        memory
    }

    /// What a level must answer, to the bit.
    pub fn expected(&self, fused: bool) -> Vec<f32> {
        if fused {
            self.chain(f32::mul_add)
        } else {
            self.chain(|a, b, c| a * b + c)
        }
    }

    /// The chain of multiply-adds that a level promises, written out a second time: unlike
    /// `reference`, in signed coordinates, and with the multiply-add of the standard library.
    fn chain(&self, mul_add: impl Fn(f32, f32, f32) -> f32) -> Vec<f32> {
        let geometry = self.plan.geometry();
        let padding = geometry.sizes().expect("a plan's geometry").padding;
        let [batch, depth, height, width, filters] = self.plan.output_shape();
        let [kd, kh, kw] = geometry.kernel;
        let (group_channels, group_filters) = (
            geometry.channels / geometry.groups,
            filters / geometry.groups,
        );
        let mut result = Vec::with_capacity(self.plan.output_len());
        let mut reached = vec![];
        let taps = kd * kh * kw;
        // An emulator should not look for each weight again at each pixel.
        let weights: Vec<f32> = (0..filters * taps * group_channels)
            .map(|n| {
                let (rest, channel) = (n / group_channels, n % group_channels);
                self.weights[self.weight_at(rest / taps, rest % taps, channel)]
            })
            .collect();
        for position in 0..batch * depth * height * width {
            let (rest, x) = (position / width, position % width);
            let (rest, y) = (rest / height, rest % height);
            let (image, z) = (rest / depth, rest % depth);
            reached.clear();
            for tap in 0..taps {
                let window = [tap / (kh * kw), tap / kw % kh, tap % kw];
                let mut pixel = image;
                let mut inside = true;
                for axis in 0..3 {
                    let at = [z, y, x][axis] * geometry.stride[axis]
                        + window[axis] * geometry.dilation[axis];
                    let at = at as isize - padding[axis][0] as isize;
                    inside &= (0..geometry.input[axis] as isize).contains(&at);
                    pixel = pixel
                        .wrapping_mul(geometry.input[axis])
                        .wrapping_add(at as usize);
                }
                if inside {
                    reached.push((tap, pixel));
                }
            }
            for filter in 0..filters {
                let group = filter / group_filters;
                let mut sum = self.bias.as_ref().map_or(0.0, |bias| bias[filter]);
                for &(tap, pixel) in &reached {
                    let from = pixel * geometry.channels + group * group_channels;
                    let weight = (filter * taps + tap) * group_channels;
                    let input = &self.input[from..from + group_channels];
                    let weights = &weights[weight..weight + group_channels];
                    for (&x, &weight) in input.iter().zip(weights) {
                        sum = mul_add(x, weight, sum);
                    }
                }
                result.push(clamp(sum, self.plan.activation()));
            }
        }
        result
    }

    /// Runs every level and compares it with what it must answer, and with the exact sum.
    pub fn check(&self, levels: &[Level]) {
        let fused = self.expected(true);
        let exact = self.exact();
        let mut split = None;
        for &level in levels {
            let output = self.run(level);
            let expected = if level.is_fused() {
                &fused
            } else {
                split.get_or_insert_with(|| self.expected(false))
            };
            assert_same(&output, expected, || format!("{level}: {self}"));
            if let Some(exact) = &exact {
                self.check_bound(level, &output, exact);
            }
        }
    }

    /// Sum and sum of magnitudes of each output in double precision, if all numbers are such that
    /// nothing overflows.
    fn exact(&self) -> Option<[Vec<f64>; 2]> {
        let (weights, bias) = (self.weights(), self.bias());
        let all = [&self.input[..], &self.weights, bias.unwrap_or(&[])];
        if all
            .into_iter()
            .flatten()
            .any(|x| x.is_nan() || x.abs() >= 1e30)
        {
            return None;
        }
        let mut sums = vec![0.0; self.plan.output_len()];
        let mut magnitudes = sums.clone();
        let geometry = self.plan.geometry();
        reference::conv(
            geometry,
            &self.input,
            weights,
            bias,
            &mut sums,
            &mut magnitudes,
        )
        .expect("a plan's geometry");
        Some([sums, magnitudes])
    }

    /// Compares with the sum in double precision.
    ///
    /// A sum of n products and a bias is off by at most `gamma(k)` times the sum of magnitudes,
    /// `gamma(k) = k u / (1 - k u)`, where no term goes through more than k roundings of unit
    /// roundoff u (Higham, *Accuracy and Stability of Numerical Algorithms*, 2002, lemma 3.1). In a
    /// fused chain a term goes through its own rounding and those after it, n at most; in an
    /// unfused one a product is rounded once more. Where a rounding ends in the subnormal numbers
    /// it is off by 2^-150 instead; that can happen once a product, and later roundings do not
    /// double it. The products are exact in double precision, the sums there are off by `gamma(n)`
    /// of its own u. A clamp brings no two numbers farther apart.
    fn check_bound(&self, level: Level, output: &[f32], [sums, magnitudes]: &[Vec<f64>; 2]) {
        let n = (self.plan.weights_len() / self.plan.geometry().filters) as f64;
        let gamma = |k: f64, u: f64| k * u / (1.0 - k * u);
        let single = gamma(if level.is_fused() { n } else { n + 1.0 }, 2f64.powi(-24));
        let factor = single + gamma(n, 2f64.powi(-53));
        let subnormal = n * 2f64.powi(-149);
        let Activation { min, max } = self.plan.activation();
        for (index, given) in output.iter().enumerate() {
            let exact = sums[index].max(f64::from(min)).min(f64::from(max));
            let error = (f64::from(*given) - exact).abs();
            let bound = factor * magnitudes[index] + subnormal;
            assert!(
                error <= bound,
                "{level}: [{index}] off by {error} over {bound}: {self}"
            );
        }
    }

    /// The single-precision reference of the crate, clamped.
    pub fn reference_chain(&self) -> Vec<f32> {
        let mut sums = vec![f32::NAN; self.plan.output_len()];
        let geometry = self.plan.geometry();
        reference::chain(
            geometry,
            &self.input,
            self.weights(),
            self.bias(),
            &mut sums,
        )
        .expect("a plan's geometry");
        sums.into_iter()
            .map(|sum| clamp(sum, self.plan.activation()))
            .collect()
    }
}

/// Where the weight of a filter, a tap and a channel of the filter's group lies.
pub fn weight_at(
    geometry: &Geometry,
    order: Order,
    filter: usize,
    tap: usize,
    channel: usize,
) -> usize {
    let taps: usize = geometry.kernel.iter().product();
    let depth = geometry.channels / geometry.groups;
    match order {
        Order::Ohwi => (filter * taps + tap) * depth + channel,
        Order::Oihw => (filter * depth + channel) * taps + tap,
        Order::Hwio => (tap * depth + channel) * geometry.filters + filter,
    }
}

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Case {
            seed,
            values,
            order,
            bias,
            ..
        } = self;
        let bias = if bias.is_some() { "bias" } else { "no bias" };
        let (activation, geometry) = (self.plan.activation(), self.plan.geometry());
        write!(
            f,
            "{geometry:?}, {activation:?}, {values:?}, {order:?}, {bias}, seed {seed}"
        )
    }
}

/// Two layers, of which the second takes up the first one's output.
pub struct Pair {
    pub plan: SeparableF32,
    pub first: Case,
    /// Its input is another than the first one's output.
    pub second: Case,
}

impl Pair {
    /// A layer, and a pointwise one behind it.
    pub fn new(first: Case, filters: usize, groups: usize) -> Pair {
        let [batch, depth, height, width, channels] = first.plan.output_shape();
        let geometry = Geometry::conv3d([depth, height, width, channels], filters, [1, 1, 1])
            .batch(batch)
            .groups(groups);
        let activation = ACTIVATIONS[Rng(first.seed ^ 2).below(ACTIVATIONS.len())];
        let second = Case::with(geometry, activation, first.values, first.seed ^ 3);
        let plan = SeparableF32::new(first.plan, second.plan)
            .unwrap_or_else(|error| panic!("{error}: {first}"));
        Pair {
            plan,
            first,
            second,
        }
    }

    pub fn packed(&self) -> [&[f32]; 2] {
        [&self.first.packed, &self.second.packed]
    }

    /// Runs with so many rows of scratch.
    pub fn run(&self, level: Level, rows: usize) -> Vec<f32> {
        let row = self.first.plan.output_row_len();
        let mut output = vec![UNWRITTEN; self.second.plan.output_len()];
        let mut scratch = vec![UNWRITTEN; self.plan.scratch_len() + (rows - 1) * row];
        let (input, packed) = (&self.first.input, self.packed());
        self.plan
            .run(level, input, packed, &mut output, &mut scratch)
            .unwrap_or_else(|error| panic!("{level}: {error}: {self}"));
        output
    }

    /// As [`Case::run_in_place`].
    pub fn run_in_place(&self, level: Level, memory: usize, lines: usize) -> Vec<f32> {
        let mut memory = self.first.memory(memory);
        let mut lines = vec![UNWRITTEN; lines];
        let mut scratch = vec![UNWRITTEN; self.plan.scratch_len()];
        self.plan
            .run_in_place(level, &mut memory, self.packed(), &mut lines, &mut scratch)
            .unwrap_or_else(|error| panic!("{level}: {error}: {self}"));
        memory
    }

    /// What a level must answer, to the bit.
    pub fn expected(&mut self, fused: bool) -> Vec<f32> {
        self.second.input = self.first.expected(fused);
        self.second.expected(fused)
    }
}

impl std::fmt::Display for Pair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}, and {}", self.first, self.second)
    }
}

pub fn clamp(x: f32, Activation { min, max }: Activation) -> f32 {
    if x < min {
        min
    } else if x > max {
        max
    } else {
        x
    }
}

/// The same number to the bit, or NaN both.
pub fn same(a: f32, b: f32) -> bool {
    a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan()
}

#[track_caller]
pub fn assert_same(given: &[f32], expected: &[f32], what: impl Fn() -> String) {
    assert_eq!(given.len(), expected.len(), "{}", what());
    if bytemuck::cast_slice::<f32, u8>(given) == bytemuck::cast_slice::<f32, u8>(expected) {
        return;
    }
    for (index, (&given, &expected)) in given.iter().zip(expected).enumerate() {
        assert!(
            same(given, expected),
            "[{index}] is {given}, not {expected}: {}",
            what()
        );
    }
}

/// The geometry, with as much more padding behind as its window needs to fit.
pub fn fit(mut geometry: Geometry) -> Geometry {
    let mut sides = match geometry.padding {
        Padding::Same => return geometry,
        Padding::Valid => [[0; 2]; 3],
        Padding::Explicit(sides) => sides,
    };
    let mut short = false;
    for (axis, [before, after]) in sides.iter_mut().enumerate() {
        let extent = (geometry.kernel[axis] - 1) * geometry.dilation[axis] + 1;
        let more = extent.saturating_sub(geometry.input[axis] + *before + *after);
        *after += more;
        short |= more > 0;
    }
    if short {
        geometry.padding = Padding::Explicit(sides);
    }
    geometry
}
