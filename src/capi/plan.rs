//! Plans in memory that the caller lends, and what they answer.

use super::error::{CallArgument, ErrorInfo, Info, Status, end};
use super::memory::{Region, reference, write};
use crate::Error;
use core::ops::Range;

/// A plan of C: from a member on it holds the plan of Rust, and a seal says that it does.
pub(super) trait Lent: Sized {
    /// The plan of Rust.
    type Plan;

    /// # Safety
    ///
    /// `plan` is a plan, or memory that is none.
    unsafe fn sealed<'a>(plan: *const Self, info: Info) -> Result<&'a Self::Plan, Status>;

    /// The same where it is known that it is a plan.
    ///
    /// # Safety
    ///
    /// It is.
    unsafe fn trusted<'a>(plan: *const Self) -> &'a Self::Plan;

    /// # Safety
    ///
    /// `plan` can be written.
    unsafe fn put(plan: *mut Self, made: Self::Plan);

    /// # Safety
    ///
    /// `plan` is null, or a plan, or memory that is none.
    unsafe fn get<'a>(plan: *const Self, info: Info) -> Result<&'a Self::Plan, Status> {
        // SAFETY: the caller's.
        unsafe { Self::get_as(CallArgument::Plan, plan, info) }
    }

    /// The same for a plan that is another argument.
    ///
    /// # Safety
    ///
    /// As for [`get`](Self::get).
    unsafe fn get_as<'a>(
        argument: CallArgument,
        plan: *const Self,
        info: Info,
    ) -> Result<&'a Self::Plan, Status> {
        // SAFETY: the caller's.
        unsafe {
            let plan = reference(argument, plan, info)?;
            match Self::sealed(plan, Info::NONE) {
                Ok(plan) => Ok(plan),
                Err(status) => Err(info.about(status, argument)),
            }
        }
    }
}

/// Implements [`Lent`]. (The header is made of the structure itself, so that stands with its functions.)
macro_rules! lent {
    ($lent:ident from $member:ident, $plan:ident, $seal:expr) => {
        const _: () = assert!(
            size_of::<$plan>() <= size_of::<$lent>() - offset_of!($lent, $member)
                && align_of::<$plan>() <= align_of::<$lent>()
                && offset_of!($lent, $member).is_multiple_of(align_of::<$plan>())
        );

        impl fmt::Debug for $lent {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($lent)).finish_non_exhaustive()
            }
        }

        impl Lent for $lent {
            type Plan = $plan;

            #[inline(always)]
            unsafe fn sealed<'a>(plan: *const $lent, info: Info) -> Result<&'a $plan, Status> {
                // SAFETY: the caller's. A plan whose seal stands was written whole, by `put` or as a constant of
                // this layout.
                unsafe {
                    if (*plan).seal != $seal {
                        return Err(info.about(Status::NoPlan, CallArgument::Plan));
                    }
                    Ok(Self::trusted(plan))
                }
            }

            #[inline(always)]
            unsafe fn trusted<'a>(plan: *const $lent) -> &'a $plan {
                // SAFETY: the caller's.
                unsafe { &*plan.byte_add(offset_of!($lent, $member)).cast() }
            }

            #[inline(always)]
            unsafe fn put(plan: *mut $lent, made: $plan) {
                // SAFETY: the caller's; it was asserted that the plan has room and the alignment.
                unsafe {
                    (&raw mut (*plan).$member).cast::<$plan>().write(made);
                    (&raw mut (*plan).seal).write($seal);
                }
            }
        }
    };
}
pub(super) use lent;

/// The whole of a call that writes down something that a plan knows.
///
/// # Safety
///
/// Pointers are null, or point at what they say.
pub(super) unsafe fn tell<P: Lent, T>(
    plan: *const P,
    result: *mut T,
    error: *mut ErrorInfo,
    known: impl FnOnce(&P::Plan) -> Result<T, Error>,
) -> Status {
    // SAFETY: the caller's.
    unsafe {
        let info = Info::at(error);
        let told = P::get(plan, info)
            .and_then(|plan| info.passed_on(known(plan)))
            .and_then(|known| write(CallArgument::Result, result, known, info));
        end(told, info)
    }
}

/// The same of a range of rows.
///
/// # Safety
///
/// As for [`tell`].
pub(super) unsafe fn tell_rows<P: Lent>(
    plan: *const P,
    [first, end]: [*mut usize; 2],
    error: *mut ErrorInfo,
    known: impl FnOnce(&P::Plan) -> Result<Range<usize>, Error>,
) -> Status {
    // SAFETY: the caller's.
    unsafe {
        let info = Info::at(error);
        let told = P::get(plan, info).and_then(|plan| {
            let rows = info.passed_on(known(plan))?;
            Region::new(CallArgument::Result, end, 1).end(info)?;
            write(CallArgument::Result, first, rows.start, info)?;
            write(CallArgument::Result, end, rows.end, info)
        });
        self::end(told, info)
    }
}
