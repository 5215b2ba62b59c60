//! What only 32-bit addresses refuse: lengths that a target of 64 bits has. The compiler checks it.

use microconv::{Activation, ConvF32, Error, Geometry, Padding, Quantity};

const fn refused(geometry: Geometry, quantity: Quantity) -> bool {
    matches!(
        (ConvF32::new(geometry, Activation::NONE), quantity),
        (Err(Error::Overflow(Quantity::InputLen)), Quantity::InputLen)
            | (
                Err(Error::Overflow(Quantity::OutputLen)),
                Quantity::OutputLen
            )
            | (
                Err(Error::Overflow(Quantity::PackedLen)),
                Quantity::PackedLen
            )
            | (Err(Error::Overflow(Quantity::Input(_))), Quantity::Input(_))
    )
}

const _: () = {
    assert!(usize::BITS == 32);
    let far = Padding::sides([[0, 0], [1 << 30, 1 << 30]]);
    let one = Geometry::conv2d([1, 1, 1], 1, [1, 1]);
    assert!(refused(
        Geometry::conv2d([1 << 16, 1 << 16, 1], 1, [1, 1]),
        Quantity::InputLen
    ));
    assert!(refused(
        Geometry::conv2d([1 << 16, 1, 1], 1 << 16, [1, 1]),
        Quantity::OutputLen
    ));
    assert!(refused(
        Geometry::conv2d([1, 1, 1 << 16], 1 << 16, [1, 1]),
        Quantity::PackedLen
    ));
    assert!(refused(
        one.padding(far),
        Quantity::Input(microconv::Axis::Width)
    ));
    // The longest has a float less than twice as many.
    let long = Geometry::conv1d([1 << 27, 1], 1, 1);
    assert!(ConvF32::new(long, Activation::NONE).is_ok());
    assert!(refused(long.batch(2), Quantity::InputLen));
};
