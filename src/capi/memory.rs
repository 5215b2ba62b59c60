//! Memory as C hands it over: a pointer and a length.

use super::error::{CallArgument, Refusal, Status};

/// What `len` elements at a pointer cover, once it is known that they can be a slice.
#[derive(Clone, Copy)]
pub(super) struct Region {
    argument: CallArgument,
    start: usize,
    end: usize,
}

/// What there is to know of an element's type.
struct Element {
    size: usize,
    align: usize,
    /// The most that a slice can have.
    most: usize,
}

impl Element {
    const fn of<T>() -> Self {
        Element {
            size: size_of::<T>(),
            align: align_of::<T>(),
            most: isize::MAX as usize / size_of::<T>(),
        }
    }
}

impl Region {
    /// Refuses null (but for an empty region), misaligned pointers, and lengths that no memory has.
    #[inline(always)]
    pub fn new<T>(argument: CallArgument, start: *const T, len: usize) -> Result<Self, Refusal> {
        Self::of(argument, start.addr(), len, const { &Element::of::<T>() })
    }

    #[inline(never)]
    fn of(
        argument: CallArgument,
        start: usize,
        len: usize,
        element: &Element,
    ) -> Result<Self, Refusal> {
        let past = start & (element.align - 1);
        let refused = |status, [needed, given]: [usize; 2]| {
            Err(Refusal::numbers(status, argument, needed, given))
        };
        if start == 0 && len != 0 {
            return refused(Status::Null, [0, 0]);
        }
        if past != 0 {
            return refused(Status::Misaligned, [element.align, past]);
        }
        match start.checked_add(len.wrapping_mul(element.size)) {
            Some(end) if len <= element.most => Ok(Region {
                argument,
                start,
                end,
            }),
            _ => refused(Status::NoMemory, [element.most, len]),
        }
    }

    /// Refuses this region, which is to be written, if any of the others reaches into it.
    pub fn apart_from(self, others: &[Region]) -> Result<(), Refusal> {
        for other in others {
            if self.start < other.end && other.start < self.end {
                return Err(Refusal::Call {
                    status: Status::Overlap,
                    argument: self.argument,
                    other_argument: other.argument,
                    needed: 0,
                    given: 0,
                });
            }
        }
        Ok(())
    }
}

/// # Safety
///
/// [`Region::new`] has passed, and for `'a` the elements are initialized and nobody writes them.
pub(super) unsafe fn slice<'a, T>(start: *const T, len: usize) -> &'a [T] {
    if start.is_null() {
        return &[];
    }
    // SAFETY: the caller's; the region is not null, aligned and not too long.
    unsafe { core::slice::from_raw_parts(start, len) }
}

/// # Safety
///
/// [`Region::new`] has passed, and for `'a` nobody else reads or writes the elements.
pub(super) unsafe fn slice_mut<'a, T>(start: *mut T, len: usize) -> &'a mut [T] {
    if start.is_null() {
        return &mut [];
    }
    // SAFETY: the caller's; the region is not null, aligned and not too long. Numbers need not be
    // initialized by whoever lends them to be overwritten: any bits are one.
    unsafe { core::slice::from_raw_parts_mut(start, len) }
}

/// # Safety
///
/// What is not null and aligned is a `T` that nobody writes for `'a`.
pub(super) unsafe fn reference<'a, T>(
    argument: CallArgument,
    pointer: *const T,
) -> Result<&'a T, Refusal> {
    Region::new(argument, pointer, 1)?;
    // SAFETY: the caller's; the region has passed.
    Ok(unsafe { &*pointer })
}

/// Writes a result that C has asked for.
///
/// # Safety
///
/// What is not null and aligned can be written.
pub(super) unsafe fn write<T>(
    argument: CallArgument,
    pointer: *mut T,
    value: T,
) -> Result<(), Refusal> {
    Region::new(argument, pointer, 1)?;
    // SAFETY: the caller's; the region has passed.
    unsafe { pointer.write(value) };
    Ok(())
}

/// A plan in memory that the caller lends: `words` hold the plan of Rust, and `seal` says that they do. (The header is made of the structure itself, so that stands with its functions.)
macro_rules! lent {
    ($plan:ident, $conv:ident, $seal:expr) => {
        const _: () = assert!(
            size_of::<$conv>() <= size_of::<[usize; 64]>()
                && align_of::<$conv>() <= align_of::<$plan>()
                && offset_of!($plan, words).is_multiple_of(align_of::<$conv>())
        );

        const SEAL: u64 = $seal;

        impl fmt::Debug for $plan {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($plan)).finish_non_exhaustive()
            }
        }

        impl $plan {
            /// # Safety
            ///
            /// `plan` is null, or a plan, or memory that is none.
            unsafe fn get<'a>(plan: *const $plan) -> Result<&'a $conv, Refusal> {
                // SAFETY: the caller's. A plan whose seal stands was written whole.
                unsafe {
                    let plan = reference(CallArgument::Plan, plan)?;
                    if plan.seal != SEAL {
                        return Err(Refusal::about(Status::NoPlan, CallArgument::Plan));
                    }
                    Ok(&*plan.words.as_ptr().cast())
                }
            }

            /// # Safety
            ///
            /// `plan` is null, or can be written.
            unsafe fn put(plan: *mut $plan, conv: $conv) -> Result<(), Refusal> {
                Region::new(CallArgument::Plan, plan, 1)?;
                // SAFETY: the caller's; it was asserted that the plan has room and the alignment.
                unsafe {
                    (&raw mut (*plan).words).cast::<$conv>().write(conv);
                    (&raw mut (*plan).seal).write(SEAL);
                }
                Ok(())
            }
        }
    };
}
pub(super) use lent;
