//! f32: each layer against the reference and its chain of multiply-adds, and refusals.

use core::fmt;

use microconv::{Error, Level};

use crate::Say;
use crate::check::{self, Buffers, MOST};
use crate::layers::{self, Layer};

/// Where `memory.x` puts RAM.
const RAM: usize = 0x2000_0000;

/// What a layer computes with, of which a firmware has one of each.
pub struct Memory {
    output: [f32; MOST],
    rows: [f32; MOST],
    packed: [f32; MOST * 2],
    scratch: [f32; MOST * 2],
    pub check: Buffers,
}

impl Memory {
    pub const ZERO: Memory = Memory {
        output: [0.0; MOST],
        rows: [0.0; MOST],
        packed: [0.0; MOST * 2],
        scratch: [0.0; MOST * 2],
        check: Buffers {
            sums: [0.0; MOST],
            magnitudes: [0.0; MOST],
        },
    };
}

/// Runs all layers. `report` is told of each check.
pub fn all(sabotage: bool, memory: &mut Memory, report: crate::Report) {
    let layers = layers::all();
    for layer in &layers {
        let mut say =
            |check: &str, problem: Option<&dyn fmt::Display>| report(&layer.name, check, problem);
        if let Err(error) = computes(layer, sabotage, memory, &mut say) {
            say("run", Some(&error));
        }
    }
    let mut say =
        |check: &str, problem: Option<&dyn fmt::Display>| report(&"refusals", check, problem);
    refuses(&layers, memory, &mut say);
}

fn computes(layer: &Layer, sabotage: bool, memory: &mut Memory, say: Say) -> Result<(), Error> {
    let plan = &layer.plan;
    let in_flash = layer.packed.as_ptr_range().end.addr() <= RAM;
    say(
        "packed weights are in flash",
        if in_flash {
            None
        } else {
            Some(&"they are in RAM")
        },
    );

    let packed = if sabotage {
        spoil(layer, &mut memory.packed)
    } else {
        layer.packed
    };
    let output = &mut memory.output[..plan.output_len()];
    let scratch = &mut memory.scratch[..plan.scratch_len()];
    plan.run(Level::detect(), layer.input, packed, output, scratch)?;
    let near = check::near_reference(layer, output, &mut memory.check).err();
    say(
        "near the reference",
        near.as_ref().map(|wrong| wrong as &dyn fmt::Display),
    );
    let same = check::same_chain(layer, output).err();
    say(
        "bit for bit the chain",
        same.as_ref().map(|wrong| wrong as &dyn fmt::Display),
    );

    // Row by row, as a firmware does that never holds a whole image.
    let rows = &mut memory.rows[..plan.output_len()];
    for (row, part) in rows.chunks_exact_mut(plan.output_row_len()).enumerate() {
        let needed = plan.input_rows(row..row + 1)?;
        let input =
            &layer.input[needed.start * plan.input_row_len()..needed.end * plan.input_row_len()];
        plan.run_rows(Level::detect(), row..row + 1, input, packed, part, scratch)?;
    }
    let same = rows
        .iter()
        .zip(output.iter())
        .all(|(a, b)| a.to_bits() == b.to_bits());
    say(
        "row by row the same",
        if same { None } else { Some(&"it differs") },
    );
    Ok(())
}

/// A copy of the packed weights in which the first number, a bias, is another.
fn spoil<'a>(layer: &Layer, copy: &'a mut [f32]) -> &'a [f32] {
    let copy = &mut copy[..layer.packed.len()];
    copy.copy_from_slice(layer.packed);
    copy[0] += 1.0;
    copy
}

/// Packed weights that are not this layer's must be refused, and the output left as it was.
fn refuses(layers: &[Layer], memory: &mut Memory, say: Say) {
    let layer = &layers[0];
    let mut attempt = |what: &str, packed: &[f32], expected: fn(&Error) -> bool| {
        let output = &mut memory.output[..layer.plan.output_len()];
        output.fill(7.0);
        match layer.plan.run(
            Level::detect(),
            layer.input,
            packed,
            output,
            &mut memory.scratch[..layer.plan.scratch_len()],
        ) {
            Ok(()) => say(what, Some(&"it ran")),
            Err(error) if !expected(&error) => say(what, Some(&error)),
            Err(_) if output.iter().any(|&y| y != 7.0) => {
                say(what, Some(&"the output was written"))
            }
            Err(_) => say(what, None),
        }
    };
    let packed = &mut memory.packed[..layer.packed.len()];
    attempt("too short", &layer.packed[1..], |e| {
        matches!(e, Error::Length { .. })
    });
    packed.fill(0.0);
    attempt("never packed", packed, |e| matches!(e, Error::NotPacked));
    packed[1..].copy_from_slice(&layer.packed[..layer.packed.len() - 1]);
    attempt("shifted by one element", packed, |e| {
        matches!(
            e,
            Error::NotPacked | Error::PackedVersion { .. } | Error::PackedGeometry { .. }
        )
    });
    let other = layers[1].packed;
    packed.fill(0.0);
    packed[layer.packed.len() - other.len()..].copy_from_slice(other);
    attempt("another layer's", packed, |e| {
        matches!(e, Error::PackedGeometry { .. })
    });
}
