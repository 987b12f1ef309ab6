//! Reads a user's options, and says by name what is wrong with them.
//!
//! Hand-written because the error must name the option, what it got and what it wants; a derived deserializer names
//! only some of them. Each option is taken once; what is left over is unknown and refused.

use napi::bindgen_prelude::*;

use crate::error::Fault;

type Result<T> = std::result::Result<T, Fault>;

/// The options of one object, each to be taken once.
pub(crate) struct Options<'a> {
    object: Object<'a>,
    left: Vec<String>,
}

impl<'a> Options<'a> {
    pub(crate) fn new(object: Object<'a>) -> Result<Self> {
        let left =
            Object::keys(&object).map_err(|_| Fault::invalid("options", "something else", "an object"))?;
        Ok(Self { object, left })
    }

    fn take(&mut self, name: &str) -> Option<Unknown<'a>> {
        let at = self.left.iter().position(|key| key == name)?;
        self.left.swap_remove(at);
        let value = self.object.get::<Unknown<'a>>(name).ok().flatten()?;
        (!matches!(value.get_type(), Ok(ValueType::Undefined))).then_some(value)
    }

    /// A whole number within bounds.
    pub(crate) fn whole(&mut self, name: &str, min: u32, max: u32) -> Result<Option<u32>> {
        let want = || format!("a whole number from {min} to {max}");
        let Some(value) = self.take(name) else { return Ok(None) };
        let number = number(&value).ok_or_else(|| Fault::invalid(name, &shown(&value), &want()))?;
        if number.fract() != 0.0 || number < f64::from(min) || number > f64::from(max) {
            return Err(Fault::invalid(name, &shown(&value), &want()));
        }
        Ok(Some(number as u32))
    }

    /// Milliseconds, fractions allowed. `Infinity` is allowed where `endless` says so and reads as 0, "none".
    pub(crate) fn millis(&mut self, name: &str, min: f64, endless: bool) -> Result<Option<f64>> {
        // One hundred years: more is a mistake of units.
        const MOST: f64 = 3.2e12;
        let Some(value) = self.take(name) else { return Ok(None) };
        match number(&value) {
            Some(number) if number >= min && number <= MOST => Ok(Some(number)),
            Some(number) if endless && number == f64::INFINITY => Ok(Some(0.0)),
            _ => {
                let or = if endless { ", or Infinity" } else { "" };
                Err(Fault::invalid(name, &shown(&value), &format!("milliseconds, at least {min}{or}")))
            }
        }
    }

    /// A number within bounds.
    pub(crate) fn between(&mut self, name: &str, min: f64, max: f64) -> Result<Option<f64>> {
        let Some(value) = self.take(name) else { return Ok(None) };
        match number(&value) {
            Some(number) if number >= min && number <= max => Ok(Some(number)),
            _ => Err(Fault::invalid(name, &shown(&value), &format!("a number from {min} to {max}"))),
        }
    }

    /// A share above 0 and up to 1.
    pub(crate) fn share(&mut self, name: &str) -> Result<Option<f64>> {
        let Some(value) = self.take(name) else { return Ok(None) };
        match number(&value) {
            Some(number) if number > 0.0 && number <= 1.0 => Ok(Some(number)),
            _ => Err(Fault::invalid(name, &shown(&value), "a number above 0 and at most 1")),
        }
    }

    /// A number from 1.
    pub(crate) fn factor(&mut self, name: &str) -> Result<Option<f64>> {
        let Some(value) = self.take(name) else { return Ok(None) };
        match number(&value) {
            Some(number) if number >= 1.0 && number.is_finite() => Ok(Some(number)),
            _ => Err(Fault::invalid(name, &shown(&value), "a number of at least 1")),
        }
    }

    /// A boolean.
    pub(crate) fn flag(&mut self, name: &str) -> Result<Option<bool>> {
        let Some(value) = self.take(name) else { return Ok(None) };
        match value.get_type() {
            Ok(ValueType::Boolean) => Ok(bool::from_unknown(value).ok()),
            _ => Err(Fault::invalid(name, &shown(&value), "a boolean")),
        }
    }

    /// One of a few words.
    pub(crate) fn word<T: Copy>(&mut self, name: &str, words: &[(&str, T)]) -> Result<Option<T>> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let got = text(&value);
        let found = got.as_deref().and_then(|got| words.iter().find(|(word, _)| *word == got));
        match found {
            Some((_, meaning)) => Ok(Some(*meaning)),
            None => {
                let all: Vec<String> = words.iter().map(|(word, _)| format!("'{word}'")).collect();
                Err(Fault::invalid(name, &shown(&value), &format!("one of {}", all.join(", "))))
            }
        }
    }

    /// A string of at least one character.
    pub(crate) fn string(&mut self, name: &str) -> Result<Option<String>> {
        let Some(value) = self.take(name) else { return Ok(None) };
        match text(&value) {
            Some(string) if !string.is_empty() => Ok(Some(string)),
            _ => Err(Fault::invalid(name, &shown(&value), "a string that is not empty")),
        }
    }

    /// Refuses what is left over.
    pub(crate) fn finish(self, known: &str) -> Result<()> {
        match self.left.first() {
            None => Ok(()),
            Some(name) => Err(Fault::invalid(name, "an unknown option", &format!("one of {known}"))),
        }
    }
}

fn number(value: &Unknown<'_>) -> Option<f64> {
    matches!(value.get_type(), Ok(ValueType::Number)).then(|| f64::from_unknown(*value).ok()).flatten()
}

fn text(value: &Unknown<'_>) -> Option<String> {
    matches!(value.get_type(), Ok(ValueType::String)).then(|| String::from_unknown(*value).ok()).flatten()
}

/// How a value stands in an error: short, and never by running the user's code.
fn shown(value: &Unknown<'_>) -> String {
    if let Some(number) = number(value) {
        return number.to_string().replace("inf", "Infinity");
    }
    if let Some(text) = text(value) {
        let short: String = text.chars().take(40).collect();
        return if short.len() < text.len() { format!("'{short}…'") } else { format!("'{text}'") };
    }
    match value.get_type() {
        Ok(ValueType::Boolean) => {
            bool::from_unknown(*value).map_or_else(|_| "a boolean".into(), |flag| flag.to_string())
        }
        Ok(ValueType::Null) => "null".into(),
        Ok(ValueType::Object) => "an object".into(),
        Ok(ValueType::Function) => "a function".into(),
        Ok(ValueType::Symbol) => "a symbol".into(),
        Ok(ValueType::BigInt) => "a bigint".into(),
        _ => "something else".into(),
    }
}
