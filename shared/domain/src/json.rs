//! Guards for JSON from outside.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Deepest nesting of objects and arrays that is accepted anywhere.
///
/// Readers of our answers (IRP connectors, Python, Go) give up between 100 and 1,000 levels, so a
/// deeper document would be stored and then break them.
pub const MAX_DEPTH: usize = 64;

/// Whether no part of `text` is nested deeper than `limit`.
///
/// Looks only at brackets outside of strings, so it may be asked before the text is parsed; on
/// text that is not JSON the answer is of no use, and the parser refuses it anyway.
#[must_use]
pub fn nests_within(text: &str, limit: usize) -> bool {
    let mut depth = 0_usize;
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => skip_string(&mut bytes),
            b'{' | b'[' => {
                depth += 1;
                if depth > limit {
                    return false;
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    true
}

/// Goes past the rest of a string. Most of an alert is strings, so this loop has nothing else in it.
fn skip_string(bytes: &mut std::str::Bytes<'_>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return,
            b'\\' => {
                bytes.next();
            }
            _ => {}
        }
    }
}

/// What the keys begin with by which `serde_json` marks values of its own.
const RESERVED: &str = "$serde_json::";

/// Reads a value as it lies in the text.
///
/// `serde_json` itself takes an object with one certain key for a text that holds JSON, and reads
/// what is in that text: a document that no guard has looked at, nested as deep as its sender likes.
/// What was stored so could never be read again. So a key of that kind is refused.
#[derive(Clone, Copy)]
pub(crate) struct Plain;

/// Refuses a key that means something to `serde_json`.
pub(crate) fn check_key<E: Error>(key: &str) -> Result<(), E> {
    if key.starts_with(RESERVED) { Err(E::custom("a reserved key")) } else { Ok(()) }
}

impl<'de> DeserializeSeed<'de> for Plain {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Plain {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = seq.next_element_seed(self)? {
            list.push(value);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            check_key(&key)?;
            let value = map.next_value_seed(self)?;
            fields.insert(key, value);
        }
        Ok(Value::Object(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_count_only_outside_of_strings() {
        assert!(nests_within(r#"{"a":["]]]]","\"[[[["]}"#, 2));
        assert!(!nests_within("[[[]]]", 2));
        assert!(nests_within("[[],[],[]]", 2));
    }

    #[test]
    fn a_hundred_thousand_levels_are_refused_without_recursion() {
        assert!(!nests_within(&"[".repeat(100_000), MAX_DEPTH));
    }

    #[test]
    fn a_text_that_serde_json_would_take_for_json_is_refused() {
        let read = |text: &str| Plain.deserialize(&mut serde_json::Deserializer::from_str(text));
        let smuggled = r#"{"a":[{"$serde_json::private::RawValue":"[[[]]]"}]}"#;
        assert_eq!(serde_json::from_str::<Value>(smuggled).unwrap().to_string(), r#"{"a":[[[[]]]]}"#);
        assert!(read(smuggled).is_err());
        assert!(read(r#"{"\u0024serde_json::private::RawValue":"1"}"#).is_err());
        let text = r#"{"a":[1,-1,1.5,true,null,"x\n",{}],"b":{"$":""}}"#;
        assert_eq!(read(text).unwrap(), serde_json::from_str::<Value>(text).unwrap());
    }
}
