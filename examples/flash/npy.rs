//! Arrays in files: NumPy's .npy (format versions 1 to 3, row-major, little-endian), and raw numbers.

/// What a file holds.
#[derive(Debug, PartialEq)]
pub struct Array<T> {
    /// Raw files have none.
    pub shape: Option<Vec<usize>>,
    pub values: Vec<T>,
}

/// A type of number, as NumPy names it.
pub trait Number: Copy {
    const NAME: &'static str;
    const BYTES: usize;
    fn of(bytes: &[u8]) -> Self;
}

macro_rules! number {
    ($($type:ty: $name:literal),*) => {$(
        impl Number for $type {
            const NAME: &'static str = $name;
            const BYTES: usize = size_of::<$type>();

            fn of(bytes: &[u8]) -> Self {
                Self::from_le_bytes(bytes.try_into().expect("as many bytes as the type has"))
            }
        }
    )*};
}

number!(f32: "<f4", i8: "|i1", i32: "<i4");

/// Reads a file's bytes: .npy if they start as such, else raw.
pub fn read<T: Number>(bytes: &[u8]) -> Result<Array<T>, String> {
    let (shape, data) = match bytes.strip_prefix(b"\x93NUMPY") {
        Some(rest) => {
            let (header, data) = split(rest).ok_or("the file ends within its header")?;
            let header = str::from_utf8(header).map_err(|_| "the header is no text")?;
            (Some(shape::<T>(header)?), data)
        }
        None => (None, bytes),
    };
    let chunks = data.chunks_exact(T::BYTES);
    if !chunks.remainder().is_empty() {
        return Err(format!("{} bytes are no whole {}", data.len(), T::NAME));
    }
    let values: Vec<T> = chunks.map(T::of).collect();
    match &shape {
        Some(shape) if shape.iter().product::<usize>() != values.len() => Err(format!(
            "the shape {shape:?} is not that of {} numbers",
            values.len()
        )),
        _ => Ok(Array { shape, values }),
    }
}

/// Header and data, of what follows the magic number.
fn split(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let ([major, _], rest) = rest.split_first_chunk::<2>()?;
    let (len, rest) = if *major == 1 {
        let (len, rest) = rest.split_first_chunk::<2>()?;
        (u16::from_le_bytes(*len) as usize, rest)
    } else {
        let (len, rest) = rest.split_first_chunk::<4>()?;
        (u32::from_le_bytes(*len) as usize, rest)
    };
    rest.split_at_checked(len)
}

/// The shape that a header tells, if it is one of numbers of this type in rows:
/// `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`.
fn shape<T: Number>(header: &str) -> Result<Vec<usize>, String> {
    let after = |key: &str| {
        let (_, value) = header.split_once(key)?;
        Some(value.trim_start_matches([':', ' ']))
    };
    let (Some(descr), Some(order), Some(shape)) =
        (after("'descr'"), after("'fortran_order'"), after("'shape'"))
    else {
        return Err(format!("no header of an array: {header}"));
    };
    let descr = descr.split('\'').nth(1).unwrap_or("of several fields");
    if descr != T::NAME {
        return Err(format!("the numbers are {descr}, {} is needed", T::NAME));
    }
    if !order.starts_with("False") {
        return Err("the array is in Fortran's order".into());
    }
    let inside = shape
        .strip_prefix('(')
        .and_then(|rest| rest.split(')').next());
    let numbers = inside.ok_or("the header tells no shape")?.split(',');
    let numbers = numbers.map(str::trim).filter(|number| !number.is_empty());
    let parsed: Result<_, _> = numbers.map(str::parse).collect();
    parsed.map_err(|_| "the header's shape is not one of numbers".into())
}
