//! What TensorFlow Lite answers, to the bit: cases that `tests/oracle/tflite.py` has written.
//!
//! ```text
//! MICROCONV_ORACLE=FILE cargo test --test oracle -- --ignored
//! ```

mod common;

use common::int8::levels_i8;
use microconv::{
    Activation, ConvI8, Geometry, Level, Padding, Quantization, Rounding, Scales, Weights,
};

/// A file of 32-bit words.
struct Words(std::vec::IntoIter<[u8; 4]>);

impl Words {
    fn open() -> Words {
        let path = std::env::var("MICROCONV_ORACLE").expect("MICROCONV_ORACLE names no file");
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

#[test]
#[ignore = "needs the file that tests/oracle/tflite.py writes"]
fn tensorflow_lite_answers_the_same() {
    let mut words = Words::open();
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

/// Runs one case on all levels, and counts the outputs in which the two roundings differ.
fn check(case: usize, words: &mut Words, levels: &[Level]) -> usize {
    let [depthwise, batch, height, width, channels, filters] = words.sizes();
    let [kernel, stride, dilation] = [(); 3].map(|()| words.sizes::<2>());
    let [same, groups, activation] = words.sizes();
    let [input_zero, output_zero] = [words.int(), words.int()];
    let [input_scale, output_scale] = [words.float(), words.float()];
    let weight_scales: Vec<f32> = (0..words.size()).map(|_| words.float()).collect();
    let [input, weights] = [words.bytes(), words.bytes()];
    assert_eq!(words.size(), filters * 4);
    let bias: Vec<i32> = (0..filters).map(|_| words.int()).collect();
    let [reference, xnnpack] = [words.bytes(), words.bytes()];

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
    let weights = match depthwise {
        0 => Weights::Ohwi(&weights),
        _ => Weights::Hwio(&weights),
    };
    let scales = Scales::Real {
        input: input_scale,
        weights: &weight_scales,
        output: output_scale,
    };
    for (rounding, expected) in [(Rounding::Tflite, &reference), (Rounding::Float, &xnnpack)] {
        let quantization = Quantization::int8(input_zero, output_zero)
            .activation(activation, output_scale)
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
