//! An entry as it was received.

use std::{fmt, str};

use bridge_domain::ldap::{account, attributes::AttributeName};
use bytes::Bytes;

use crate::ber::{self, OCTETS, SEQUENCE, SET};

/// Which values of an attribute came, when there are too many for one answer ([MS-ADTS] 3.1.1.3.1.3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) first: u32,
    /// `None` when the last value of all came.
    pub(crate) last: Option<u32>,
}

/// An attribute and its values, in the order in which they came.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Held {
    /// Its name without options; that of the schema when it is a usual one.
    pub(crate) name: AttributeName,
    pub(crate) range: Option<Range>,
    pub(crate) values: Vec<Bytes>,
}

/// An entry. What it holds about a person is not printed.
///
/// Names of attributes are compared without regard to case: a server writes them as its schema does,
/// not as they were asked for. The usual ones are shown as the schema of Active Directory writes them.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    dn: Vec<u8>,
    attributes: Vec<Held>,
}

impl Entry {
    /// Its distinguished name; `None` when that is no UTF-8, which no directory should send.
    #[must_use]
    pub fn dn(&self) -> Option<&str> {
        str::from_utf8(&self.dn).ok()
    }

    /// The first value of an attribute as text; `None` when there is none, or it is no UTF-8.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        str::from_utf8(self.bytes(name)?).ok()
    }

    /// The values of an attribute that are text, in the server's order.
    pub fn texts(&self, name: &str) -> impl Iterator<Item = &str> {
        self.all_bytes(name).filter_map(|value| str::from_utf8(value).ok())
    }

    /// The first value of an attribute, whatever it is.
    #[must_use]
    pub fn bytes(&self, name: &str) -> Option<&[u8]> {
        self.all_bytes(name).next()
    }

    /// The values of an attribute, whatever they are, in the server's order.
    pub fn all_bytes(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        let found =
            self.attributes.iter().find(|attribute| attribute.name.as_str().eq_ignore_ascii_case(name));
        found.into_iter().flat_map(|attribute| attribute.values.iter().map(AsRef::as_ref))
    }

    /// The names of the attributes that came, without options.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.attributes.iter().map(|attribute| attribute.name.as_str())
    }

    /// The same for an import; `None` when the distinguished name is no UTF-8.
    #[must_use]
    pub fn for_import(self) -> Option<account::Entry> {
        let dn = String::from_utf8(self.dn).ok()?;
        let attributes = self.attributes.into_iter().map(|attribute| (attribute.name, attribute.values));
        Some(account::Entry { dn, attributes: attributes.collect() })
    }

    /// Reads a `SearchResultEntry` (RFC 4511, 4.5.2); `None` when it has another shape.
    pub(crate) fn read(content: &[u8]) -> Option<Self> {
        // One piece of memory for all values: they are many and small.
        let whole = Bytes::copy_from_slice(content);
        let mut content = &*whole;
        let dn = ber::take_tag(&mut content, OCTETS)?.to_vec();
        let mut attributes = ber::take_tag(&mut content, SEQUENCE).filter(|_| content.is_empty())?;
        let mut entry = Self { dn, attributes: Vec::new() };
        while !attributes.is_empty() {
            let mut attribute = ber::take_tag(&mut attributes, SEQUENCE)?;
            let description = str::from_utf8(ber::take_tag(&mut attribute, OCTETS)?).ok()?;
            let mut set = ber::take_tag(&mut attribute, SET).filter(|_| attribute.is_empty())?;
            // Most have one.
            let mut values = Vec::with_capacity(1);
            while !set.is_empty() {
                values.push(whole.slice_ref(ber::take_tag(&mut set, OCTETS)?));
            }
            entry.add(description, values);
        }
        Some(entry)
    }

    fn add(&mut self, description: &str, values: Vec<Bytes>) {
        let (name, range) = described(description);
        let known = self.attributes.iter_mut().find(|known| known.name.as_str().eq_ignore_ascii_case(name));
        match known {
            // Beside a range comes the attribute itself without values.
            Some(known) if known.values.is_empty() => {
                known.values = values;
                known.range = range;
            }
            // The same attribute with another option, a language for example.
            Some(known) => known.values.extend(values),
            None => self.attributes.push(Held { name: AttributeName::of(name), range, values }),
        }
    }

    pub(crate) fn raw_dn(&self) -> &[u8] {
        &self.dn
    }

    /// Takes an attribute out of the entry.
    pub(crate) fn take(self, name: &str) -> Option<Held> {
        self.attributes.into_iter().find(|attribute| attribute.name.as_str().eq_ignore_ascii_case(name))
    }

    pub(crate) fn attributes(&self) -> &[Held] {
        &self.attributes
    }

    /// Adds the further values of an attribute that came in part.
    pub(crate) fn extend(&mut self, at: usize, more: Held) {
        if let Some(known) = self.attributes.get_mut(at) {
            known.values.extend(more.values);
            known.range = more.range;
        }
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry").field("attributes", &self.attributes.len()).finish_non_exhaustive()
    }
}

/// Parts the name of an attribute from its options, of which only the range means something here.
fn described(description: &str) -> (&str, Option<Range>) {
    let mut parts = description.split(';');
    let name = parts.next().unwrap_or_default();
    (name, parts.find_map(range))
}

fn range(option: &str) -> Option<Range> {
    let (word, bounds) = option.split_once('=')?;
    let (first, last) = bounds.split_once('-').filter(|_| word.eq_ignore_ascii_case("range"))?;
    let first = first.parse().ok()?;
    match last {
        "*" => Some(Range { first, last: None }),
        last => Some(Range { first, last: Some(last.parse().ok().filter(|last| *last >= first)?) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(attributes: &[(&str, &[&[u8]])]) -> Entry {
        let mut entry = Entry { dn: b"CN=x".to_vec(), attributes: Vec::new() };
        for (name, values) in attributes {
            entry.add(name, values.iter().map(|value| Bytes::copy_from_slice(value)).collect());
        }
        entry
    }

    #[test]
    fn one_accessor_finds_text_and_bytes_whatever_the_case() {
        let entry = entry(&[("objectGUID", &[b"\xff\xfe"]), ("CN", &[b"a", b"\xff", b"b"])]);
        assert_eq!(entry.bytes("OBJECTguid"), Some(&b"\xff\xfe"[..]));
        assert_eq!(entry.text("objectGUID"), None);
        assert_eq!(entry.text("cn"), Some("a"));
        assert_eq!(entry.texts("cn").collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(entry.all_bytes("cn").count(), 3, "one value that is no text moves no other");
        assert_eq!(entry.text("sn"), None);
        assert_eq!(entry.names().collect::<Vec<_>>(), ["objectGUID", "cn"], "as the schema writes them");
    }

    #[test]
    fn options_are_no_part_of_the_name() {
        let entry = entry(&[("member", &[]), ("member;range=0-1", &[b"a", b"b"]), ("sn;lang-ru", &[b"x"])]);
        assert_eq!(entry.texts("member").collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(entry.attributes[0].range, Some(Range { first: 0, last: Some(1) }));
        assert_eq!(entry.text("sn"), Some("x"));
    }

    #[test]
    fn ranges_are_understood_or_none() {
        assert_eq!(described("member;Range=1500-*"), ("member", Some(Range { first: 1500, last: None })));
        for odd in ["member", "member;range=2-1", "member;range=-1", "member;range=a-*", "member;x=0-1", ";"]
        {
            assert_eq!(described(odd).1, None, "{odd}");
        }
    }

    #[test]
    fn nothing_of_a_person_is_printed() {
        let printed = format!("{:?}", entry(&[("canary", &[b"canary"])]));
        assert!(!printed.contains("canary"), "{printed}");
    }
}
