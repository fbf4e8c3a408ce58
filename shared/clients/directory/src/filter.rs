//! Filters, built by type: a value can never change the structure of one.

use std::{fmt, fmt::Write as _};

use bridge_domain::ldap::filter::Filter as Typed;

use crate::attribute::Attribute;

/// The rule of Active Directory that follows a chain of DNs to its end, for nested groups.
const IN_CHAIN: &str = "1.2.840.113556.1.4.1941";
/// The rule of Active Directory that compares bits: all of them must be set.
const ALL_BITS: &str = "1.2.840.113556.1.4.803";

/// A filter (RFC 4515) that is well formed. Its values may be personal and are not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Filter(String);

impl Filter {
    /// Entries whose attribute has this value.
    #[must_use]
    pub fn eq(attribute: &Attribute, value: &str) -> Self {
        Self::eq_bytes(attribute, value.as_bytes())
    }

    /// Entries whose attribute has this value, in bytes: for `objectGUID` and `objectSid`.
    #[must_use]
    pub fn eq_bytes(attribute: &Attribute, value: &[u8]) -> Self {
        Self(format!("({attribute}={})", Escaped(value)))
    }

    /// Entries whose attribute has this value or a greater one.
    #[must_use]
    pub fn at_least(attribute: &Attribute, value: &str) -> Self {
        Self(format!("({attribute}>={})", Escaped(value.as_bytes())))
    }

    /// Entries that have the attribute.
    #[must_use]
    pub fn present(attribute: &Attribute) -> Self {
        Self(format!("({attribute}=*)"))
    }

    /// Entries whose attribute leads to this DN, directly or over others. Only Active Directory knows
    /// the rule: other servers answer with nothing, and no error.
    #[must_use]
    pub fn in_chain(attribute: &Attribute, dn: &str) -> Self {
        Self(format!("({attribute}:{IN_CHAIN}:={})", Escaped(dn.as_bytes())))
    }

    /// Entries whose attribute, a number, has all these bits. Only Active Directory knows the rule.
    #[must_use]
    pub fn has_bits(attribute: &Attribute, bits: u32) -> Self {
        Self(format!("({attribute}:{ALL_BITS}:={bits})"))
    }

    /// Entries that match every one of these filters; with none of them, all entries (RFC 4526).
    pub fn and(filters: impl IntoIterator<Item = Self>) -> Self {
        Self::set('&', filters)
    }

    /// Entries that match one of these filters; with none of them, no entry (RFC 4526).
    pub fn or(filters: impl IntoIterator<Item = Self>) -> Self {
        Self::set('|', filters)
    }

    /// Entries that do not match this filter.
    #[must_use]
    pub fn negate(self) -> Self {
        Self(format!("(!{})", self.0))
    }

    /// The filter as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn set(operator: char, filters: impl IntoIterator<Item = Self>) -> Self {
        let mut text = format!("({operator}");
        for filter in filters {
            text.push_str(&filter.0);
        }
        text.push(')');
        Self(text)
    }
}

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Filter([redacted])")
    }
}

impl From<&Typed> for Filter {
    /// What a person has typed: its form was checked when it was entered.
    fn from(typed: &Typed) -> Self {
        Self(typed.as_str().to_owned())
    }
}

/// A value as it may stand in a filter. Whatever is no plain character is written as its byte.
struct Escaped<'a>(&'a [u8]);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0 {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b' ' | b'.' | b',' | b'-' | b'_' | b'@' | b'=' => {
                    f.write_char(char::from(*byte))?;
                }
                byte => write!(f, "\\{byte:02x}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use ldap3::asn1::{ASNTag as _, PL, StructureTag, TagClass};
    use proptest::prelude::*;

    use super::*;

    fn attribute(name: &str) -> Attribute {
        name.parse().unwrap()
    }

    /// The structure of a filter, as the library sends it.
    fn structure(filter: &Filter) -> StructureTag {
        ldap3::parse_filter(filter.as_str()).unwrap().into_structure()
    }

    fn primitive(class: TagClass, id: u64, content: &[u8]) -> StructureTag {
        StructureTag { class, id, payload: PL::P(content.to_vec()) }
    }

    fn constructed(id: u64, parts: Vec<StructureTag>) -> StructureTag {
        StructureTag { class: TagClass::Context, id, payload: PL::C(parts) }
    }

    fn equal(name: &str, value: &[u8]) -> StructureTag {
        let octets = |content| primitive(TagClass::Universal, 4, content);
        constructed(3, vec![octets(name.as_bytes()), octets(value)])
    }

    #[test]
    fn filters_are_written_as_the_standard_does() {
        let (cn, sn) = (attribute("cn"), attribute("sn"));
        for (filter, text) in [
            (Filter::eq(&cn, "a*(b)\\"), "(cn=a\\2a\\28b\\29\\5c)"),
            (Filter::eq(&cn, "Я"), "(cn=\\d0\\af)"),
            (Filter::eq_bytes(&cn, b"\0\xff"), "(cn=\\00\\ff)"),
            (Filter::at_least(&cn, "5"), "(cn>=5)"),
            (Filter::in_chain(&cn, "CN=x"), "(cn:1.2.840.113556.1.4.1941:=CN=x)"),
            (Filter::has_bits(&cn, 2).negate(), "(!(cn:1.2.840.113556.1.4.803:=2))"),
            (Filter::or([Filter::present(&cn), Filter::present(&sn)]), "(|(cn=*)(sn=*))"),
        ] {
            assert_eq!(filter.as_str(), text);
            assert_eq!(Filter::from(&text.parse::<Typed>().unwrap()), filter);
        }
        assert!(!format!("{:?}", Filter::eq(&cn, "canary")).contains("canary"));
    }

    #[test]
    fn filters_of_administrators_are_taken() {
        for text in [
            "(sAMAccountType=805306368)",
            "(&(objectCategory=person)(objectClass=user)(!(userAccountControl:1.2.840.113556.1.4.803:=2)))",
            "(|(cn=Jo*n*)(cn=*son)(sn~=smith)(uidNumber<=7))",
            " (cn:dn:2.5.13.2:=x) ",
            "(:caseIgnoreMatch:=x)",
            "(cn;lang-ru=Иван)",
            "(2.5.4.3=)",
        ] {
            structure(&Filter::from(&text.parse::<Typed>().unwrap()));
        }
    }

    proptest! {
        #[test]
        fn no_value_changes_the_structure(one: Vec<u8>, two in "\\PC{0,20}|[()*&|!=\\\\0a]{0,20}") {
            let (cn, sn) = (attribute("cn"), attribute("sn"));
            let filter = Filter::and([
                Filter::eq_bytes(&cn, &one),
                Filter::or([Filter::eq(&sn, &two), Filter::present(&sn)]).negate(),
            ]);
            let wanted = constructed(0, vec![
                equal("cn", &one),
                constructed(2, vec![constructed(1, vec![
                    equal("sn", two.as_bytes()),
                    primitive(TagClass::Context, 7, b"sn"),
                ])]),
            ]);
            prop_assert_eq!(structure(&filter), wanted);
            prop_assert_eq!(Filter::from(&filter.as_str().parse::<Typed>().unwrap()), filter);
        }

        #[test]
        fn what_a_person_may_type_the_library_reads(
            text in "\\PC{0,20}|[()&|!=<>~:*a.;0 \\\\-]{0,16}|\\([&|!]?(\\(?[a-z]{1,2}[:~<>]?[=:]{1,2}[a*\\\\2]{0,4}\\)?){0,3}\\)",
        ) {
            if let Ok(typed) = text.parse::<Typed>() {
                prop_assert!(ldap3::parse_filter(typed.as_str()).is_ok(), "{}", text);
            }
        }
    }
}
