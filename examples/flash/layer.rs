//! A layer as the command line describes it, and its packed weights.

use microconv::{
    Activation, ConvF32, ConvI8, Error, Geometry, Padding, Quantization, Rounding, Scales, Weights,
};

/// The order of the weights.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Order {
    Ohwi,
    Oihw,
    Hwio,
}

impl Order {
    pub fn of<T>(self, weights: &[T]) -> Weights<'_, T> {
        match self {
            Order::Ohwi => Weights::Ohwi(weights),
            Order::Oihw => Weights::Oihw(weights),
            Order::Hwio => Weights::Hwio(weights),
        }
    }

    /// The shape that an array of weights must have.
    pub fn shape(self, geometry: &Geometry) -> [usize; 4] {
        let [_, height, width] = geometry.kernel;
        let (filters, channels) = (geometry.filters, geometry.channels / geometry.groups);
        match self {
            Order::Ohwi => [filters, height, width, channels],
            Order::Oihw => [filters, channels, height, width],
            Order::Hwio => [height, width, channels, filters],
        }
    }
}

/// What is known of the numbers.
#[derive(Clone, Debug)]
pub enum Numbers {
    F32 {
        activation: Activation,
        weights: Vec<f32>,
        bias: Option<Vec<f32>>,
    },
    I8 {
        quantization: Quantization,
        weights: Vec<i8>,
        bias: Option<Vec<i32>>,
        input_scale: f32,
        weight_scales: Vec<f32>,
        output_scale: f32,
    },
}

#[derive(Clone, Debug)]
pub struct Layer {
    /// In lower case, with underscores.
    pub name: String,
    pub geometry: Geometry,
    pub order: Order,
    pub numbers: Numbers,
}

/// The packed words of a layer, as literals.
pub struct Packed {
    pub literals: Vec<String>,
    /// The plan as a constant of C, if it is of 8 bits.
    pub plan: Option<String>,
    pub flash_bytes: usize,
}

impl Layer {
    pub fn pack(&self) -> Result<Packed, Error> {
        let (literals, plan): (Vec<String>, _) = match &self.numbers {
            Numbers::F32 {
                activation,
                weights,
                bias,
            } => {
                let plan = ConvF32::new(self.geometry, *activation)?;
                let mut packed = vec![0.0; plan.packed_len()];
                plan.pack(self.order.of(weights), bias.as_deref(), &mut packed)?;
                // The shortest that are read back to the bit.
                let literals = packed.iter().map(|number| format!("{number:e}"));
                (literals.collect(), None)
            }
            Numbers::I8 {
                quantization,
                weights,
                bias,
                input_scale,
                weight_scales,
                output_scale,
            } => {
                let plan = ConvI8::new(self.geometry, *quantization)?;
                let mut packed = vec![0; plan.packed_len()];
                let scales = Scales::Real {
                    input: *input_scale,
                    weights: weight_scales,
                    output: *output_scale,
                };
                plan.pack(self.order.of(weights), bias.as_deref(), scales, &mut packed)?;
                let literals = packed.iter().map(i32::to_string).collect();
                (literals, Some(plan.c_initializer().to_string()))
            }
        };
        let flash_bytes = literals.len() * 4;
        Ok(Packed {
            literals,
            plan,
            flash_bytes,
        })
    }

    /// Front and back, top and bottom, left and right.
    pub fn sides(&self) -> [[usize; 2]; 3] {
        match self.geometry.padding {
            Padding::Explicit(sides) => sides,
            _ => [[0; 2]; 3],
        }
    }
}

pub fn rounding_name(rounding: Rounding) -> &'static str {
    match rounding {
        Rounding::TfliteSingle => "TfliteSingle",
        Rounding::Float => "Float",
        _ => "Tflite",
    }
}
