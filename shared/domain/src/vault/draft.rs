//! What a request wants a secret to be: checked as a whole, with every fault named.

use std::str::FromStr;

use super::{Entry, Kind, Value, check_certificate};
use crate::{
    Name, TenantId,
    form::{Faults, Form, line, lines, parsed, prose, text},
    secret::Secret,
    tenant::DESCRIPTION_LIMIT,
};

/// Most tags of one secret.
const TAGS_LIMIT: usize = 20;
/// Longest tag, in characters.
const TAG_LIMIT: usize = 64;
/// Longest token, in bytes: it travels in a header.
const TOKEN_LIMIT: usize = 4_096;
/// Longest user, in characters.
const USER_LIMIT: usize = 256;
/// Longest password, in characters.
const PASSWORD_LIMIT: usize = 1_024;
/// Longest value as it is stored, in bytes. Limit of Secrets Manager.
const STORED_LIMIT: usize = 65_536;

/// A type of secret that there is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be token, credentials or certificate")]
pub struct UnknownKind;

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        [Self::Token, Self::Credentials, Self::Certificate]
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or(UnknownKind)
    }
}

/// What a request wants a secret to be.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The tenant that owns it.
    pub tenant: TenantId,
    /// Its name.
    pub name: Name,
    /// What it holds.
    pub kind: Kind,
    /// Free text.
    pub description: String,
    /// For finding it again.
    pub tags: Vec<String>,
    /// Its value; absent when that of a known secret stays.
    pub value: Option<Value>,
}

impl Draft {
    /// Reads a form. `known` is the secret that is to be replaced: tenant and type stay, and so does
    /// the value when the form has none. `None` only when there are faults; the tenant may be known
    /// all the same.
    #[must_use]
    pub fn read(form: Form, known: Option<&Entry>, faults: &mut Faults) -> (Option<Self>, Option<TenantId>) {
        let mut tenant = None;
        let draft = Self::read_all(form, known, faults, &mut tenant);
        (draft, tenant)
    }

    fn read_all(
        mut form: Form,
        known: Option<&Entry>,
        faults: &mut Faults,
        owner: &mut Option<TenantId>,
    ) -> Option<Self> {
        let (tenant, kind) = match known {
            None => (form.required(faults, "tenantID", parsed), form.required(faults, "type", parsed)),
            Some(entry) => {
                form.optional(faults, "tenantID", |value| same(&entry.tenant, &parsed(value)?));
                form.optional(faults, "type", |value| same(&entry.kind, &parsed(value)?));
                (Some(entry.tenant.clone()), Some(entry.kind))
            }
        };
        owner.clone_from(&tenant);
        let name = form.required(faults, "name", parsed);
        let description = form.optional(faults, "description", prose(DESCRIPTION_LIMIT));
        let tags = form.optional(faults, "tags", lines(0..=TAGS_LIMIT, TAG_LIMIT));
        let within =
            if known.is_some() { form.form(faults, "value") } else { form.required_form(faults, "value") };
        // Without the type nobody knows what a value has to be.
        let value = within.zip(kind).and_then(|(within, kind)| read_value(within, kind, faults));
        form.finish(faults);
        Some(Self {
            tenant: tenant?,
            name: name?,
            kind: kind?,
            description: description.unwrap_or_default(),
            tags: tags.unwrap_or_default(),
            value,
        })
    }
}

fn same<T: PartialEq>(known: &T, wanted: &T) -> Result<(), String> {
    if known == wanted { Ok(()) } else { Err("can not be changed".to_owned()) }
}

/// A value of one kind. A new kind is a variant, its line here and its form in the store.
fn read_value(mut form: Form, kind: Kind, faults: &mut Faults) -> Option<Value> {
    let value = match kind {
        Kind::Token => form.required(faults, "token", token).map(Value::Token),
        Kind::Credentials => {
            let user = form.required(faults, "user", line(USER_LIMIT));
            let password = form.required(faults, "password", password);
            user.zip(password)
                .map(|(user, password)| Value::Credentials { user: Secret::new(user), password })
        }
        Kind::Certificate => form.required(faults, "certificate", certificate),
    };
    form.finish(faults);
    value
}

fn token(value: serde_json::Value) -> Result<Secret, String> {
    let token = Secret::new(text(value)?);
    let fits = (1..=TOKEN_LIMIT).contains(&token.expose().len());
    if fits && token.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(token)
    } else {
        Err(format!("must be 1 to {TOKEN_LIMIT} printable ASCII characters without spaces"))
    }
}

fn password(value: serde_json::Value) -> Result<Secret, String> {
    let password = Secret::new(text(value)?);
    let fits = (1..=PASSWORD_LIMIT).contains(&password.expose().chars().count());
    if fits && !password.expose().chars().any(char::is_control) {
        Ok(password)
    } else {
        Err(format!("must be 1 to {PASSWORD_LIMIT} characters, none of them a control character"))
    }
}

fn certificate(value: serde_json::Value) -> Result<Value, String> {
    let pem = text(value)?;
    check_certificate(&pem).map_err(|error| error.to_string())?;
    let value = Value::Certificate(Secret::new(pem));
    // Line ends and quotes take two bytes each there.
    if value.render().expose().len() > STORED_LIMIT {
        return Err("is too long to be kept: leave out what is around the certificates".to_owned());
    }
    Ok(value)
}

#[cfg(test)]
mod tests;
