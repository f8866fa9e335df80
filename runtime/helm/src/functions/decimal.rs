//! Arithmetic on floats that is exact in decimal: 0.1 + 0.2 is 0.3.

use super::{ANY, arguments::to_float, fixed, variadic};
use crate::template::{function::Function, value::Value};

/// How many digits behind the point a division keeps.
const DIVISION_DIGITS: i32 = 16;

pub(super) const FUNCTIONS: &[Function] = &[
    fixed("add1f", &[ANY], |_, a| Ok(fold(to_float(&a[0]), [1.0], ADD))),
    variadic("addf", &[ANY], |_, a| Ok(fold(0.0, a.iter().map(to_float), ADD))),
    variadic("subf", &[ANY, ANY], |_, a| Ok(fold(to_float(&a[0]), a[1..].iter().map(to_float), SUBTRACT))),
    variadic("mulf", &[ANY, ANY], |_, a| Ok(fold(to_float(&a[0]), a[1..].iter().map(to_float), MULTIPLY))),
    variadic("divf", &[ANY, ANY], |_, a| {
        if a[1..].iter().any(|divisor| to_float(divisor) == 0.0) {
            return Err("decimal division by 0".into());
        }
        Ok(Value::Float(a[1..].iter().map(to_float).fold(to_float(&a[0]), divide)))
    }),
];

/// `digits` times ten to the `exponent`.
#[derive(Clone, Copy)]
struct Decimal {
    digits: i128,
    exponent: i32,
}

impl Decimal {
    fn of(value: f64) -> Option<Self> {
        let text = format!("{value:e}");
        let (mantissa, exponent) = text.split_once('e')?;
        let fraction = mantissa.split_once('.').map_or(0, |(_, digits)| digits.len());
        let digits = mantissa.replace('.', "").parse().ok()?;
        Some(Self { digits, exponent: exponent.parse::<i32>().ok()? - i32::try_from(fraction).ok()? })
    }

    fn to_float(self) -> f64 {
        format!("{}e{}", self.digits, self.exponent).parse().unwrap_or(f64::NAN)
    }

    fn scaled(self, exponent: i32) -> Option<i128> {
        let shift = u32::try_from(self.exponent.checked_sub(exponent)?).ok()?;
        10i128.checked_pow(shift)?.checked_mul(self.digits)
    }
}

/// An operation on decimals, and the same on floats.
struct Exact {
    decimal: fn(&Decimal, &Decimal) -> Option<Decimal>,
    float: fn(f64, f64) -> f64,
}

const ADD: Exact = Exact { decimal: add, float: |left, right| left + right };
const SUBTRACT: Exact = Exact { decimal: subtract, float: |left, right| left - right };
const MULTIPLY: Exact = Exact { decimal: multiply, float: |left, right| left * right };

/// Apply an operation from left to right; where the digits do not fit, the plain floats give the answer.
fn fold(start: f64, others: impl IntoIterator<Item = f64>, exact: Exact) -> Value {
    Value::Float(others.into_iter().fold(start, |total, other| {
        let result = Decimal::of(total).and_then(|total| (exact.decimal)(&total, &Decimal::of(other)?));
        result.map_or_else(|| (exact.float)(total, other), Decimal::to_float)
    }))
}

fn add(left: &Decimal, right: &Decimal) -> Option<Decimal> {
    let exponent = left.exponent.min(right.exponent);
    Some(Decimal { digits: left.scaled(exponent)?.checked_add(right.scaled(exponent)?)?, exponent })
}

fn subtract(left: &Decimal, right: &Decimal) -> Option<Decimal> {
    add(left, &Decimal { digits: right.digits.checked_neg()?, exponent: right.exponent })
}

fn multiply(left: &Decimal, right: &Decimal) -> Option<Decimal> {
    Some(Decimal { digits: left.digits.checked_mul(right.digits)?, exponent: left.exponent + right.exponent })
}

/// Divide and round half away from zero; where the digits do not fit, as floats do.
fn divide(left: f64, right: f64) -> f64 {
    exact_quotient(left, right).map_or(left / right, Decimal::to_float)
}

fn exact_quotient(left: f64, right: f64) -> Option<Decimal> {
    let (left, right) = (Decimal::of(left)?, Decimal::of(right)?);
    let shift = left.exponent - right.exponent + DIVISION_DIGITS;
    let (mut numerator, mut divisor) = (left.digits, right.digits);
    match u32::try_from(shift) {
        Ok(shift) => numerator = 10i128.checked_pow(shift)?.checked_mul(numerator)?,
        Err(_) => divisor = 10i128.checked_pow(shift.unsigned_abs())?.checked_mul(divisor)?,
    }
    let quotient = numerator / divisor;
    let remainder = numerator % divisor;
    let away = if (numerator < 0) == (divisor < 0) { 1 } else { -1 };
    let rounds = remainder.unsigned_abs().checked_mul(2)? >= divisor.unsigned_abs();
    Some(Decimal { digits: if rounds { quotient + away } else { quotient }, exponent: -DIVISION_DIGITS })
}
