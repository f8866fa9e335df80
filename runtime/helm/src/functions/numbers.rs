//! Integers, rounding, sequences.

use super::{
    ANY, INT, TEXT,
    arguments::{MAX_LENGTH, int, strval_text, text, to_float, to_int},
    fixed, variadic,
};
use crate::template::{
    exec::Engine,
    function::{Function, Type},
    value::{List, Value},
};

const DIVISION_BY_ZERO: &str = "runtime error: integer divide by zero";

pub(super) const FUNCTIONS: &[Function] = &[
    fixed("atoi", &[TEXT], |_, a| Ok(Value::int(text(&a[0]).parse().unwrap_or(0)))),
    fixed("int", &[ANY], |_, a| Ok(Value::int(to_int(&a[0])))),
    fixed("int64", &[ANY], |_, a| Ok(Value::int64(to_int(&a[0])))),
    fixed("float64", &[ANY], |_, a| Ok(Value::Float(to_float(&a[0])))),
    fixed("toDecimal", &[ANY], |_, a| Ok(Value::int64(i64::from_str_radix(&strval_text(&a[0]), 8).unwrap_or(0)))),
    fixed("add1", &[ANY], |_, a| Ok(Value::int64(to_int(&a[0]).wrapping_add(1)))),
    variadic("add", &[ANY], |_, a| Ok(Value::int64(a.iter().map(to_int).fold(0, i64::wrapping_add)))),
    fixed("sub", &[ANY, ANY], |_, a| Ok(Value::int64(to_int(&a[0]).wrapping_sub(to_int(&a[1]))))),
    fixed("div", &[ANY, ANY], |_, a| match to_int(&a[1]) {
        0 => Err(DIVISION_BY_ZERO.into()),
        divisor => Ok(Value::int64(to_int(&a[0]).wrapping_div(divisor))),
    }),
    fixed("mod", &[ANY, ANY], |_, a| match to_int(&a[1]) {
        0 => Err(DIVISION_BY_ZERO.into()),
        divisor => Ok(Value::int64(to_int(&a[0]).wrapping_rem(divisor))),
    }),
    variadic("mul", &[ANY, ANY], |_, a| Ok(Value::int64(a.iter().map(to_int).fold(1, i64::wrapping_mul)))),
    variadic("max", &[ANY, ANY], |_, a| Ok(Value::int64(a.iter().map(to_int).fold(i64::MIN, i64::max)))),
    variadic("biggest", &[ANY, ANY], |_, a| Ok(Value::int64(a.iter().map(to_int).fold(i64::MIN, i64::max)))),
    variadic("min", &[ANY, ANY], |_, a| Ok(Value::int64(a.iter().map(to_int).fold(i64::MAX, i64::min)))),
    variadic("maxf", &[ANY, ANY], |_, a| Ok(Value::Float(a.iter().map(to_float).fold(f64::NEG_INFINITY, f64::max)))),
    variadic("minf", &[ANY, ANY], |_, a| Ok(Value::Float(a.iter().map(to_float).fold(f64::INFINITY, f64::min)))),
    fixed("ceil", &[ANY], |_, a| Ok(Value::Float(to_float(&a[0]).ceil()))),
    fixed("floor", &[ANY], |_, a| Ok(Value::Float(to_float(&a[0]).floor()))),
    variadic("round", &[ANY, INT, Type::Float], |_, a| {
        let on = a.get(2).map_or(0.5, to_float);
        Ok(Value::Float(round(to_float(&a[0]), int(&a[1]), on)))
    }),
    fixed("until", &[INT], |engine, a| {
        let count = int(&a[0]);
        integers(engine, 0, count, if count < 0 { -1 } else { 1 }).map(list)
    }),
    fixed("untilStep", &[INT, INT, INT], |engine, a| integers(engine, int(&a[0]), int(&a[1]), int(&a[2])).map(list)),
    variadic("seq", &[INT], seq),
];

fn list(numbers: Vec<i64>) -> Value {
    Value::List(List::new("[]int", numbers.into_iter().map(Value::int).collect()))
}

fn round(value: f64, places: i64, on: f64) -> f64 {
    let power = 10f64.powi(i32::try_from(places).unwrap_or(i32::MAX));
    let digits = power * value;
    let rounded = if digits.fract() >= on { digits.ceil() } else { digits.floor() };
    rounded / power
}

/// The numbers from `start` up or down to before `stop`.
fn integers(engine: &Engine<'_>, start: i64, stop: i64, step: i64) -> Result<Vec<i64>, String> {
    if (stop < start && step >= 0) || (stop >= start && step <= 0) {
        return Ok(Vec::new());
    }
    let count = stop.abs_diff(start).div_ceil(step.unsigned_abs()) as usize;
    if count > MAX_LENGTH / 32 {
        return Err(format!("a list of {count} numbers is too long"));
    }
    engine.limits.produce(count * 8)?;
    // Each number lies between start and stop, so what wraps on the way there wraps back.
    Ok((0..count as i64).map(|index| start.wrapping_add(index.wrapping_mul(step))).collect())
}

fn seq(engine: &Engine<'_>, arguments: &[Value]) -> Result<Value, String> {
    let numbers: Vec<i64> = arguments.iter().map(int).collect();
    let sign = |start: i64, end: i64| if end < start { -1 } else { 1 };
    let numbers = match *numbers.as_slice() {
        [end] => integers(engine, 1, end.saturating_add(sign(1, end)), sign(1, end))?,
        [start, end] => integers(engine, start, end.saturating_add(sign(start, end)), sign(start, end))?,
        [start, step, end] if end < start && step > 0 => Vec::new(),
        [start, step, end] => integers(engine, start, end.saturating_add(sign(start, end)), step)?,
        _ => Vec::new(),
    };
    let texts: Vec<String> = numbers.iter().map(i64::to_string).collect();
    Ok(Value::text(texts.join(" ")))
}
