//! A controller of Active Directory in small: sign-ins, filters and nested groups.

use crate::{
    ber,
    hostile::Question,
    script::{entry, message, paged, result},
};

const IN_CHAIN: &[u8] = b"1.2.840.113556.1.4.1941";
const ALL_BITS: &[u8] = b"1.2.840.113556.1.4.803";

/// Values of one attribute that come with one answer (`MaxValRange`).
const MOST_VALUES: usize = 1500;

/// An object of the directory.
#[derive(Clone, Debug, Default)]
pub struct Object {
    /// Where it stands.
    pub dn: String,
    /// Its attributes. `userPrincipalName` and `sAMAccountName` are what it signs in with.
    pub attributes: Vec<(String, Vec<Vec<u8>>)>,
    /// Its password.
    pub password: String,
    /// What the directory says to a right password instead of success: a code as in `data 533`.
    pub refused: Option<&'static str>,
}

impl Object {
    /// An object with attributes that are text; a name that comes again adds a value.
    #[must_use]
    pub fn new(dn: &str, attributes: &[(&str, &str)]) -> Self {
        let mut object = Self { dn: dn.to_owned(), ..Self::default() };
        for (name, value) in attributes {
            object.add(name, value.as_bytes());
        }
        object
    }

    /// The same with a password.
    #[must_use]
    pub fn with_password(mut self, password: &str) -> Self {
        password.clone_into(&mut self.password);
        self
    }

    /// The same with one more value.
    #[must_use]
    pub fn with(mut self, name: &str, value: &[u8]) -> Self {
        self.add(name, value);
        self
    }

    fn add(&mut self, name: &str, value: &[u8]) {
        match self.attributes.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
            Some((_, values)) => values.push(value.to_vec()),
            None => self.attributes.push((name.to_owned(), vec![value.to_vec()])),
        }
    }

    fn values(&self, name: &[u8]) -> &[Vec<u8>] {
        let found = self.attributes.iter().find(|(known, _)| known.as_bytes().eq_ignore_ascii_case(name));
        found.map(|(_, values)| values.as_slice()).unwrap_or_default()
    }

    fn is_called(&self, name: &str) -> bool {
        let account = name.split_once('\\').map_or(name, |(_, account)| account);
        let has = |attribute: &[u8], text: &str| {
            self.values(attribute).iter().any(|value| value.eq_ignore_ascii_case(text.as_bytes()))
        };
        has(b"userPrincipalName", name)
            || has(b"sAMAccountName", account)
            || self.dn.eq_ignore_ascii_case(name)
    }
}

/// The result code of a sign-in and the text with it.
pub(crate) fn bind(objects: &[Object], name: &str, password: &str) -> (u32, String) {
    if password.is_empty() {
        // A sign-in of nobody in particular (RFC 4513, 5.1.2).
        return (0, String::new());
    }
    let refused = match objects.iter().find(|object| object.is_called(name)) {
        None => "52e",
        Some(object) if object.password.is_empty() || object.password != password => "52e",
        Some(object) => match object.refused {
            Some(code) => code,
            None => return (0, String::new()),
        },
    };
    let text = format!(
        "80090308: LdapErr: DSID-0C090449, comment: AcceptSecurityContext error, data {refused}, v4563\0"
    );
    (49, text)
}

/// The SIDs of who has signed in: its own and those of its groups, nested ones and the primary one.
fn token(objects: &[Object], question: &Question) -> Vec<Vec<u8>> {
    let Some(object) =
        question.bound.as_ref().and_then(|name| objects.iter().find(|one| one.is_called(name)))
    else {
        return Vec::new();
    };
    let mut sids = object.values(b"objectSid").to_vec();
    let groups = objects
        .iter()
        .filter(|group| leads_to(objects, object, b"memberOf", group.dn.as_bytes(), objects.len()));
    sids.extend(groups.flat_map(|group| group.values(b"objectSid").to_vec()));
    sids.extend(object.values(b"primaryGroupSid").to_vec());
    // Everyone.
    sids.push(b"\x01\x01\0\0\0\0\0\x01\0\0\0\0".to_vec());
    sids
}

/// The messages that answer a search.
pub(crate) fn search(objects: &[Object], question: &Question) -> Vec<Vec<u8>> {
    if question.base.is_empty() && question.scope == 0 {
        let attributes = [("tokenGroups".to_owned(), token(objects, question))];
        let done = message(question.id, &result(0x65, 0, ""), &[]);
        return vec![message(question.id, &entry("", &attributes), &[]), done];
    }
    let below = |dn: &str| {
        let base = question.base.to_ascii_lowercase();
        let dn = dn.to_ascii_lowercase();
        dn == base || (question.scope == 2 && dn.ends_with(&format!(",{base}")))
    };
    let found =
        objects.iter().filter(|object| below(&object.dn) && matches(objects, object, &question.filter));
    let mut messages: Vec<Vec<u8>> = found
        .map(|object| {
            let attributes: Vec<_> =
                object.attributes.iter().flat_map(|(name, values)| shown(question, name, values)).collect();
            message(question.id, &entry(&object.dn, &attributes), &[])
        })
        .collect();
    let missing = messages.is_empty() && question.scope == 0;
    let code = if missing && !objects.iter().any(|object| below(&object.dn)) { 32 } else { 0 };
    messages.push(message(question.id, &result(0x65, code, ""), &paged("")));
    messages
}

/// What an answer holds of an attribute: nothing when it was not asked for, and of very many values a part
/// ([MS-ADTS] 3.1.1.3.1.3.3).
fn shown(question: &Question, name: &str, values: &[Vec<u8>]) -> Vec<(String, Vec<Vec<u8>>)> {
    let is = |asked: &String| asked.split(';').next().unwrap_or_default().eq_ignore_ascii_case(name);
    let asked = question.attributes.iter().find(|asked| is(asked));
    if asked.is_none() && !question.attributes.is_empty() {
        return Vec::new();
    }
    let ranged = asked.is_some_and(|asked| asked.contains(';'));
    if values.len() <= MOST_VALUES && !ranged {
        return vec![(name.to_owned(), values.to_vec())];
    }
    let first = if ranged { question.range } else { 0 };
    let end = (first + MOST_VALUES).min(values.len());
    let last = if end == values.len() { "*".to_owned() } else { (end - 1).to_string() };
    let part = (format!("{name};range={first}-{last}"), values.get(first..end).unwrap_or_default().to_vec());
    if ranged { vec![part] } else { vec![(name.to_owned(), Vec::new()), part] }
}

/// Whether an object matches a filter (RFC 4511, 4.5.1.7).
fn matches(objects: &[Object], object: &Object, filter: &[u8]) -> bool {
    let mut rest = filter;
    let Some((tag, mut content)) = ber::take(&mut rest) else {
        return false;
    };
    let parts = |mut content: &[u8]| {
        let mut parts = Vec::new();
        while !content.is_empty() {
            let whole = content;
            if ber::take(&mut content).is_none() {
                break;
            }
            parts.push(whole.get(..whole.len() - content.len()).unwrap_or_default().to_vec());
        }
        parts
    };
    match tag {
        0xa0 => parts(content).iter().all(|part| matches(objects, object, part)),
        0xa1 => parts(content).iter().any(|part| matches(objects, object, part)),
        0xa2 => !matches(objects, object, content),
        0x87 => content.eq_ignore_ascii_case(b"objectClass") || !object.values(content).is_empty(),
        0xa3 => {
            let (Some(name), Some(value)) = (ber::content(&mut content), ber::content(&mut content)) else {
                return false;
            };
            object.values(name).iter().any(|held| held.eq_ignore_ascii_case(value))
        }
        0xa9 => extensible(objects, object, content),
        _ => false,
    }
}

fn extensible(objects: &[Object], object: &Object, mut content: &[u8]) -> bool {
    let (mut rule, mut name, mut value) = (&b""[..], &b""[..], &b""[..]);
    while let Some((tag, part)) = ber::take(&mut content) {
        match tag {
            0x81 => rule = part,
            0x82 => name = part,
            0x83 => value = part,
            _ => {}
        }
    }
    match rule {
        IN_CHAIN => leads_to(objects, object, name, value, objects.len()),
        ALL_BITS => {
            let number = |text: &[u8]| std::str::from_utf8(text).ok()?.parse::<u32>().ok();
            let Some(bits) = number(value) else {
                return false;
            };
            object.values(name).iter().any(|held| number(held).is_some_and(|held| held & bits == bits))
        }
        _ => false,
    }
}

/// Whether an attribute leads to a DN, over so many others at most.
fn leads_to(objects: &[Object], object: &Object, name: &[u8], dn: &[u8], steps: usize) -> bool {
    object.values(name).iter().any(|held| {
        held.eq_ignore_ascii_case(dn)
            || (steps > 0
                && objects
                    .iter()
                    .filter(|next| held.eq_ignore_ascii_case(next.dn.as_bytes()))
                    .any(|next| leads_to(objects, next, name, dn, steps - 1)))
    })
}
