//! The held-out images: records of 64 pixels of 0 to 16, row after row, and a label.

/// Pixels along a side.
pub const SIDE: usize = 8;

pub type Pixels = [u8; SIDE * SIDE];

#[derive(Clone, Copy)]
pub struct Image {
    pub pixels: &'static Pixels,
    /// The digit that the image shows.
    pub label: u8,
}

const BYTES: &[u8] = include_bytes!("../images.bin");
const RECORDS: &[[u8; SIDE * SIDE + 1]] = BYTES.as_chunks().0;
const _: () = assert!(RECORDS.as_flattened().len() == BYTES.len());

pub fn held_out() -> impl Iterator<Item = Image> + Clone {
    RECORDS
        .iter()
        .map(|&[ref pixels @ .., label]| Image { pixels, label })
}
