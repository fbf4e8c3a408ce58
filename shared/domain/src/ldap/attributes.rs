//! The attributes that a connection asks for.
//!
//! KUMA documents the list under "Imported Active Directory attributes", in mixed case; a directory
//! compares names without case and answers in that of its schema, which is what stands here.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::dn::is_name;
use crate::form::text;

/// The attribute that an account is known by: asked for always.
pub const OBJECT_GUID: &str = "objectGUID";
/// Most attributes of one connection.
pub const LIMIT: usize = 100;
/// Longest name, in characters.
const NAME_LIMIT: usize = 64;

/// What is asked for when nobody said otherwise, in the case of the schema.
pub const DEFAULT: [&str; 37] = [
    "accountExpires",
    "badPasswordTime",
    "cn",
    "co",
    "company",
    "department",
    "description",
    "displayName",
    "distinguishedName",
    "division",
    "employeeID",
    "givenName",
    "l",
    "lastLogon",
    "lastLogonTimestamp",
    "mail",
    "mailNickname",
    "managedObjects",
    "manager",
    "memberOf",
    "mobile",
    "name",
    "objectCategory",
    OBJECT_GUID,
    "objectSid",
    "physicalDeliveryOfficeName",
    "pwdLastSet",
    "sAMAccountName",
    "sAMAccountType",
    "sn",
    "streetAddress",
    "telephoneNumber",
    "title",
    "userAccountControl",
    "userPrincipalName",
    "whenChanged",
    "whenCreated",
];

/// The attributes of one connection: different ones, `objectGUID` among them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Attributes(Vec<String>);

impl Default for Attributes {
    fn default() -> Self {
        Self(DEFAULT.map(str::to_owned).to_vec())
    }
}

impl Attributes {
    /// Their names, in the order of the setting.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether one is among them, whatever the case.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|known| known.eq_ignore_ascii_case(name))
    }

    /// Takes names as somebody entered them. A missing `objectGUID` is added.
    ///
    /// # Errors
    /// Names the entry, from 0, and says what is wrong with it.
    pub fn new(names: &[String]) -> Result<Self, String> {
        Self::at_most(LIMIT, names)
    }

    fn at_most(limit: usize, names: &[String]) -> Result<Self, String> {
        if !(1..=limit).contains(&names.len()) {
            return Err(format!("must be 1 to {LIMIT} entries"));
        }
        let mut attributes = Self(Vec::with_capacity(names.len() + 1));
        for (index, name) in names.iter().enumerate() {
            if name.contains(';') {
                return Err(format!("entry {index} must be without the options after ';'"));
            }
            if !is_name(name) || name.len() > NAME_LIMIT {
                return Err(format!(
                    "entry {index} must be the name of an attribute: 1 to {NAME_LIMIT} letters, digits and hyphens"
                ));
            }
            if attributes.contains(name) {
                return Err(format!("entry {index} is there twice"));
            }
            attributes.0.push(canonical(name).to_owned());
        }
        if !attributes.contains(OBJECT_GUID) {
            attributes.0.push(OBJECT_GUID.to_owned());
        }
        Ok(attributes)
    }

    /// Reads the value of a field: a list of names.
    ///
    /// # Errors
    /// Names the entry and says what is wrong with it.
    pub fn read(value: Value) -> Result<Self, String> {
        let Value::Array(list) = value else { return Err("must be a list".to_owned()) };
        let entry = |(index, value)| text(value).map_err(|message| format!("entry {index} {message}"));
        let names = list.into_iter().take(LIMIT + 1).enumerate().map(entry).collect::<Result<Vec<_>, _>>()?;
        Self::new(&names)
    }
}

impl<'de> Deserialize<'de> for Attributes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let names = Vec::<String>::deserialize(deserializer)?;
        // One more than may be entered: objectGUID was added.
        Self::at_most(LIMIT + 1, &names).map_err(serde::de::Error::custom)
    }
}

/// The name of an attribute that was received: without options, and in the case of the schema if it is one
/// of those known here, which then takes no memory of its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AttributeName(Cow<'static, str>);

impl AttributeName {
    /// Reads the description of an attribute: its name, and options after semicolons.
    #[must_use]
    pub fn of(description: &str) -> Self {
        let name = description.split(';').next().unwrap_or_default();
        Self(known(name).map_or_else(|| Cow::Owned(name.to_owned()), Cow::Borrowed))
    }

    /// The same as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<T: AsRef<str>> From<T> for AttributeName {
    fn from(description: T) -> Self {
        Self::of(description.as_ref())
    }
}

/// A name in the case of the schema, if it is one of those known here.
fn canonical(name: &str) -> &str {
    known(name).unwrap_or(name)
}

/// A known name in the case of the schema, found whatever its case.
fn known(name: &str) -> Option<&'static str> {
    // As most directories write it.
    let place = DEFAULT.binary_search(&name);
    let place = place.or_else(|_| DEFAULT.binary_search_by(|known| lower(known).cmp(lower(name))));
    place.ok().and_then(|place| DEFAULT.get(place)).copied()
}

fn lower(name: &str) -> impl Iterator<Item = u8> {
    name.bytes().map(|byte| byte.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn names_take_the_case_of_the_schema_and_the_guid_is_always_there() {
        let read = Attributes::read(json!(["ObjectSID", "MAIL", "extensionAttribute1"])).unwrap();
        assert_eq!(read.0, ["objectSid", "mail", "extensionAttribute1", "objectGUID"]);
        assert!(read.contains("objectguid"));
        assert_eq!(Attributes::default().0.len(), 37);
        assert!(DEFAULT.is_sorted() && DEFAULT.is_sorted_by_key(|name| name.to_lowercase()));
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for (value, message) in [
            (json!("mail"), "must be a list"),
            (json!([]), "must be 1 to 100 entries"),
            (json!(vec!["a"; 101]), "must be 1 to 100 entries"),
            (json!(["mail", 5]), "entry 1 must be a text"),
            (json!(["member;range=0-1499"]), "entry 0 must be without the options after ';'"),
            (json!(["mail", "MAIL"]), "entry 1 is there twice"),
        ] {
            assert_eq!(Attributes::read(value), Err(message.to_owned()));
        }
        for bad in ["", "*", "+", "1.1", "a b", "я", &"a".repeat(65)] {
            assert!(Attributes::read(json!([bad])).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_was_read_is_read_again(names in proptest::collection::vec("[a-zA-Z]{1,4}|mail|objectGuid", 1..101)) {
            if let Ok(attributes) = Attributes::new(&names) {
                let text = serde_json::to_string(&attributes).unwrap();
                prop_assert!(attributes.contains(OBJECT_GUID));
                prop_assert_eq!(serde_json::from_str::<Attributes>(&text).unwrap(), attributes);
            }
        }
    }
}
