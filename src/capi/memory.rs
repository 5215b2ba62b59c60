//! Memory as C hands it over: a pointer and a length.

use super::error::{CallArgument, Info, Status};

/// What C says that lies at a pointer.
#[derive(Clone, Copy)]
pub(super) struct Region {
    argument: CallArgument,
    start: usize,
    len: usize,
    element: &'static Element,
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
    #[inline(always)]
    pub fn new<T>(argument: CallArgument, start: *const T, len: usize) -> Self {
        Region {
            argument,
            start: start.addr(),
            len,
            element: const { &Element::of::<T>() },
        }
    }

    /// The end, if this can be a slice. Refuses null (but for an empty region), misaligned pointers, and
    /// lengths that no memory has.
    #[inline(never)]
    pub fn end(&self, info: Info) -> Result<usize, Status> {
        let element = self.element;
        let past = self.start & (element.align - 1);
        let end = (self.start).checked_add(self.len.wrapping_mul(element.size));
        let (status, [needed, given]) = match end {
            _ if self.start == 0 && self.len != 0 => (Status::Null, [0, 0]),
            _ if past != 0 => (Status::Misaligned, [element.align, past]),
            Some(end) if self.len <= element.most => return Ok(end),
            _ => (Status::NoMemory, [element.most, self.len]),
        };
        let arguments = [self.argument, CallArgument::None];
        Err(info.numbers(status, arguments, [needed, given]))
    }

    /// Refuses what is no slice, of the others and of this region; and this one, which is to be written,
    /// if any of the others reaches into it.
    #[inline(never)]
    pub fn apart_from(&self, others: &[Region], info: Info) -> Result<(), Status> {
        let end = self.end(info)?;
        for other in others {
            let other_end = other.end(info)?;
            if self.start < other_end && other.start < end {
                let arguments = [self.argument, other.argument];
                return Err(info.numbers(Status::Overlap, arguments, [0, 0]));
            }
        }
        Ok(())
    }
}

/// # Safety
///
/// [`Region::end`] has passed, and for `'a` the elements are initialized and nobody writes them.
pub(super) unsafe fn slice<'a, T>(start: *const T, len: usize) -> &'a [T] {
    if start.is_null() {
        return &[];
    }
    // SAFETY: the caller's; the region is not null, aligned and not too long.
    unsafe { core::slice::from_raw_parts(start, len) }
}

/// # Safety
///
/// [`Region::end`] has passed, and for `'a` nobody else reads or writes the elements.
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
    info: Info,
) -> Result<&'a T, Status> {
    Region::new(argument, pointer, 1).end(info)?;
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
    info: Info,
) -> Result<(), Status> {
    Region::new(argument, pointer, 1).end(info)?;
    // SAFETY: the caller's; the region has passed.
    unsafe { pointer.write(value) };
    Ok(())
}

/// A plan in memory that the caller lends: from a member on it holds the plan of Rust, and `seal` says that
/// it does. (The header is made of the structure itself, so that stands with its functions.)
macro_rules! lent {
    ($plan:ident from $member:ident, $conv:ident, $seal:expr) => {
        const _: () = assert!(
            size_of::<$conv>() <= size_of::<$plan>() - offset_of!($plan, $member)
                && align_of::<$conv>() <= align_of::<$plan>()
                && offset_of!($plan, $member).is_multiple_of(align_of::<$conv>())
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
            unsafe fn get<'a>(plan: *const $plan, info: Info) -> Result<&'a $conv, Status> {
                // SAFETY: the caller's.
                unsafe {
                    let plan = reference(CallArgument::Plan, plan, info)?;
                    Self::sealed(plan, info)
                }
            }

            /// # Safety
            ///
            /// `plan` is a plan, or memory that is none.
            #[inline(always)]
            unsafe fn sealed<'a>(plan: *const $plan, info: Info) -> Result<&'a $conv, Status> {
                // SAFETY: the caller's. A plan whose seal stands was written whole, by `put` or as a constant of
                // this layout.
                unsafe {
                    if (*plan).seal != SEAL {
                        return Err(info.about(Status::NoPlan, CallArgument::Plan));
                    }
                    Ok(&*plan.byte_add(offset_of!($plan, $member)).cast())
                }
            }

            /// # Safety
            ///
            /// `plan` can be written.
            #[inline(always)]
            unsafe fn put(plan: *mut $plan, conv: $conv) {
                // SAFETY: the caller's; it was asserted that the plan has room and the alignment.
                unsafe {
                    (&raw mut (*plan).$member).cast::<$conv>().write(conv);
                    (&raw mut (*plan).seal).write(SEAL);
                }
            }
        }
    };
}
pub(super) use lent;
