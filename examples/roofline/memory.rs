//! The limit that memory sets: how long this core takes to move the bytes of a layer, and does nothing else.
//!
//! Two buffers of its own are as large as what the layer reads and what it writes, so that they lie in the
//! cache that the layer's would lie in. One is read and the other written, by turns, as a layer does it, with
//! the loads and stores of the level. In the first-level cache that loop is itself the limit, not memory.
//!
//! All of the input counts, even where a stride steps over pixels; a layer that need not touch them may take
//! less time than memory does for all.

use crate::measure::{Aligned, time, time_briefly};
use microconv::Level;
use std::time::Duration;

pub struct Memory {
    read: Aligned<f32>,
    write: Aligned<f32>,
}

impl Memory {
    /// Of a layer that moves so many bytes, some of them to write.
    pub fn of(moved: u64, written: usize) -> Self {
        // Only whole cache lines are moved.
        let floats = |bytes: usize| bytes.next_multiple_of(64) / size_of::<f32>();
        let mut memory = Memory {
            read: Aligned::zeros(floats(moved as usize - written)),
            write: Aligned::zeros(floats(written)),
        };
        // Pages that nobody has written are all the same page of zeros.
        memory.read.fill(1.0);
        memory
    }

    /// The median times of the layer and of memory: of that the mean of one before and one after, for the
    /// machine's speed drifts.
    pub fn beside(mut self, level: Level, layer: impl FnMut()) -> (Duration, Duration) {
        let mut memory = || time_briefly(|| level.stream(&self.read, &mut self.write));
        let before = memory();
        let layer = time(layer);
        (layer, (before + memory()) / 2)
    }
}
