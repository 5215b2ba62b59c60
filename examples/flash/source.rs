//! A layer as source code: in C for gcc's linker, in Rust for rustc's.

use crate::layer::{Layer, Numbers, Packed, rounding_name};
use microconv::{Bytes, Padding};
use std::fmt::Write;

/// Numbers, eight to a line.
fn lines(literals: &[String], suffix: &str) -> String {
    let mut text = String::new();
    for line in literals.chunks(8) {
        let line: Vec<String> = line
            .iter()
            .map(|number| format!("{number}{suffix}"))
            .collect();
        writeln!(text, "    {},", line.join(", ")).expect("a string takes all");
    }
    text
}

/// A list in lines of a readable length.
fn broken(list: &str) -> String {
    let (mut text, mut word) = (String::new(), String::new());
    let mut length = 0;
    for part in list.split_inclusive(", ") {
        word.push_str(part);
        if word.matches('(').count() > word.matches(')').count() {
            continue;
        }
        if length + word.len() > 100 {
            text.truncate(text.trim_end().len());
            text.push_str("\n     ");
            length = 0;
        }
        length += word.len();
        text.push_str(&word);
        word.clear();
    }
    text
}

/// Floats and ends of a clamp as C has them.
fn c_float(number: f32) -> String {
    match number {
        f32::INFINITY => "INFINITY".into(),
        f32::NEG_INFINITY => "-INFINITY".into(),
        number => format!("{number:e}f"),
    }
}

fn rust_float(number: f32) -> String {
    match number {
        f32::INFINITY => "f32::INFINITY".into(),
        f32::NEG_INFINITY => "f32::NEG_INFINITY".into(),
        number => format!("{number:e}"),
    }
}

/// A C source file.
pub fn c(layer: &Layer, packed: &Packed) -> String {
    let name = &layer.name;
    let geometry = &layer.geometry;
    let braces =
        |numbers: [usize; 3]| format!("{{{}, {}, {}}}", numbers[0], numbers[1], numbers[2]);
    let padding = match geometry.padding {
        Padding::Valid => "MICROCONV_PADDING_VALID",
        Padding::Same => "MICROCONV_PADDING_SAME",
        Padding::Explicit(_) => "MICROCONV_PADDING_EXPLICIT",
    };
    let sides = layer
        .sides()
        .map(|[before, after]| format!("{{{before}, {after}}}"))
        .join(", ");
    let (word, suffix, macro_name, rest) = match &layer.numbers {
        Numbers::F32 { activation, .. } => (
            "float",
            "f",
            "MICROCONV_F32_PACKED_LEN",
            format!(
                "/* What outputs are clamped to: the arguments min and max of microconv_f32_init. */\n\
                 const float {name}_clamp[2] = {{{}, {}}};\n",
                c_float(activation.min),
                c_float(activation.max)
            ),
        ),
        Numbers::I8 { quantization, .. } => {
            let bytes = |bytes| match bytes {
                Bytes::Int8 => "MICROCONV_TYPE_INT8",
                Bytes::Uint8 => "MICROCONV_TYPE_UINT8",
            };
            let rounding = match rounding_name(quantization.rounding) {
                "TfliteSingle" => "TFLITE_SINGLE",
                "Float" => "FLOAT",
                _ => "TFLITE",
            };
            let text = format!(
                "const microconv_quantization {name}_quantization = {{\n    \
                 {}, {}, {}, {}, {}, {}, MICROCONV_ROUNDING_{rounding},\n}};\n",
                bytes(quantization.input),
                bytes(quantization.output),
                quantization.input_zero_point,
                quantization.output_zero_point,
                quantization.min,
                quantization.max
            );
            ("int32_t", "", "MICROCONV_I8_PACKED_LEN", text)
        }
    };
    let infinity = match &layer.numbers {
        Numbers::F32 { .. } => "#include <math.h>\n",
        Numbers::I8 { .. } => "",
    };
    let plan = match &packed.plan {
        Some(plan) => format!(
            "/* The plan, checked: no call of microconv_i8_init is needed. It is for the version that made it. */\n\
             const microconv_i8 {name}_plan =\n    {};\n\n",
            broken(plan)
        ),
        None => String::new(),
    };
    format!(
        "/* The layer {name}, made by microconv's example flash: do not edit. */\n\
         {infinity}#include <microconv.h>\n\n\
         const microconv_geometry {name}_geometry = {{\n    \
         {}, {}, {}, {}, {}, {}, {}, {}, {padding}, {{{sides}}},\n}};\n\n\
         {rest}\n\
         {plan}\
         /* Weights and biases, packed. */\n\
         MICROCONV_ALIGNED const {word} {name}_packed[{len}] = {{\n{}}};\n\n\
         /* Does not compile if this header packs the layer otherwise. */\n\
         typedef char {name}_is_packed_for_this_header[{macro_name}({}, {}, {}, {}) == {len} ? 1 : -1];\n",
        geometry.batch,
        braces(geometry.input),
        geometry.channels,
        geometry.filters,
        braces(geometry.kernel),
        braces(geometry.stride),
        braces(geometry.dilation),
        geometry.groups,
        lines(&packed.literals, suffix),
        geometry.channels,
        geometry.filters,
        geometry.groups,
        geometry.kernel.iter().product::<usize>(),
        len = packed.literals.len(),
    )
}

/// A Rust source file, for `include!` or as a module.
pub fn rust(layer: &Layer, packed: &Packed) -> String {
    let name = layer.name.to_uppercase();
    let geometry = &layer.geometry;
    let padding = match geometry.padding {
        Padding::Explicit(sides) => format!("Explicit({sides:?})"),
        padding => format!("{padding:?}"),
    };
    let (plan, word, argument) = match &layer.numbers {
        Numbers::F32 { activation, .. } => (
            "ConvF32",
            "f32",
            format!(
                "microconv::Activation {{ min: {}, max: {} }}",
                rust_float(activation.min),
                rust_float(activation.max)
            ),
        ),
        Numbers::I8 { quantization, .. } => (
            "ConvI8",
            "i32",
            format!(
                "microconv::Quantization {{\n        \
                 input: microconv::Bytes::{:?},\n        output: microconv::Bytes::{:?},\n        \
                 input_zero_point: {},\n        output_zero_point: {},\n        \
                 min: {},\n        max: {},\n        rounding: microconv::Rounding::{},\n    }}",
                quantization.input,
                quantization.output,
                quantization.input_zero_point,
                quantization.output_zero_point,
                quantization.min,
                quantization.max,
                rounding_name(quantization.rounding)
            ),
        ),
    };
    format!(
        "// The layer {}, made by microconv's example flash: do not edit.\n\n\
         /// The layer. A geometry that cannot be is a compile error.\n\
         pub const {name}: microconv::{plan} = match microconv::{plan}::new(\n    \
         microconv::Geometry {{\n        layout: microconv::Layout::ChannelsLast,\n        batch: {},\n        \
         input: {:?},\n        channels: {},\n        filters: {},\n        kernel: {:?},\n        stride: {:?},\n        \
         dilation: {:?},\n        padding: microconv::Padding::{padding},\n        groups: {},\n    }},\n    {argument},\n) {{\n    \
         Ok(plan) => plan,\n    Err(_) => panic!(\"the geometry is refused\"),\n}};\n\n\
         /// Weights and biases, packed. Does not compile if this version packs the layer otherwise.\n\
         pub static {name}_PACKED: microconv::Aligned<[{word}; {name}.packed_len()]> = microconv::Aligned([\n{}]);\n",
        layer.name,
        geometry.batch,
        geometry.input,
        geometry.channels,
        geometry.filters,
        geometry.kernel,
        geometry.stride,
        geometry.dilation,
        geometry.groups,
        lines(&packed.literals, ""),
    )
}
