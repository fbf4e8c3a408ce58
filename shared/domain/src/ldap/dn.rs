//! Distinguished names, by the syntax of RFC 4514.
//!
//! Two writings of one name have one normal form: types by their usual name and in lower case, values
//! without escapes that need not be, in lower case, with single blanks, the parts of a multi-valued RDN
//! in order. It is for comparing; what somebody wrote is kept beside it. Blanks around `,`, `+` and `=`
//! are borne, as by every directory.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::folded;
use crate::form::text;

/// Longest name, in bytes. A directory takes 255 characters for one part; whole names are far shorter.
pub const LIMIT: usize = 2_048;
/// Most parts of a name.
const PARTS_LIMIT: usize = 128;

/// Types that RFC 4514 names, by their number.
const NUMBERS: [(&str, &str); 9] = [
    ("2.5.4.3", "cn"),
    ("2.5.4.7", "l"),
    ("2.5.4.8", "st"),
    ("2.5.4.10", "o"),
    ("2.5.4.11", "ou"),
    ("2.5.4.6", "c"),
    ("2.5.4.9", "street"),
    ("0.9.2342.19200300.100.1.25", "dc"),
    ("0.9.2342.19200300.100.1.1", "uid"),
];

/// The text is no distinguished name. It is never quoted: it may be that of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DnError {
    /// Nothing there, or too long.
    #[error("must be a distinguished name of 1 to {LIMIT} bytes, for example OU=Users,DC=example,DC=com")]
    Length,
    /// A fault at this character, counted from 1.
    #[error("is no distinguished name (RFC 4514): at character {0} {1}")]
    Syntax(usize, &'static str),
}

/// A distinguished name of one part or more. Equal when the directory would call them equal.
#[derive(Clone)]
pub struct Dn {
    text: String,
    normal: String,
    domain: Option<String>,
}

impl Dn {
    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The form that all writings of this name have in common.
    #[must_use]
    pub fn normal(&self) -> &str {
        &self.normal
    }

    /// The name of the domain that its `DC` parts make, from the first to the last: `example.com`.
    #[must_use]
    pub fn domain(&self) -> Option<&str> {
        self.domain.as_deref()
    }

    /// Whether this is `base` or lies below it.
    #[must_use]
    pub fn is_in(&self, base: &Self) -> bool {
        let Some(above) = self.normal.strip_suffix(base.normal.as_str()) else { return false };
        match above.strip_suffix(',') {
            None => above.is_empty(),
            // A comma behind an odd number of backslashes is one of a value.
            Some(above) => (above.len() - above.trim_end_matches('\\').len()).is_multiple_of(2),
        }
    }

    /// Reads the value of a field.
    ///
    /// # Errors
    /// Names the place of the fault.
    pub fn read(value: Value) -> Result<Self, String> {
        text(value)?.parse().map_err(|error: DnError| error.to_string())
    }
}

impl PartialEq for Dn {
    fn eq(&self, other: &Self) -> bool {
        self.normal == other.normal
    }
}

impl Eq for Dn {}

impl fmt::Debug for Dn {
    /// Not the name: it may be that of a person.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dn(..)")
    }
}

impl Serialize for Dn {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Dn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl FromStr for Dn {
    type Err = DnError;

    fn from_str(text: &str) -> Result<Self, DnError> {
        let text = text.trim();
        if text.is_empty() || text.len() > LIMIT {
            return Err(DnError::Length);
        }
        let mut parser = Parser { text, at: 0 };
        let (mut parts, mut domain) = (Vec::new(), Vec::new());
        loop {
            let mut values = Vec::new();
            loop {
                let (kind, value) = parser.pair()?;
                values.push(format!("{kind}={}", value.normal()));
                if let ("dc", Part::Text(value)) = (kind.as_str(), value) {
                    domain.push(value);
                }
                if !parser.take('+') {
                    break;
                }
            }
            values.sort();
            parts.push(values.join("+"));
            if parts.len() > PARTS_LIMIT {
                return Err(parser.fault("there are too many parts"));
            }
            if parser.rest().is_empty() {
                break;
            }
            if !parser.take(',') {
                return Err(parser.fault("a comma is missing"));
            }
        }
        let domain = (!domain.is_empty()).then(|| domain.join("."));
        Ok(Self { text: text.to_owned(), normal: parts.join(","), domain })
    }
}

/// The value of a part.
enum Part {
    /// In lower case, with single blanks, without escapes.
    Text(String),
    /// Its encoding in hex: it is equal only to itself.
    Hex(String),
}

impl Part {
    /// The value as it stands in a normal form: nothing in it can be taken for anything else.
    fn normal(&self) -> String {
        let value = match self {
            Self::Hex(hex) => return format!("#{hex}"),
            Self::Text(value) if value == " " => return "\\ ".to_owned(),
            Self::Text(value) => value,
        };
        let mut text = String::with_capacity(value.len());
        for (at, c) in value.char_indices() {
            match c {
                '\0' => text.push_str("\\00"),
                ',' | '+' | '=' | '\\' | '"' | ';' | '<' | '>' => text.extend(['\\', c]),
                '#' if at == 0 => text.push_str("\\#"),
                _ => text.push(c),
            }
        }
        text
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

    fn fault(&self, what: &'static str) -> DnError {
        DnError::Syntax(self.text.get(..self.at).unwrap_or("").chars().count() + 1, what)
    }

    fn blanks(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start_matches(' ').len();
    }

    fn next(&mut self) -> Option<char> {
        let next = self.rest().chars().next()?;
        self.at += next.len_utf8();
        Some(next)
    }

    fn take(&mut self, wanted: char) -> bool {
        let there = self.rest().starts_with(wanted);
        self.at += if there { wanted.len_utf8() } else { 0 };
        there
    }

    /// A type in normal form, and a value.
    fn pair(&mut self) -> Result<(String, Part), DnError> {
        self.blanks();
        let (before, kind) = (self.at, self.kind());
        let Some(kind) = kind else {
            self.at = before;
            return Err(self.fault("the name of an attribute must stand, such as CN, OU or DC"));
        };
        self.blanks();
        if !self.take('=') {
            return Err(self.fault("an equals sign is missing"));
        }
        self.blanks();
        let value = if self.take('#') { Part::Hex(self.hex()?) } else { Part::Text(self.value()?) };
        Ok((kind, value))
    }

    fn kind(&mut self) -> Option<String> {
        let end = self.rest().find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '.')));
        let kind = self.rest().get(..end.unwrap_or(self.rest().len()))?.to_ascii_lowercase();
        self.at += kind.len();
        let kind = kind.strip_prefix("oid.").unwrap_or(&kind);
        if is_number(kind) {
            let known = NUMBERS.iter().find(|(number, _)| *number == kind);
            return Some(known.map_or(kind, |(_, name)| name).to_owned());
        }
        is_name(kind).then(|| kind.to_owned())
    }

    fn hex(&mut self) -> Result<String, DnError> {
        let end = self.rest().find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(self.rest().len());
        let hex = self.rest().get(..end).unwrap_or("").to_ascii_lowercase();
        if hex.is_empty() || hex.len() % 2 == 1 {
            return Err(self.fault("pairs of hex digits must stand"));
        }
        self.at += hex.len();
        self.blanks();
        Ok(hex)
    }

    fn value(&mut self) -> Result<String, DnError> {
        let mut bytes = Vec::new();
        // Where the last thing ended that is no blank: blanks at the end count only when escaped.
        let mut end = 0;
        loop {
            let before = self.at;
            match self.next() {
                None => break,
                Some(',' | '+') => {
                    self.at = before;
                    break;
                }
                Some('\\') => {
                    bytes.push(self.escape()?);
                    end = bytes.len();
                }
                Some('"' | ';' | '<' | '>' | '\0') => {
                    self.at = before;
                    return Err(self.fault("a character must be escaped with a backslash"));
                }
                Some(c) => {
                    bytes.extend(c.encode_utf8(&mut [0; 4]).as_bytes());
                    end = if c == ' ' { end } else { bytes.len() };
                }
            }
        }
        bytes.truncate(end);
        if bytes.is_empty() {
            return Err(self.fault("a value is missing"));
        }
        let value =
            String::from_utf8(bytes).map_err(|_| self.fault("the escaped bytes before are no text"))?;
        let words: Vec<&str> = value.split(' ').filter(|word| !word.is_empty()).collect();
        // A value of nothing but blanks is one blank.
        Ok(if words.is_empty() { " ".to_owned() } else { folded(&words.join(" ")) })
    }

    fn escape(&mut self) -> Result<u8, DnError> {
        let mut bytes = self.rest().bytes();
        let (first, second) = (bytes.next(), bytes.next());
        if let Some(special) = first.filter(|byte| b" \"#+,;<=>\\".contains(byte)) {
            self.at += 1;
            return Ok(special);
        }
        let digit = |byte: Option<u8>| u8::try_from(char::from(byte?).to_digit(16)?).ok();
        match (digit(first), digit(second)) {
            (Some(high), Some(low)) => {
                self.at += 2;
                Ok(high * 16 + low)
            }
            _ => Err(self.fault("after a backslash two hex digits or a special character must stand")),
        }
    }
}

/// Numbers separated by dots.
pub(super) fn is_number(text: &str) -> bool {
    text.contains('.')
        && text.split('.').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
}

/// A letter, then letters, digits and hyphens.
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests;
