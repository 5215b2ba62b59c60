//! The files of cases that tests/oracle/*.py write, and what has to be true of each. It takes no allocator and no files, for
//! tests/oracle.rs and a firmware run the same.

use core::fmt;

use microconv::Level;

mod case;
mod onnx_cases;
mod tflite;
mod tflite_16x8;

use case::Case;
pub use case::Read;
pub use onnx_cases::ONNX;
pub use tflite::TFLITE;
pub use tflite_16x8::TFLITE_16X8;

/// Words of memory that a case may take: 3 MB. One that takes more is an error.
pub const MEMORY: usize = 3 << 17;

/// What a kind of file is.
pub struct Oracle {
    /// Of the file, as `.ci/oracle` calls it.
    pub name: &'static str,
    /// Cases that it has at least.
    least: usize,
    /// What outputs tell that are counted, and how many there must be for the cases to be worth their name.
    telling: &'static str,
    least_telling: usize,
    /// The level whose kernels run on one.
    pub kernels: fn(Level) -> Level,
    /// Reads a case, runs it on all levels, and counts outputs that tell.
    check: fn(&mut Case) -> usize,
}

impl Oracle {
    /// # Panics
    ///
    /// At the first output that is wrong, and if the file is not what it should be.
    pub fn compare(&self, read: &mut Read, memory: &mut [u64], levels: &[Level]) -> Counts {
        let mut count = [0; 4];
        case::fill(read, &mut count);
        let cases = u32::from_le_bytes(count) as usize;
        assert!(cases >= self.least, "{cases} cases");
        let mut telling = 0;
        for number in 0..cases {
            telling += (self.check)(&mut Case {
                number,
                levels,
                read: &mut *read,
                memory: &mut *memory,
            });
        }
        assert!(read(&mut [0]) == 0, "the file has more than {cases} cases");
        let counts = Counts {
            cases,
            telling,
            what: self.telling,
        };
        assert!(telling >= self.least_telling, "only {counts}");
        counts
    }
}

/// How many cases were the same, and how many outputs told something.
pub struct Counts {
    cases: usize,
    telling: usize,
    what: &'static str,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts {
            cases,
            telling,
            what,
        } = self;
        write!(f, "{cases} cases, {telling} outputs that {what}")
    }
}

/// Outputs that are not the same; none if there are none to compare with.
fn differing<T: PartialEq>(outputs: &[T], others: &[T]) -> usize {
    outputs.iter().zip(others).filter(|(a, b)| a != b).count()
}
