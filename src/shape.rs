//! What every plan answers about its layer.

/// The methods of a plan that has a checked `geometry` and its `sizes`, and `check_cuts`, which
/// refuses ranges of rows that its algorithm does not compute.
macro_rules! plan_shape {
    () => {
        pub const fn geometry(&self) -> &Geometry {
            &self.geometry
        }

        /// Batch, depth, height, width and channels of the output.
        pub const fn output_shape(&self) -> [usize; 5] {
            let [depth, height, width] = self.sizes.output;
            [
                self.geometry.batch,
                depth,
                height,
                width,
                self.geometry.filters,
            ]
        }

        /// Elements of the input, the whole batch.
        pub const fn input_len(&self) -> usize {
            self.sizes.input_len
        }

        /// Elements of the output, the whole batch.
        pub const fn output_len(&self) -> usize {
            self.sizes.output_len
        }

        /// Elements of the weights that [`pack`](Self::pack) takes.
        pub const fn weights_len(&self) -> usize {
            self.sizes.weights_len
        }

        /// Weights and biases that a training framework would count.
        pub const fn parameters(&self) -> usize {
            self.sizes.parameters
        }

        /// Multiply-accumulates of a run, with the taps in the padding counted, as is the custom.
        pub const fn macs(&self) -> u64 {
            self.sizes.macs
        }

        /// Rows of the output, counted through batch, depth and height.
        pub const fn output_rows(&self) -> usize {
            self.geometry.batch * self.sizes.output[0] * self.sizes.output[1]
        }

        /// Elements of an output row: `[width][channel]`.
        pub const fn output_row_len(&self) -> usize {
            self.sizes.output[2] * self.geometry.filters
        }

        /// Elements of an input row: `[width][channel]`.
        pub const fn input_row_len(&self) -> usize {
            self.geometry.input[2] * self.geometry.channels
        }

        /// The input rows, counted through batch, depth and height, that some output rows need.
        ///
        /// They are the rows from the first to the last that a window reaches; rows that a dilated
        /// window steps over are among them. The range is empty if only padding is reached.
        ///
        /// ```
        /// use microconv::{Activation, ConvF32, Geometry, Padding};
        /// let geometry = Geometry::conv2d([9, 5, 1], 1, [3, 3]).padding(Padding::Same);
        /// let plan = ConvF32::new(geometry, Activation::NONE)?;
        /// assert_eq!(plan.input_rows(0..1)?, 0..2);
        /// assert_eq!(plan.input_rows(4..6)?, 3..7);
        /// # Ok::<(), microconv::Error>(())
        /// ```
        ///
        /// # Errors
        ///
        /// [`Error::Rows`] if they are not rows of the output, [`Error::RowGranularity`] if they are
        /// not whole tiles of the plan's algorithm.
        pub const fn input_rows(&self, rows: Range<usize>) -> Result<Range<usize>, Error> {
            if rows.start > rows.end || rows.end > self.output_rows() {
                return Err(Error::Rows {
                    needed: self.output_rows(),
                    start: rows.start,
                    end: rows.end,
                });
            }
            if let Err(error) = self.check_cuts(rows.start, rows.end) {
                return Err(error);
            }
            Ok(self.geometry.input_rows(&self.sizes, rows.start, rows.end))
        }
    };
}

pub(crate) use plan_shape;
