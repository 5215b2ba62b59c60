//! The example `flash`: the files that it makes are those in tests/flash, and hold what `pack` makes.
//! (`.ci/c` compiles the ones in C.)

#[allow(dead_code)]
#[path = "../examples/flash/layer.rs"]
mod layer;
#[path = "../examples/flash/npy.rs"]
mod npy;
#[path = "../examples/flash/options.rs"]
mod options;
#[path = "../examples/flash/source.rs"]
mod source;

mod made {
    include!("flash/conv.rs");
    include!("flash/depthwise.rs");
}

use layer::{Layer, Numbers};
use microconv::{ConvF32, ConvI8, Scales};

const CONV: &str = "--name conv --input 7,6,2 --filters 5 --kernel 3,3 --stride 2,1 --padding same --clamp=-1.5,2 \
    --weights tests/flash/conv_weights.npy --bias tests/flash/conv_bias.npy --out tests/flash";
const DEPTHWISE: &str = "--name depthwise --dtype int8 --input 6,5,3 --filters 6 --kernel 3,3 --groups 3 --padding 1,0,1,1 \
    --order hwio --weights tests/flash/depthwise_weights.npy --bias tests/flash/depthwise_bias.npy --zero-points=-3,4 \
    --scales 0.5,tests/flash/depthwise_scales.npy,0.7 --out tests/flash";

fn parse(line: &str) -> Result<(Layer, String), String> {
    options::parse(line.split_whitespace().map(str::to_owned))
}

/// Writes the files anew if `MICROCONV_BLESS` is set.
fn fresh(line: &str) -> Layer {
    let (layer, out) = parse(line).expect("a layer");
    let packed = layer.pack().expect("it can be packed");
    for (ending, text) in [
        ("c", source::c(&layer, &packed)),
        ("rs", source::rust(&layer, &packed)),
    ] {
        let path = format!("{out}/{}.{ending}", layer.name);
        if std::env::var_os("MICROCONV_BLESS").is_some() {
            std::fs::write(&path, &text).expect("writable");
        }
        let there = std::fs::read_to_string(&path).expect("readable");
        assert_eq!(there, text, "{path}");
    }
    layer
}

#[test]
fn a_layer_of_f32() {
    let layer = fresh(CONV);
    let Numbers::F32 {
        activation,
        weights,
        bias,
    } = &layer.numbers
    else {
        panic!("of f32");
    };
    let plan = ConvF32::new(layer.geometry, *activation).unwrap();
    let mut packed = vec![0.0; plan.packed_len()];
    plan.pack(layer.order.of(weights), bias.as_deref(), &mut packed)
        .unwrap();
    assert_eq!(made::CONV, plan);
    let bits = |packed: &[f32]| packed.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&made::CONV_PACKED[..]), bits(&packed));
}

#[test]
fn a_depthwise_layer_of_int8() {
    let layer = fresh(DEPTHWISE);
    let Numbers::I8 {
        quantization,
        weights,
        bias,
        weight_scales,
        ..
    } = &layer.numbers
    else {
        panic!("of int8");
    };
    let plan = ConvI8::new(layer.geometry, *quantization).unwrap();
    let mut packed = vec![0; plan.packed_len()];
    let scales = Scales::Real {
        input: 0.5,
        weights: weight_scales,
        output: 0.7,
    };
    plan.pack(
        layer.order.of(weights),
        bias.as_deref(),
        scales,
        &mut packed,
    )
    .unwrap();
    assert_eq!(made::DEPTHWISE, plan);
    assert_eq!(made::DEPTHWISE_PACKED[..], packed);
}

#[test]
fn wrong_options_are_named() {
    for (from, to, message) in [
        ("--name conv", "--name 1conv", "--name 1conv"),
        ("--name conv", "--nome conv", "--nome"),
        ("--name conv", "", "--name is needed"),
        ("--padding same", "--padding some", "--padding some"),
        ("--filters 5", "--filters 6", "[6, 3, 3, 2] is needed"),
        ("--filters 5", "--filters 0", "filters is 0"),
        ("--stride 2,1", "--order oihw", "[5, 2, 3, 3] is needed"),
        ("conv_weights", "depthwise_weights", "|i1, <f4 is needed"),
        ("conv_weights", "nothing", "nothing.npy"),
        ("--padding same", "--scales 1,1,1", "--scales is of int8"),
        (
            "--padding same",
            "--rounding float",
            "--rounding is of int8",
        ),
        ("--out tests/flash", "--out", "--out"),
    ] {
        let line = CONV.replace(from, to);
        assert_ne!(line, CONV);
        let error = parse(&line).expect_err(&line);
        assert!(error.contains(message), "{line}: {error}");
    }
}

#[test]
fn arrays() {
    let raw = npy::read::<f32>(&[0, 0, 128, 63, 0, 0, 0, 192]).unwrap();
    assert_eq!((raw.shape, &raw.values[..]), (None, &[1.0, -2.0][..]));
    assert!(npy::read::<f32>(&[0; 7]).is_err());
    let file = |header: &str, data: &[u8]| {
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(data);
        npy::read::<i8>(&bytes)
    };
    let good = "{'descr': '|i1', 'fortran_order': False, 'shape': (2, 2), }\n";
    let array = file(good, &[1, 2, 3, 255]).unwrap();
    assert_eq!(
        (array.shape, &array.values[..]),
        (Some(vec![2, 2]), &[1, 2, 3, -1][..])
    );
    let one = good.replace("(2, 2)", "(3,)");
    assert_eq!(file(&one, &[1, 2, 3]).unwrap().shape, Some(vec![3]));
    assert!(file(good, &[1, 2, 3]).is_err());
    for (from, to) in [
        ("|i1", "<f4"),
        ("False", "True"),
        ("(2, 2)", "(x,)"),
        ("'shape'", "'shope'"),
    ] {
        assert!(file(&good.replace(from, to), &[1, 2, 3, 4]).is_err());
    }
}
