//! Digits in the terminal, several side by side, each in a frame with what the network says.

use crate::network::images::{Image, SIDE};

const SIDE_BY_SIDE: usize = 4;

/// A pixel is as high as two characters are wide.
const WIDTH: usize = 2 * SIDE;

/// An image and the network's answer to it.
#[derive(Clone, Copy)]
pub struct Answer {
    pub image: Image,
    pub class: u8,
}

impl Answer {
    pub fn is_right(&self) -> bool {
        self.class == self.image.label
    }

    fn caption(&self) -> String {
        match self.is_right() {
            true => format!(" {} ", self.class),
            false => format!(" said {}, is {} ", self.class, self.image.label),
        }
    }
}

pub fn digits(answers: &[Answer]) -> String {
    let rows = answers.chunks(SIDE_BY_SIDE);
    rows.map(side_by_side).collect()
}

fn side_by_side(row: &[Answer]) -> String {
    let across = |part: &dyn Fn(&Answer) -> String| {
        let parts: Vec<_> = row.iter().map(part).collect();
        parts.join(" ") + "\n"
    };
    let mut text = across(&|answer| format!("╭{:─^WIDTH$}╮", answer.caption()));
    for y in 0..SIDE {
        text += &across(&|answer| format!("│{}│", line(answer.image, y)));
    }
    text + &across(&|_| format!("╰{:─^WIDTH$}╯", ""))
}

fn line(image: Image, y: usize) -> String {
    let pixels = &image.pixels[y * SIDE..][..SIDE];
    pixels.iter().flat_map(|&pixel| [shade(pixel); 2]).collect()
}

/// The nearest of five shades; a pixel is 0 to 16.
fn shade(pixel: u8) -> char {
    match pixel {
        0..2 => ' ',
        2..6 => '░',
        6..10 => '▒',
        10..14 => '▓',
        _ => '█',
    }
}
