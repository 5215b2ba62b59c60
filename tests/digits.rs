//! The digits example's networks answer the same on every level, and answer well.

#[allow(dead_code, reason = "the example reports more than is tested")]
#[path = "../examples/digits/network/mod.rs"]
mod network;

use microconv::{Error, Level};
use network::images::{self, Pixels};
use network::{float, int8};

fn classes(mut classify: impl FnMut(&Pixels) -> Result<u8, Error>) -> Result<Vec<u8>, Error> {
    images::held_out()
        .map(|image| classify(image.pixels))
        .collect()
}

fn classes_f32(level: Level) -> Result<Vec<u8>, Error> {
    let mut memory = float::Memory::new();
    classes(|pixels| float::classify(level, pixels, &mut memory))
}

fn classes_int8(level: Level) -> Result<Vec<u8>, Error> {
    let mut memory = int8::Memory::new();
    classes(|pixels| int8::classify(level, pixels, &mut memory))
}

fn right(classes: &[u8]) -> usize {
    let labels = images::held_out().map(|image| image.label);
    assert_eq!((labels.clone().count(), classes.len()), (360, 360));
    labels
        .zip(classes)
        .filter(|(label, class)| label == *class)
        .count()
}

#[test]
fn all_levels_answer_alike() -> Result<(), Error> {
    let scalar = Level::named("scalar")?;
    let expected = [classes_f32(scalar)?, classes_int8(scalar)?];
    for level in Level::all() {
        let given = [classes_f32(level)?, classes_int8(level)?];
        assert_eq!(given, expected, "{}", level.name());
    }
    Ok(())
}

#[test]
fn answers_are_right() -> Result<(), Error> {
    let right = right(&classes_f32(Level::detect())?);
    assert!(right * 100 >= 360 * 98, "{right} of 360");
    Ok(())
}

#[test]
fn int8_loses_three_images_at_most() -> Result<(), Error> {
    let level = Level::detect();
    let [float, int8] = [classes_f32(level)?, classes_int8(level)?].map(|classes| right(&classes));
    assert!(int8 + 3 >= float, "int8 {int8}, f32 {float} of 360");
    Ok(())
}
