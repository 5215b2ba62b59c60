//! One case of a file: the words that are next in it, and memory for what is computed with them.

use core::{fmt, mem};

use bytemuck::Pod;
use microconv::{Error, Geometry, Level};

// Numbers are read as they lie.
const _: () = assert!(cfg!(target_endian = "little"));

/// Reads as many bytes as it is given room for, or fewer, and says how many; none at the end of the file.
pub type Read<'a> = dyn FnMut(&mut [u8]) -> usize + 'a;

pub struct Case<'a> {
    pub number: usize,
    /// Those that have to answer it.
    pub levels: &'a [Level],
    pub read: &'a mut Read<'a>,
    pub memory: &'a mut [u64],
}

impl<'a> Case<'a> {
    pub fn ints<const N: usize>(&mut self) -> [i32; N] {
        let mut ints = [0; N];
        fill(self.read, bytemuck::must_cast_slice_mut(&mut ints));
        ints
    }

    pub fn floats<const N: usize>(&mut self) -> [f32; N] {
        self.ints().map(|bits| f32::from_bits(bits as u32))
    }

    pub fn sizes<const N: usize>(&mut self) -> [usize; N] {
        self.ints().map(|int| int.try_into().expect("a size"))
    }

    /// A count, and as many floats.
    pub fn scales(&mut self) -> &'a [f32] {
        let [count] = self.sizes();
        let scales = self.room(count);
        fill(self.read, bytemuck::must_cast_slice_mut(scales));
        scales
    }

    /// A count of bytes, and numbers that have as many.
    pub fn array<T: Pod>(&mut self) -> &'a [T] {
        let [bytes] = self.sizes();
        assert!(bytes.is_multiple_of(size_of::<T>()), "half a number");
        let array = self.room(bytes / size_of::<T>());
        fill(self.read, bytemuck::cast_slice_mut(array));
        // Filled up to whole words.
        fill(self.read, &mut [0; 3][..bytes.wrapping_neg() % 4]);
        array
    }

    /// Room for so many numbers, which holds anything.
    pub fn room<T: Pod>(&mut self, len: usize) -> &'a mut [T] {
        let words = (len * size_of::<T>()).div_ceil(size_of::<u64>());
        let Some((room, rest)) = mem::take(&mut self.memory).split_at_mut_checked(words) else {
            panic!("case {} needs more memory than MEMORY words", self.number);
        };
        self.memory = rest;
        &mut bytemuck::must_cast_slice_mut(room)[..len]
    }

    /// What `who` gives must be what is expected.
    pub fn same<T: PartialEq + fmt::Display>(
        &self,
        given: &[T],
        expected: &[T],
        who: &dyn fmt::Display,
        layer: fmt::Arguments,
    ) {
        let (number, len) = (self.number, given.len());
        assert!(
            len == expected.len(),
            "case {number}, {who}: {len} outputs, not {}: {layer}",
            expected.len()
        );
        if let Some(at) = given.iter().zip(expected).position(|(a, b)| a != b) {
            let (given, expected) = (&given[at], &expected[at]);
            panic!("case {number}, {who}: output {at} is {given}, not {expected}: {layer}");
        }
    }

    /// For `unwrap_or_else`: the library refuses what it should compute.
    pub fn refused(&self, geometry: &Geometry, error: Error) -> ! {
        panic!("case {}: {error}: {geometry:?}", self.number)
    }
}

/// Reads as many bytes as there is room for.
pub fn fill(read: &mut Read, bytes: &mut [u8]) {
    let mut done = 0;
    while done < bytes.len() {
        let count = read(&mut bytes[done..]);
        assert!(count > 0, "the file is cut off");
        done += count;
    }
}
