//! Slices that lie against pages nobody may touch.

use std::ptr;

/// Where a slice lies between the two guard pages.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum At {
    /// Its first element is the first after a guard page.
    Start,
    /// Its last element is the last before a guard page.
    End,
    /// So many elements after the start.
    Offset(usize),
}

/// Numbers of which every bit pattern is one.
pub trait Plain: Copy {}
impl Plain for f32 {}
impl Plain for i32 {}
impl Plain for i16 {}
impl Plain for u8 {}

/// Pages of numbers with an unmapped page on either side. What lies around the slice is a pattern.
///
/// The same pages are mapped twice, to be written and to be read only: a system call for each slice, which makes all cores forget
/// what they know of the pages, would take most of the time of these tests.
pub struct Arena {
    /// Of the mapping that can be written, and of the other, each with its guards.
    bases: [*mut u8; 2],
    page: usize,
    bytes: usize,
    /// The first byte of the slice that lies there, and how many it has.
    slice: [usize; 2],
}

/// The system's answer, unless it is an error.
#[track_caller]
fn answered(call: &str, error: bool) {
    let why = std::io::Error::last_os_error();
    assert!(!error, "{call}: {why}");
}

impl Arena {
    /// Room for `floats`, and for an offset of a page.
    pub fn new(floats: usize) -> Arena {
        // SAFETY: a question about the system.
        let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as usize;
        let bytes = (floats * 4).next_multiple_of(page) + page;
        // SAFETY: a file without a name, of which nothing else knows.
        let file = unsafe { libc::tmpfile() };
        answered("tmpfile", file.is_null());
        // SAFETY: the file is open.
        let pages = unsafe { libc::fileno(file) };
        // SAFETY: its own descriptor.
        answered("ftruncate", unsafe {
            libc::ftruncate(pages, bytes as libc::off_t) != 0
        });
        let map = |protection| {
            let (none, shared) = (
                libc::MAP_PRIVATE | libc::MAP_ANON,
                libc::MAP_SHARED | libc::MAP_FIXED,
            );
            // SAFETY: fresh mappings; the second replaces pages of the first, between its first and its last.
            unsafe {
                let base = libc::mmap(
                    ptr::null_mut(),
                    bytes + 2 * page,
                    libc::PROT_NONE,
                    none,
                    -1,
                    0,
                );
                answered("mmap", base == libc::MAP_FAILED);
                let inside = base.wrapping_byte_add(page);
                let mapped = libc::mmap(inside, bytes, protection, shared, pages, 0);
                answered("mmap", mapped != inside);
                base.cast()
            }
        };
        let bases = [libc::PROT_READ | libc::PROT_WRITE, libc::PROT_READ].map(map);
        // SAFETY: nothing else has the file, and the mappings keep its pages.
        unsafe { libc::fclose(file) };
        Arena {
            bases,
            page,
            bytes,
            slice: [0, bytes],
        }
    }

    /// The byte that a slice of `len` starts at.
    fn place<T: Plain>(&self, len: usize, at: At) -> usize {
        let size = size_of::<T>();
        let offset = match at {
            At::Start => 0,
            At::End => self.bytes - len * size,
            At::Offset(elements) => elements * size,
        };
        assert!(
            offset + len * size <= self.bytes,
            "the arena is too small for {len} elements"
        );
        offset
    }

    /// The pages between the guards, to be written.
    fn start(&self) -> *mut u8 {
        self.bases[0].wrapping_add(self.page)
    }

    /// A copy that may be read and not written.
    pub fn read_only<T: Plain>(&mut self, values: &[T], at: At) -> &[T] {
        self.writable(values, at);
        let start = self.bases[1].wrapping_add(self.page + self.slice[0]);
        // SAFETY: inside the mapping for reading, of pages that were written a line above and that `self` keeps borrowed.
        unsafe { std::slice::from_raw_parts(start.cast(), values.len()) }
    }

    /// A copy that may be written.
    pub fn writable<T: Plain>(&mut self, values: &[T], at: At) -> &mut [T] {
        let [at_last, bytes_last] = self.slice;
        self.slice = [self.place::<T>(values.len(), at), size_of_val(values)];
        let start = self.start().wrapping_add(self.slice[0]).cast::<T>();
        // SAFETY: inside the arena, which `self` keeps borrowed; every bit pattern is a number.
        unsafe {
            ptr::write_bytes(self.start().wrapping_add(at_last), PATTERN, bytes_last);
            ptr::copy_nonoverlapping(values.as_ptr(), start, values.len());
            std::slice::from_raw_parts_mut(start, values.len())
        }
    }

    /// The slice of `len` elements that was last placed there, after everything around it in the
    /// arena is seen to be as it was.
    #[track_caller]
    pub fn intact<T: Plain>(&self, len: usize, at: At) -> &[T] {
        let first = self.place::<T>(len, at);
        assert_eq!(self.slice, [first, len * size_of::<T>()], "another slice");
        // SAFETY: the arena's pages are mapped readable, and `&self` is the only borrow.
        let (all, slice) = unsafe {
            (
                std::slice::from_raw_parts(self.start(), self.bytes),
                std::slice::from_raw_parts(self.start().wrapping_add(first).cast(), len),
            )
        };
        let around = [&all[..first], &all[first + len * size_of::<T>()..]];
        // A block at a time, for an emulator walks through every page of every case.
        let mut blocks = around.into_iter().flat_map(|part| part.chunks(BLOCK.len()));
        assert!(
            blocks.all(|block| *block == BLOCK[..block.len()]),
            "written beside a slice of {len} {at:?}"
        );
        slice
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        for base in self.bases {
            // SAFETY: the mapping is this arena's, and nothing borrows it any more.
            unsafe { libc::munmap(base.cast(), self.bytes + 2 * self.page) };
        }
    }
}

const PATTERN: u8 = 0xa5;
const BLOCK: [u8; 4096] = [PATTERN; 4096];

/// Runs `body` in a forked child and returns the signal that ended it, if one did.
///
/// `body` must do nothing but touch memory: the child has one thread of the many that the test
/// program had.
pub fn signal_of(body: impl FnOnce()) -> Option<i32> {
    // SAFETY: the child touches memory and exits, or dies; it takes no lock. A limit of no core
    // keeps its death from the disk.
    unsafe {
        match libc::fork() {
            -1 => panic!("fork: {}", std::io::Error::last_os_error()),
            0 => {
                let none = libc::rlimit {
                    rlim_cur: 0,
                    rlim_max: 0,
                };
                libc::setrlimit(libc::RLIMIT_CORE, &none);
                libc::signal(libc::SIGSEGV, libc::SIG_DFL);
                libc::signal(libc::SIGBUS, libc::SIG_DFL);
                body();
                libc::_exit(0)
            }
            child => {
                let mut status = 0;
                assert_eq!(libc::waitpid(child, &mut status, 0), child);
                libc::WIFSIGNALED(status).then(|| libc::WTERMSIG(status))
            }
        }
    }
}
