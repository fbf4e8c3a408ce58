//! The filter of a search, by the syntax of RFC 4515.
//!
//! It is checked when somebody enters it, with the place of the fault: a directory only says that
//! something is wrong, and some of them answer nothing to what they do not understand. The check is of
//! the syntax alone; which attributes there are, the directory knows.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::dn::{is_name, is_number};
use crate::form::text;

/// Longest filter, in bytes.
pub const LIMIT: usize = 4_096;
/// Deepest nesting: directories and their clients walk it recursively.
const DEPTH_LIMIT: usize = 32;
/// User accounts: neither computers nor groups nor contacts.
const USERS: &str = "(sAMAccountType=805306368)";

/// The text is no filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// Nothing there, or too long.
    #[error("must be a filter of 1 to {LIMIT} bytes, for example {USERS}")]
    Length,
    /// A fault at this character, counted from 1.
    #[error("is no filter (RFC 4515): at character {0} {1}")]
    Syntax(usize, &'static str),
}

/// A filter that is well formed. A single condition may be entered without parentheses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter(String);

impl Filter {
    /// The filter, in parentheses.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads the value of a field.
    ///
    /// # Errors
    /// Names the place of the fault.
    pub fn read(value: Value) -> Result<Self, String> {
        text(value)?.parse().map_err(|error: FilterError| error.to_string())
    }
}

impl Default for Filter {
    /// User accounts.
    fn default() -> Self {
        Self(USERS.to_owned())
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        let text = text.trim();
        if text.is_empty() || text.len() > LIMIT {
            return Err(FilterError::Length);
        }
        let mut parser = Parser { text, at: 0 };
        if !text.starts_with('(') {
            parser.condition()?;
            parser.end()?;
            return Ok(Self(format!("({text})")));
        }
        parser.filter(0)?;
        parser.end()?;
        Ok(Self(text.to_owned()))
    }
}

impl Serialize for Filter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Filter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

struct Parser<'a> {
    text: &'a str,
    /// In bytes.
    at: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn fault<T>(&self, what: &'static str) -> Result<T, FilterError> {
        let before = self.text.get(..self.at).unwrap_or("").chars().count();
        Err(FilterError::Syntax(before + 1, what))
    }

    fn take(&mut self, wanted: &str) -> bool {
        let there = self.rest().starts_with(wanted);
        self.at += if there { wanted.len() } else { 0 };
        there
    }

    fn end(&self) -> Result<(), FilterError> {
        if self.rest().is_empty() { Ok(()) } else { self.fault("something follows the end of the filter") }
    }

    /// One filter in parentheses.
    fn filter(&mut self, depth: usize) -> Result<(), FilterError> {
        if depth >= DEPTH_LIMIT {
            return self.fault("it is nested too deep");
        }
        if !self.take("(") {
            return self.fault("an opening parenthesis must stand");
        }
        if self.take("&") || self.take("|") {
            self.filter(depth + 1)?;
            while self.rest().starts_with('(') {
                self.filter(depth + 1)?;
            }
        } else if self.take("!") {
            self.filter(depth + 1)?;
        } else {
            self.condition()?;
        }
        if self.take(")") { Ok(()) } else { self.fault("a closing parenthesis must stand") }
    }

    /// An attribute, an operator and a value.
    fn condition(&mut self) -> Result<(), FilterError> {
        let before = self.at;
        let operators = |c: char| matches!(c, '=' | '<' | '>' | '~' | ':' | '(' | ')');
        let attribute = self.rest().get(..self.rest().find(operators).unwrap_or(0)).unwrap_or("");
        self.at += attribute.len();
        // Only a matching rule may stand without an attribute.
        let alone = attribute.is_empty() && self.rest().starts_with(':');
        if !alone && !is_description(attribute) {
            self.at = before;
            return self.fault("the name of an attribute must stand");
        }
        if self.rest().starts_with(':') {
            self.rule(alone)?;
            return self.value(false);
        }
        if self.take(">=") || self.take("<=") || self.take("~=") {
            return self.value(false);
        }
        if self.take("=") { self.value(true) } else { self.fault("one of = >= <= ~= := must stand") }
    }

    /// What stands between an attribute and the value of an extended match: `:dn:2.5.13.5:=`.
    fn rule(&mut self, alone: bool) -> Result<(), FilterError> {
        if !self.rest().starts_with(":=") {
            let ignored = self.rest().get(..4).is_some_and(|start| start.eq_ignore_ascii_case(":dn:"));
            self.at += if ignored { 3 } else { 0 };
        }
        if self.take(":=") {
            return if alone { self.fault("a matching rule must stand before") } else { Ok(()) };
        }
        self.at += 1;
        let rule = self.rest().get(..self.rest().find(":=").unwrap_or(0)).unwrap_or("");
        if !is_name(rule) && !is_number(rule) {
            return self.fault("the name or number of a matching rule must stand, and := after it");
        }
        self.at += rule.len() + 2;
        Ok(())
    }

    /// Up to the parenthesis that ends the condition. A star counts as any text where it `may`.
    fn value(&mut self, may: bool) -> Result<(), FilterError> {
        let mut last_star = false;
        while let Some(next) = self.rest().chars().next() {
            let star = next == '*';
            match next {
                ')' => break,
                '(' => return self.fault("a parenthesis in a value must be written \\28 or \\29"),
                '\0' => return self.fault("a zero in a value must be written \\00"),
                '*' if !may => return self.fault("a star must be written \\2a here"),
                '*' if last_star => return self.fault("there are two stars in a row"),
                '\\' => {
                    let digits = self.rest().get(1..3).unwrap_or("");
                    if digits.len() != 2 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                        return self.fault("after a backslash two hex digits must stand");
                    }
                    self.at += 2;
                }
                _ => {}
            }
            last_star = star;
            self.at += next.len_utf8();
        }
        Ok(())
    }
}

/// A name or a number, and options after it.
fn is_description(text: &str) -> bool {
    let mut parts = text.split(';');
    let kind = parts.next().unwrap_or("");
    let option = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    (is_name(kind) || is_number(kind)) && parts.all(option)
}

#[cfg(test)]
mod tests;
