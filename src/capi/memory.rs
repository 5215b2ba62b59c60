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

/// Refuses what is no slice, and what is to be written if it reaches into anything else.
pub(super) fn apart(written: &[Region], read: &[Region], info: Info) -> Result<(), Status> {
    for (before, region) in written.iter().enumerate() {
        region.apart_from(read, info)?;
        region.apart_from(written.get(..before).unwrap_or_default(), info)?;
    }
    Ok(())
}
