//! Changes of a directory, in LDIF.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};

/// A normal account (`userAccountControl`).
const NORMAL: &str = "512";
/// A disabled one.
const DISABLED: &str = "514";
/// One that needs no password.
const WITHOUT_PASSWORD: &str = "544";
/// 2000-01-01, as Active Directory counts time.
const LONG_AGO: &str = "125911584000000000";

/// What is to be done in a domain, in the order of the calls.
#[derive(Clone, Debug, Default)]
pub struct Changes(String);

impl Changes {
    /// Nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an entry with attributes that are text; a name that comes again adds a value.
    #[must_use]
    pub fn add(mut self, dn: &str, attributes: &[(&str, &str)]) -> Self {
        self.begin(dn, "add");
        for (name, value) in attributes {
            self.value(name, value.as_bytes());
        }
        self.end()
    }

    /// Adds an organizational unit.
    #[must_use]
    pub fn unit(self, dn: &str) -> Self {
        self.add(dn, &[("objectClass", "organizationalUnit")])
    }

    /// Adds a user with a password, and attributes besides.
    #[must_use]
    pub fn user(mut self, dn: &str, account: &str, password: &str, more: &[(&str, &str)]) -> Self {
        self.begin(dn, "add");
        let principal = format!("{account}@corp.test");
        let own = [
            ("objectClass", "user"),
            ("sAMAccountName", account),
            ("userPrincipalName", principal.as_str()),
            ("userAccountControl", NORMAL),
        ];
        for (name, value) in own.iter().chain(more) {
            self.value(name, value.as_bytes());
        }
        let password: Vec<u8> = password.encode_utf16().flat_map(u16::to_le_bytes).collect();
        self.value("clearTextPassword", &password);
        self.end()
    }

    /// Adds a user that nobody signs in as: that is quicker.
    #[must_use]
    pub fn bare_user(self, dn: &str, account: &str, more: &[(&str, &str)]) -> Self {
        let own =
            [("objectClass", "user"), ("sAMAccountName", account), ("userAccountControl", WITHOUT_PASSWORD)];
        self.add(dn, &[&own, more].concat())
    }

    /// Adds a group with members, which may be groups.
    #[must_use]
    pub fn group(self, dn: &str, members: &[&str]) -> Self {
        let name = dn.split(['=', ',']).nth(1).unwrap_or_default();
        let mut attributes = vec![("objectClass", "group"), ("sAMAccountName", name)];
        attributes.extend(members.iter().map(|member| ("member", *member)));
        self.add(dn, &attributes)
    }

    /// Gives an attribute these values and no others; none removes it.
    #[must_use]
    pub fn replace(mut self, dn: &str, attribute: &str, values: &[&str]) -> Self {
        self.begin(dn, "modify");
        // Writing to a string does not fail.
        let _ = writeln!(self.0, "replace: {attribute}");
        for value in values {
            self.value(attribute, value.as_bytes());
        }
        self.end()
    }

    /// Disables an account.
    #[must_use]
    pub fn disable(self, dn: &str) -> Self {
        self.replace(dn, "userAccountControl", &[DISABLED])
    }

    /// Lets an account expire.
    #[must_use]
    pub fn expire(self, dn: &str) -> Self {
        self.replace(dn, "accountExpires", &[LONG_AGO])
    }

    /// Asks for another password at the next sign-in.
    #[must_use]
    pub fn must_change_password(self, dn: &str) -> Self {
        self.replace(dn, "pwdLastSet", &["0"])
    }

    /// Locks accounts after so many wrong passwords.
    #[must_use]
    pub fn lock_after(self, attempts: u32) -> Self {
        self.replace(crate::BASE, "lockoutThreshold", &[&attempts.to_string()])
    }

    /// Moves an entry below another one.
    #[must_use]
    pub fn relocate(mut self, dn: &str, above: &str) -> Self {
        self.begin(dn, "moddn");
        self.value("newrdn", dn.split(',').next().unwrap_or_default().as_bytes());
        self.0.push_str("deleteoldrdn: 1\n");
        self.value("newsuperior", above.as_bytes());
        self.end()
    }

    /// Deletes an entry.
    #[must_use]
    pub fn delete(mut self, dn: &str) -> Self {
        self.begin(dn, "delete");
        self.end()
    }

    pub(crate) fn ldif(&self) -> &str {
        &self.0
    }

    fn begin(&mut self, dn: &str, kind: &str) {
        self.value("dn", dn.as_bytes());
        // Writing to a string does not fail.
        let _ = writeln!(self.0, "changetype: {kind}");
    }

    fn value(&mut self, name: &str, value: &[u8]) {
        let _ = writeln!(self.0, "{name}:: {}", BASE64.encode(value));
    }

    fn end(mut self) -> Self {
        self.0.push('\n');
        self
    }
}
