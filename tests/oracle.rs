//! What TensorFlow Lite and ONNX answer, to the bit: cases that `tests/oracle/tflite.py`,
//! `tests/oracle/tflite_16x8.py` and `tests/oracle/onnx_cases.py` have written.
//!
//! ```text
//! MICROCONV_ORACLE=FILE MICROCONV_ORACLE_16X8=FILE MICROCONV_ORACLE_ONNX=FILE cargo test --test oracle -- --ignored
//! ```

mod common;

use common::int8::levels_i8;
use common::int16::levels_i16;
use microconv::{
    Activation, Bytes, ConvI8, ConvI16, Error, Geometry, Input8, Level, Output8, Padding,
    Quantization, RangeI16, Rounding, Scales, Weights,
};

/// A file of 32-bit words.
struct Words(std::vec::IntoIter<[u8; 4]>);

impl Words {
    /// The file that a variable of the environment names.
    fn open(variable: &str) -> Words {
        let path = std::env::var(variable).unwrap_or_else(|_| panic!("{variable} names no file"));
        let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let (words, rest) = bytes.as_chunks::<4>();
        assert!(rest.is_empty(), "{path} is cut off");
        let words: Vec<_> = words.to_vec();
        Words(words.into_iter())
    }

    fn word(&mut self) -> [u8; 4] {
        self.0.next().expect("the file is cut off")
    }

    fn int(&mut self) -> i32 {
        i32::from_le_bytes(self.word())
    }

    fn size(&mut self) -> usize {
        self.int().try_into().expect("a size")
    }

    fn sizes<const N: usize>(&mut self) -> [usize; N] {
        [(); N].map(|()| self.size())
    }

    fn float(&mut self) -> f32 {
        f32::from_le_bytes(self.word())
    }

    fn shorts(&mut self) -> Vec<i16> {
        let bytes = self.bytes();
        let (pairs, rest) = bytes.as_chunks::<2>();
        assert!(rest.is_empty(), "half an int16");
        pairs
            .iter()
            .map(|pair| i16::from_le_bytes(pair.map(|x| x as u8)))
            .collect()
    }

    fn bytes(&mut self) -> Vec<i8> {
        let len = self.size();
        let words: Vec<[u8; 4]> = (0..len.div_ceil(4)).map(|_| self.word()).collect();
        words.as_flattened()[..len]
            .iter()
            .map(|x| *x as i8)
            .collect()
    }
}

/// How often two roundings must have differed, for the cases to be worth their name.
const TELLING: usize = 1000;
const TELLING_ONNX: usize = 100;
const TELLING_INT16: usize = 1000;

#[test]
#[ignore = "needs the file that tests/oracle/tflite.py writes"]
fn tensorflow_lite_answers_the_same() {
    let mut words = Words::open("MICROCONV_ORACLE");
    let levels = levels_i8();
    let cases = words.size();
    assert!(cases >= 1000, "{cases} cases");
    let mut telling = 0;
    for case in 0..cases {
        telling += check(case, &mut words, &levels);
    }
    assert!(
        words.0.next().is_none(),
        "the file has more than {cases} cases"
    );
    assert!(
        telling >= TELLING,
        "the roundings differ in {telling} outputs only"
    );
    println!("{cases} cases, {telling} outputs that tell the roundings apart");
}

/// What a case of TensorFlow Lite begins with.
struct Layer {
    geometry: Geometry,
    depthwise: bool,
    activation: Activation,
    /// Of input and output.
    zero_points: [i32; 2],
    scales: [f32; 2],
    weight_scales: Vec<f32>,
}

impl Layer {
    fn read(words: &mut Words) -> Layer {
        let [depthwise, batch, height, width, channels, filters] = words.sizes();
        let [kernel, stride, dilation] = [(); 3].map(|()| words.sizes::<2>());
        let [same, groups, activation] = words.sizes();
        let zero_points = [words.int(), words.int()];
        let scales = [words.float(), words.float()];
        let weight_scales: Vec<f32> = (0..words.size()).map(|_| words.float()).collect();
        let activation = match activation {
            0 => Activation::NONE,
            1 => Activation::RELU,
            2 => Activation {
                min: -1.0,
                max: 1.0,
            },
            _ => Activation::RELU6,
        };
        let geometry = Geometry::conv2d([height, width, channels], filters, kernel)
            .batch(batch)
            .groups(groups)
            .strides([1, stride[0], stride[1]])
            .dilations([1, dilation[0], dilation[1]])
            .padding(if same == 1 {
                Padding::Same
            } else {
                Padding::Valid
            });
        Layer {
            geometry,
            depthwise: depthwise == 1,
            activation,
            zero_points,
            scales,
            weight_scales,
        }
    }

    fn weights<'a>(&self, weights: &'a [i8]) -> Weights<'a, i8> {
        if self.depthwise {
            Weights::Hwio(weights)
        } else {
            Weights::Ohwi(weights)
        }
    }
}

/// Runs one case on all levels, and counts the outputs in which the two roundings differ.
fn check(case: usize, words: &mut Words, levels: &[Level]) -> usize {
    let layer = Layer::read(words);
    let geometry = layer.geometry;
    let ([input_zero, output_zero], [input_scale, output_scale]) =
        (layer.zero_points, layer.scales);
    let filters = geometry.filters;
    let [input, weights] = [words.bytes(), words.bytes()];
    assert_eq!(words.size(), filters * 4);
    let bias: Vec<i32> = (0..filters).map(|_| words.int()).collect();
    let [reference, xnnpack] = [words.bytes(), words.bytes()];

    let weights = layer.weights(&weights);
    let scales = Scales::Real {
        input: input_scale,
        weights: &layer.weight_scales,
        output: output_scale,
    };
    for (rounding, expected) in [(Rounding::Tflite, &reference), (Rounding::Float, &xnnpack)] {
        let quantization = Quantization::int8(input_zero, output_zero)
            .activation(layer.activation, output_scale)
            .rounding(rounding);
        let plan = ConvI8::new(geometry, quantization)
            .unwrap_or_else(|error| panic!("case {case}: {error}: {geometry:?}"));
        let mut packed = vec![0; plan.packed_len()];
        plan.pack(weights, Some(&bias), scales, &mut packed)
            .unwrap_or_else(|error| panic!("case {case}: {error}: {geometry:?}"));
        for &level in levels {
            let mut output = vec![0x55i8; plan.output_len()];
            plan.run(level, &input, &packed, &mut output)
                .unwrap_or_else(|error| panic!("case {case}: {error}: {geometry:?}"));
            assert_eq!(
                &output, expected,
                "case {case}, {level}, {rounding:?}: {geometry:?} {quantization:?}"
            );
        }
    }
    reference
        .iter()
        .zip(&xnnpack)
        .filter(|(a, b)| a != b)
        .count()
}

#[test]
#[ignore = "needs the file that tests/oracle/tflite_16x8.py writes"]
fn tensorflow_lite_answers_the_same_for_int16() {
    let mut words = Words::open("MICROCONV_ORACLE_16X8");
    let levels = levels_i16();
    let cases = words.size();
    assert!(cases >= 500, "{cases} cases");
    let mut telling = 0;
    for case in 0..cases {
        telling += check_int16(case, &mut words, &levels);
    }
    assert!(
        words.0.next().is_none(),
        "the file has more than {cases} cases"
    );
    assert!(
        telling >= TELLING_INT16,
        "biases of 32 bits make a difference in {telling} outputs only"
    );
    println!("{cases} cases of int16, {telling} outputs that biases of 32 bits give otherwise");
}

/// Runs one case on all levels, and counts the outputs that the contract of biases of 32 bits gives
/// otherwise.
fn check_int16(case: usize, words: &mut Words, levels: &[Level]) -> usize {
    let layer = Layer::read(words);
    let geometry = layer.geometry;
    let (input, weights) = (words.shorts(), words.bytes());
    let bias: Vec<i64> = words
        .bytes()
        .as_chunks()
        .0
        .iter()
        .map(|bytes: &[i8; 8]| i64::from_le_bytes(bytes.map(|x| x as u8)))
        .collect();
    let [other, reference, auto] = [words.shorts(), words.shorts(), words.shorts()];
    assert_eq!(reference, auto, "case {case}: {geometry:?}");

    let [input_scale, output_scale] = layer.scales;
    let scales = Scales::Real {
        input: input_scale,
        weights: &layer.weight_scales,
        output: output_scale,
    };
    let range = RangeI16::activation(layer.activation, output_scale);
    let plan = ConvI16::new(geometry, range)
        .unwrap_or_else(|error| panic!("case {case}: {error}: {geometry:?}"));
    let mut packed = vec![0; plan.packed_len()];
    plan.pack(layer.weights(&weights), Some(&bias), scales, &mut packed)
        .unwrap_or_else(|error| panic!("case {case}: {error}: {geometry:?}"));
    for &level in levels {
        let mut output = vec![0x5555; plan.output_len()];
        plan.run(level, &input, &packed, &mut output)
            .unwrap_or_else(|error| panic!("case {case}: {error}: {geometry:?}"));
        assert_eq!(
            output, reference,
            "case {case}, {level}: {geometry:?} {range:?}"
        );
    }
    reference.iter().zip(&other).filter(|(a, b)| a != b).count()
}

#[test]
#[ignore = "needs the file that tests/oracle/onnx_cases.py writes"]
fn onnx_answers_the_same() {
    let mut words = Words::open("MICROCONV_ORACLE_ONNX");
    let levels = levels_i8();
    let cases = words.size();
    assert!(cases >= 100, "{cases} cases");
    let mut telling = 0;
    for case in 0..cases {
        telling += check_onnx(case, &mut words, &levels);
    }
    assert!(
        words.0.next().is_none(),
        "the file has more than {cases} cases"
    );
    assert!(
        telling >= TELLING_ONNX,
        "TensorFlow Lite's rounding gives other numbers in {telling} outputs only"
    );
    println!(
        "{cases} cases of ONNX, {telling} outputs that TensorFlow Lite's rounding has otherwise"
    );
}

/// Runs one case on all levels, and counts the outputs that TensorFlow Lite's rounding has otherwise.
fn check_onnx(case: usize, words: &mut Words, levels: &[Level]) -> usize {
    let is_requantized = words.size() == 1;
    let [batch, depth, height, width, channels, filters] = words.sizes();
    let [kernel, stride, dilation] = [(); 3].map(|()| words.sizes::<3>());
    let sides = [(); 3].map(|()| words.sizes::<2>());
    let groups = words.size();
    let [input_type, output_type] = words.sizes::<2>().map(|is_uint8| match is_uint8 {
        0 => Bytes::Int8,
        _ => Bytes::Uint8,
    });
    let [input_zero_point, output_zero_point] = [words.int(), words.int()];
    let [input_scale, output_scale] = [words.float(), words.float()];
    let weight_scales: Vec<f32> = (0..words.size()).map(|_| words.float()).collect();
    let [input, weights] = [words.bytes(), words.bytes()];
    let bias: Vec<i32> = (0..words.size() / 4).map(|_| words.int()).collect();
    let answer = words.bytes();

    let geometry = Geometry::conv3d([depth, height, width, channels], filters, kernel)
        .batch(batch)
        .groups(groups)
        .strides(stride)
        .dilations(dilation)
        .padding(Padding::Explicit(sides));
    let [min, max] = match output_type {
        Bytes::Int8 => [-128, 127],
        Bytes::Uint8 => [0, 255],
    };
    let quantization = Quantization {
        input: input_type,
        output: output_type,
        input_zero_point,
        output_zero_point,
        min,
        max,
        rounding: Rounding::Float,
    };
    let scales = Scales::Real {
        input: input_scale,
        weights: &weight_scales,
        output: output_scale,
    };
    let bias = if bias.is_empty() {
        None
    } else {
        Some(&bias[..])
    };
    let unsigned: Vec<u8> = input.iter().map(|x| *x as u8).collect();
    // The bytes of the output, of whatever type it is.
    let bytes = |rounding, level| -> Result<Vec<i8>, Error> {
        let plan = ConvI8::new(geometry, quantization.rounding(rounding))?;
        let mut packed = vec![0; plan.packed_len()];
        plan.pack(Weights::Oihw(&weights), bias, scales, &mut packed)?;
        match input_type {
            Bytes::Int8 => outputs(&plan, level, &input, &packed, is_requantized),
            Bytes::Uint8 => outputs(&plan, level, &unsigned, &packed, is_requantized),
        }
    };
    let bytes = |rounding, level| {
        bytes(rounding, level).unwrap_or_else(|error| panic!("case {case}: {error}: {geometry:?}"))
    };
    for &level in levels {
        assert_eq!(
            bytes(Rounding::Float, level),
            answer,
            "case {case}, {level}: {geometry:?} {quantization:?}"
        );
    }
    let otherwise = bytes(Rounding::Tflite, Level::detect());
    answer
        .iter()
        .zip(&otherwise)
        .filter(|(a, b)| a != b)
        .count()
}

/// The bytes of an output in the type of the quantization, or of the sums.
fn outputs<I: Input8>(
    plan: &ConvI8,
    level: Level,
    input: &[I],
    packed: &[i32],
    is_requantized: bool,
) -> Result<Vec<i8>, Error> {
    fn run<I: Input8, O: Output8 + Clone>(
        plan: &ConvI8,
        level: Level,
        input: &[I],
        packed: &[i32],
        unwritten: O,
    ) -> Result<Vec<O>, Error> {
        let mut output = vec![unwritten; plan.output_len()];
        plan.run(level, input, packed, &mut output)?;
        Ok(output)
    }
    if !is_requantized {
        let sums = run(plan, level, input, packed, 0x5555_5555i32)?;
        return Ok(sums
            .iter()
            .flat_map(|sum| sum.to_le_bytes())
            .map(|x| x as i8)
            .collect());
    }
    match plan.quantization().output {
        Bytes::Int8 => run(plan, level, input, packed, 0x55i8),
        Bytes::Uint8 => {
            let output = run(plan, level, input, packed, 0x55u8)?;
            Ok(output.into_iter().map(|x| x as i8).collect())
        }
    }
}
