//! Convolution as a product of matrices.

use super::Case;

/// The windows of an image, one a row: `[output pixel][tap][channel]`. The weights as `Hwio` has
/// them are the matrix to multiply with.
pub struct Im2col {
    windows: Vec<f32>,
    /// A window of one pixel at every pixel: the image is the matrix.
    plain: bool,
}

impl Im2col {
    pub fn new(case: &Case) -> Self {
        let geometry = case.plan.geometry();
        let plain = geometry.kernel == [1; 3] && geometry.stride == [1; 3];
        let row = case.weights.len() / geometry.filters;
        let [_, depth, height, width, _] = case.plan.output_shape();
        let len = if plain {
            0
        } else {
            depth * height * width * row
        };
        Im2col {
            windows: vec![0.0; len],
            plain,
        }
    }

    /// The image through the layer.
    pub fn run(&mut self, case: &Case, output: &mut [f32]) {
        let windows = if self.plain {
            &case.input[..]
        } else {
            self.copy(case);
            &self.windows[..]
        };
        let n = case.plan.geometry().filters;
        let k = case.weights.len() / n;
        let m = output.len() / n;
        assert_eq!((windows.len(), case.weights.len()), (m * k, k * n));
        // Columns are what the crate has contiguous, so the product is the transposed one.
        let product = gemm_f32::gemm::f32::get_gemm_fn();
        // SAFETY: three column-major matrices of n x m, n x k and k x m numbers, as was just checked.
        unsafe {
            product(
                n,
                m,
                k,
                output.as_mut_ptr(),
                n as isize,
                1,
                false,
                case.weights.as_ptr(),
                n as isize,
                1,
                windows.as_ptr(),
                k as isize,
                1,
                0.0,
                1.0,
                false,
                false,
                false,
                gemm_common::Parallelism::None,
            );
        }
    }

    /// Copies the windows out. Taps in the padding stay the zeros they are.
    fn copy(&mut self, case: &Case) {
        let geometry = case.plan.geometry();
        let padding = geometry.sizes().expect("the plan has them").padding;
        let [depth, height, width] = geometry.input;
        let [kd, kh, kw] = geometry.kernel;
        let [_, out_depth, out_height, out_width, _] = case.plan.output_shape();
        let channels = geometry.channels;
        // Where a window's first tap lies along an axis, the padding counted.
        let at = |axis: usize, position: usize| position * geometry.stride[axis];
        let inside = |axis: usize, at: usize, size: usize| {
            at.checked_sub(padding[axis][0]).filter(|at| *at < size)
        };
        let mut rows = self.windows.chunks_exact_mut(kw * channels);
        for z in 0..out_depth {
            for y in 0..out_height {
                for x in 0..out_width {
                    for kz in 0..kd {
                        for ky in 0..kh {
                            let row = rows.next().expect("a row for each tap row of each pixel");
                            let (Some(z), Some(y)) = (
                                inside(0, at(0, z) + kz, depth),
                                inside(1, at(1, y) + ky, height),
                            ) else {
                                continue;
                            };
                            // The taps of a window row lie side by side, at dilation 1.
                            let first = at(2, x);
                            let from = first.max(padding[2][0]);
                            let to = (first + kw).min(padding[2][0] + width);
                            if from < to {
                                let start = (z * height + y) * width + from - padding[2][0];
                                row[(from - first) * channels..(to - first) * channels]
                                    .copy_from_slice(
                                        &case.input
                                            [start * channels..(start + to - from) * channels],
                                    );
                            }
                        }
                    }
                }
            }
        }
    }
}
