//! The windows of two pixels under all filters of a group, for cores without vectors: panel by panel, and in it some filters
//! at a time, whose sums are all that lies on the stack.

use super::put::Panel;
use super::quads::{Pair, Quads};
use crate::pack::{PANEL, width};
use crate::pack_i8::HEADER;

/// Makes it the next panel of a group that has `left` filters more, of so many quads each: it is to stand at the first. Tells where
/// the panel after it begins.
// Its frame is gone when they are computed.
#[inline(never)]
pub(super) fn next(panel: &mut Panel<'_>, left: usize, quads: usize) -> *const i32 {
    panel.width = width(left);
    panel.filters = left.min(PANEL);
    panel.header.wrapping_add((HEADER + quads) * panel.width)
}

/// Computes the outputs of two pixels, or of the first alone, under the filters of the panel. `add` is to add to the sums of
/// some of them, at which the panel stands then, what their weights make of the windows.
///
/// # Safety
/// There are so many outputs, and the panel is one as `PanelsI8` counts them.
#[inline(always)]
pub(super) unsafe fn each<S: Quads>(
    simd: S,
    panel: &mut Panel<'_>,
    mut add: impl FnMut(&Panel<'_>),
) {
    const { assert!(size_of::<S::Sums>() == S::FILTERS * size_of::<Pair>()) };
    let mut left = panel.filters;
    while left > 0 {
        panel.filters = left.min(S::FILTERS);
        // SAFETY: a panel begins with the biases of its filters; each pixel that exists has so many outputs.
        unsafe {
            panel.start();
            add(panel);
            panel.put(simd);
        }
        left -= panel.filters;
        panel.go_on();
    }
}
