//! What a request wants the connection with NCIRCC to be: checked as a whole, with every fault named.
//!
//! | field | rule | when it is left out |
//! |---|---|---|
//! | `enabled` | yes or no | no |
//! | `url` | `https://host[:port]`, with or without `/api/v2` at its end | a fault |
//! | `tenantID` | id of a tenant | a fault |
//! | `tokenSecretID` | id of a secret of type token | a fault |
//! | `companyScope` | one of the 16 scopes | a fault |
//! | `companyName` | 1 to 512 printable characters | a fault |
//! | `location` | region code of ISO 3166-2, `RU-` and two or three letters | a fault |
//! | `rootCASecretID` | id of a secret of type certificate | only public authorities are trusted |
//! | `proxy` | `http://host:port` | no proxy |
//! | `timeoutSeconds` | 1 to 60 seconds | 30 |
//! | `inn` | 10 or 12 digits | nothing |
//! | `operatorAddress` | 1 to 512 printable characters | nothing |
//! | `email` | an address of at most 254 characters | nothing |
//! | `requestsPerSecond` | 1 to 50 | 1 |
//! | `exportTenantIDs` | 1 to 100 different ids of tenants | that of `tenantID` |
//! | `allowVulnerabilityNotifications` | yes or no | no |

use std::collections::BTreeSet;

use serde_json::Value;

use super::{ROOT_CA_FIELD, Settings, TOKEN_FIELD};
use crate::{
    SecretId, TenantId, Timestamp,
    form::{Faults, Form, flag, line, parsed, text, whole},
    target::{base_address, proxy_address},
    tenant::Tenant,
    vault::{Entry, Kind, SecretPlace},
};

/// Longest name or address, in characters. The wire takes 5000; official names of organisations have some
/// hundreds.
const TEXT_LIMIT: usize = 512;
/// Longest e-mail address, in characters: RFC 5321.
const EMAIL_LIMIT: usize = 254;
/// Longest time for one request, in seconds.
const TIMEOUT_LIMIT: u16 = 60;
const DEFAULT_TIMEOUT: u16 = 30;
/// Most requests per second that may be asked for.
const RATE_LIMIT: u16 = 50;
/// NCIRCC names no limit, so we are careful.
const DEFAULT_RATE: u16 = 1;
/// Most tenants whose incidents may be exported.
const TENANTS_LIMIT: usize = 100;
/// Where every path of the API begins; people paste it with the address.
const API: &str = "/api/v2";

const URL_RULE: &str =
    "must be https://host or https://host:port, with or without /api/v2 at its end, without query and user";
const PLAIN_RULE: &str =
    "must begin with https://: over http:// the token could be read by anybody on the way";
const EXPORT: &str = "exportTenantIDs";

/// What a request wants the connection to be. Its secrets are named, but nobody has looked yet where they
/// lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft(Settings<SecretId>);

/// What a draft names and only the store knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct References {
    /// The tenant that gets what NCIRCC sends.
    pub tenant: Option<TenantId>,
    /// The tenants whose incidents may be exported, when they are named.
    pub export_tenants: Vec<TenantId>,
    /// Secrets: the field that names one, its id, and what it has to hold.
    pub secrets: Vec<(&'static str, SecretId, Kind)>,
}

impl Draft {
    /// Reads a form at a moment. `None` only when there are faults; what could be read is among the
    /// references all the same.
    #[must_use]
    pub fn read(form: Form, now: Timestamp, faults: &mut Faults) -> (Option<Self>, References) {
        let mut reader = Reader { form, faults, references: References::default() };
        let draft = reader.settings(now);
        (draft.map(Self), reader.references)
    }

    /// The settings that this makes, of which the first were made at `created`. `None` when a secret is
    /// not among `known`, of which [`References::check`] tells why.
    #[must_use]
    pub fn into_settings(self, created: Option<Timestamp>, known: &[Entry]) -> Option<Settings> {
        let place = |id: SecretId| {
            let entry = known.iter().find(|entry| entry.id == id).ok_or(())?;
            Ok::<_, ()>(SecretPlace { tenant: entry.tenant.clone(), id })
        };
        let settings = self.0.rename(place).ok()?;
        Some(Settings { created: created.unwrap_or(settings.created), ..settings })
    }
}

impl References {
    /// The tenants to look up, and those that own these secrets.
    #[must_use]
    pub fn tenants(&self, secrets: &[Entry]) -> BTreeSet<TenantId> {
        let owners = secrets.iter().map(|secret| &secret.tenant);
        self.tenant.iter().chain(&self.export_tenants).chain(owners).cloned().collect()
    }

    /// Holds what is named against what there is: `tenants` and `secrets` are those found.
    pub fn check(&self, tenants: &[Tenant], secrets: &[Entry], faults: &mut Faults) {
        let known = |id: &TenantId| tenants.iter().find(|tenant| tenant.id == *id);
        if self.tenant.as_ref().is_some_and(|id| known(id).is_none()) {
            faults.add("tenantID", "tenant not found");
        }
        for (index, _) in self.export_tenants.iter().enumerate().filter(|(_, id)| known(id).is_none()) {
            faults.add(EXPORT, format!("entry {index}: tenant not found"));
        }
        for (field, id, kind) in &self.secrets {
            // What belongs to any other tenant is not there for this one.
            let usable = |secret: &&Entry| {
                self.tenant.as_ref().is_none_or(|own| *own == secret.tenant)
                    || known(&secret.tenant).is_some_and(|tenant| tenant.main)
            };
            match secrets.iter().find(|secret| secret.id == *id).filter(usable) {
                Some(secret) if secret.kind != *kind => {
                    faults.add(*field, format!("must be a secret of type {}", kind.as_str()));
                }
                Some(_) => {}
                None => faults.add(*field, "neither the tenant nor the main tenant has such a secret"),
            }
        }
    }
}

struct Reader<'a> {
    form: Form,
    faults: &'a mut Faults,
    references: References,
}

impl Reader<'_> {
    fn settings(&mut self, now: Timestamp) -> Option<Settings<SecretId>> {
        let (form, faults) = (&mut self.form, &mut *self.faults);
        let enabled = form.optional(faults, "enabled", flag);
        let url = form.required(faults, "url", account_address);
        let tenant = form.required(faults, "tenantID", parsed::<TenantId>);
        let token = form.required(faults, TOKEN_FIELD, parsed::<SecretId>);
        let company_scope = form.required(faults, "companyScope", parsed);
        let company_name = form.required(faults, "companyName", line(TEXT_LIMIT));
        let location = form.required(faults, "location", parsed);
        let root_ca = form.optional(faults, ROOT_CA_FIELD, parsed::<SecretId>);
        let proxy = form.optional(faults, "proxy", |value| proxy_address(&text(value)?));
        let timeout = form.optional(faults, "timeoutSeconds", whole(1..=TIMEOUT_LIMIT));
        let inn = form.optional(faults, "inn", inn);
        let operator_address = form.optional(faults, "operatorAddress", line(TEXT_LIMIT));
        let email = form.optional(faults, "email", email);
        let rate = form.optional(faults, "requestsPerSecond", whole(1..=RATE_LIMIT));
        let export_tenants = form.optional(faults, EXPORT, tenants);
        let vulnerabilities = form.optional(faults, "allowVulnerabilityNotifications", flag);
        std::mem::take(form).finish(faults);

        let named = [(TOKEN_FIELD, &token, Kind::Token), (ROOT_CA_FIELD, &root_ca, Kind::Certificate)];
        let secrets = named.into_iter().filter_map(|(field, id, kind)| Some((field, id.clone()?, kind)));
        self.references = References {
            tenant: tenant.clone(),
            export_tenants: export_tenants.clone().unwrap_or_default(),
            secrets: secrets.collect(),
        };
        let tenant = tenant?;
        Some(Settings {
            enabled: enabled.unwrap_or(false),
            url: url?,
            export_tenants: export_tenants.unwrap_or_else(|| vec![tenant.clone()]),
            tenant,
            token: token?,
            company_scope: company_scope?,
            company_name: company_name?,
            location: location?,
            root_ca,
            proxy,
            timeout_seconds: timeout.unwrap_or(DEFAULT_TIMEOUT),
            inn,
            operator_address,
            email,
            requests_per_second: rate.unwrap_or(DEFAULT_RATE),
            allow_vulnerability_notifications: vulnerabilities.unwrap_or(false),
            created: now,
            updated: now,
        })
    }
}

fn account_address(value: Value) -> Result<String, String> {
    let text = text(value)?;
    let plain = "http://";
    if text.get(..plain.len()).is_some_and(|start| start.eq_ignore_ascii_case(plain)) {
        return Err(PLAIN_RULE.to_owned());
    }
    let bare = text.strip_suffix('/').unwrap_or(&text);
    base_address(bare.strip_suffix(API).unwrap_or(bare)).map_err(|_| URL_RULE.to_owned())
}

/// Different ids of tenants.
fn tenants(value: Value) -> Result<Vec<TenantId>, String> {
    let Value::Array(list) = value else { return Err("must be a list".to_owned()) };
    if !(1..=TENANTS_LIMIT).contains(&list.len()) {
        return Err(format!("must be 1 to {TENANTS_LIMIT} entries"));
    }
    let mut tenants = Vec::with_capacity(list.len());
    for (index, value) in list.into_iter().enumerate() {
        let tenant = parsed(value).map_err(|message| format!("entry {index} {message}"))?;
        if tenants.contains(&tenant) {
            return Err(format!("entry {index} is there twice"));
        }
        tenants.push(tenant);
    }
    Ok(tenants)
}

/// A taxpayer number. Its check digits are not looked at: what is registered is what is sent.
///
/// # Errors
/// Anything but 10 or 12 digits.
pub fn inn(value: Value) -> Result<String, String> {
    let text = text(value)?;
    let fits = matches!(text.len(), 10 | 12) && text.bytes().all(|byte| byte.is_ascii_digit());
    if fits { Ok(text) } else { Err("must be 10 or 12 digits".to_owned()) }
}

/// An e-mail address in its plain form. Whether there is such a mailbox, nobody here can tell.
///
/// # Errors
/// Anything without one `@` between a name and a domain of two parts or more.
pub fn email(value: Value) -> Result<String, String> {
    let text = text(value)?;
    let part = |part: &str| {
        let edge = |c: char| c == '-';
        !part.is_empty()
            && !part.starts_with(edge)
            && !part.ends_with(edge)
            && part.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    let odd = |c: char| c.is_whitespace() || c.is_control() || "\"(),:;<>[\\]@".contains(c);
    let fits = text.chars().count() <= EMAIL_LIMIT
        && text.split_once('@').is_some_and(|(name, domain)| {
            !name.is_empty() && !name.contains(odd) && domain.contains('.') && domain.split('.').all(part)
        });
    if fits {
        Ok(text)
    } else {
        Err(format!("must be an e-mail address of at most {EMAIL_LIMIT} characters"))
    }
}
