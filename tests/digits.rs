//! The digits example's network answers the same on every level, and answers well.

#[path = "../examples/digits/images.rs"]
mod images;
#[allow(dead_code, reason = "the example reports more than is tested")]
#[path = "../examples/digits/network.rs"]
mod network;

use microconv::{Error, Level};

fn classes(level: Level) -> Result<Vec<u8>, Error> {
    images::held_out()
        .map(|image| network::classify(level, image.pixels).map(|(class, _)| class))
        .collect()
}

#[test]
fn all_levels_answer_alike() -> Result<(), Error> {
    let expected = classes(Level::named("scalar")?)?;
    for level in Level::all() {
        assert_eq!(classes(level)?, expected, "{}", level.name());
    }
    Ok(())
}

#[test]
fn answers_are_right() -> Result<(), Error> {
    let classes = classes(Level::detect())?;
    let right = images::held_out()
        .zip(&classes)
        .filter(|(image, class)| image.label == **class);
    let (right, all) = (right.count(), classes.len());
    assert_eq!(all, 360);
    assert!(right * 100 >= all * 98, "{right} of {all}");
    Ok(())
}
