//! Items: attribute names, and typed reading and writing of attributes.

use std::collections::HashMap;

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use bridge_domain::{CallError, Timestamp};

use crate::{error::damaged, keys::Key};

/// Names of attributes. Short, because every byte of a name is paid for in every item.
pub(crate) mod attr {
    pub(crate) const PK: &str = "pk";
    pub(crate) const SK: &str = "sk";
    /// Schema version.
    pub(crate) const SCHEMA: &str = "v";
    /// Revision: grows with every write, guards every change.
    pub(crate) const REVISION: &str = "rv";
    pub(crate) const TENANT: &str = "t";
    pub(crate) const NAME: &str = "n";
    pub(crate) const STATUS: &str = "st";
    pub(crate) const FIRST_SEEN: &str = "fs";
    pub(crate) const LAST_SEEN: &str = "ls";
    pub(crate) const CLOSING_REASON: &str = "cr";
    pub(crate) const CLOSING_AT: &str = "ca";
    pub(crate) const OVERFLOW: &str = "ov";
    /// Fields besides events: zstd of JSON, and its size when unpacked.
    pub(crate) const FIELDS: &str = "f";
    pub(crate) const FIELDS_SIZE: &str = "fb";
    /// Events: zstd of a JSON array, and its size when unpacked.
    pub(crate) const EVENTS: &str = "e";
    pub(crate) const EVENTS_SIZE: &str = "eb";
    /// Events in chunks: their generation and number.
    pub(crate) const GENERATION: &str = "eg";
    pub(crate) const CHUNKS: &str = "ec";
    /// Listing partitions and places.
    pub(crate) const TENANT_PARTITION: &str = "tp";
    pub(crate) const ALL_PARTITION: &str = "ap";
    pub(crate) const LAST_KEY: &str = "lk";
    pub(crate) const FIRST_KEY: &str = "fk";
    /// What targets want and have, and the change log: JSON.
    pub(crate) const OUTBOX: &str = "ob";
    /// The incident that an alert is part of; the incident whose notification a uuid is.
    pub(crate) const INCIDENT: &str = "inc";
    /// An incident, a comment, or how far an account was read: JSON.
    pub(crate) const BODY: &str = "b";
    /// A row of the ledger: its state, JSON; and what it does, zstd of JSON, with its size when unpacked.
    pub(crate) const LEDGER: &str = "lg";
    pub(crate) const ERRAND: &str = "er";
    pub(crate) const ERRAND_SIZE: &str = "es";
    /// Who ordered a row.
    pub(crate) const BY: &str = "by";
    /// The number of the last incident.
    pub(crate) const COUNT: &str = "cnt";
    /// Place in the index of what is due.
    pub(crate) const DUE_PARTITION: &str = "dp";
    pub(crate) const DUE_KEY: &str = "da";
    /// Circuit and rate of a target: JSON, in the Cache table.
    pub(crate) const GATE: &str = "gate";
    /// Who has the turn with a target, and until when: in the Cache table.
    pub(crate) const HOLDER: &str = "hold";
    pub(crate) const UNTIL: &str = "until";
    pub(crate) const CREATED: &str = "cre";
    pub(crate) const UPDATED: &str = "upd";
    pub(crate) const DESCRIPTION: &str = "d";
    pub(crate) const MAIN: &str = "main";
    pub(crate) const DISABLED: &str = "dis";
    pub(crate) const LOGIN: &str = "login";
    pub(crate) const EMAIL: &str = "email";
    pub(crate) const GENERAL: &str = "all";
    pub(crate) const ROLES: &str = "roles";
    pub(crate) const OPERATIONS: &str = "ops";
    pub(crate) const EXPIRES: &str = "exp";
    pub(crate) const DIGEST: &str = "dig";
    /// Settings of a target, as JSON.
    pub(crate) const SETTINGS: &str = "set";
    /// When a connection ran, and will: JSON.
    pub(crate) const SCHEDULE: &str = "sch";
    /// What a secret holds, its tags, and the ids of what uses it.
    pub(crate) const TYPE: &str = "ty";
    pub(crate) const TAGS: &str = "tags";
    pub(crate) const USED_BY: &str = "ub";
    /// Id of the secret that has a name.
    pub(crate) const SECRET: &str = "se";
    /// When DynamoDB may delete the item, in Unix seconds.
    pub(crate) const TTL: &str = "ttl";
    /// Number of the run that wrote: in the Inventory table.
    pub(crate) const RUN: &str = "rn";
    /// What an account is found by, hashed, and where the indexes of what it is called have it: in the
    /// Inventory table.
    pub(crate) const FOUND_BY: &str = "q";
    pub(crate) const BY_SID: &str = "xs";
    pub(crate) const BY_ACCOUNT_NAME: &str = "xa";
    pub(crate) const BY_PRINCIPAL_NAME: &str = "xp";
    pub(crate) const BY_MAIL: &str = "xm";
    pub(crate) const BY_DN: &str = "xd";
}

/// Version of the items written here.
pub(crate) const SCHEMA_VERSION: i64 = 1;

/// The attributes of an item.
#[derive(Clone, Debug, Default)]
pub(crate) struct Item(HashMap<String, AttributeValue>);

impl Item {
    /// A new item under `key`.
    pub(crate) fn new(key: &Key) -> Self {
        Self(key_map(key)).number(attr::SCHEMA, SCHEMA_VERSION)
    }

    pub(crate) const fn from_map(map: HashMap<String, AttributeValue>) -> Self {
        Self(map)
    }

    pub(crate) fn into_map(self) -> HashMap<String, AttributeValue> {
        self.0
    }

    pub(crate) fn text(self, name: &str, value: impl Into<String>) -> Self {
        self.with(name, AttributeValue::S(value.into()))
    }

    pub(crate) fn number(self, name: &str, value: i64) -> Self {
        self.with(name, AttributeValue::N(value.to_string()))
    }

    pub(crate) fn flag(self, name: &str, value: bool) -> Self {
        self.with(name, AttributeValue::Bool(value))
    }

    pub(crate) fn bytes(self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.with(name, AttributeValue::B(Blob::new(value)))
    }

    pub(crate) fn with(mut self, name: &str, value: AttributeValue) -> Self {
        self.0.insert(name.to_owned(), value);
        self
    }

    pub(crate) fn get(&self, name: &str) -> Option<&AttributeValue> {
        self.0.get(name)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub(crate) fn get_text(&self, name: &str) -> Result<&str, CallError> {
        self.get(name).and_then(|value| value.as_s().ok()).map(String::as_str).ok_or_else(|| damaged(name))
    }

    pub(crate) fn get_number(&self, name: &str) -> Result<i64, CallError> {
        self.get(name)
            .and_then(|value| value.as_n().ok())
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| damaged(name))
    }

    pub(crate) fn get_size(&self, name: &str) -> Result<usize, CallError> {
        usize::try_from(self.get_number(name)?).map_err(|_| damaged(name))
    }

    pub(crate) fn get_time(&self, name: &str) -> Result<Timestamp, CallError> {
        Timestamp::from_micros(self.get_number(name)?).ok_or_else(|| damaged(name))
    }

    pub(crate) fn get_flag(&self, name: &str) -> Result<bool, CallError> {
        self.get(name).and_then(|value| value.as_bool().ok()).copied().ok_or_else(|| damaged(name))
    }

    pub(crate) fn get_bytes(&self, name: &str) -> Result<&[u8], CallError> {
        self.get(name).and_then(|value| value.as_b().ok()).map(Blob::as_ref).ok_or_else(|| damaged(name))
    }

    pub(crate) fn get_parsed<T: std::str::FromStr>(&self, name: &str) -> Result<T, CallError> {
        self.get_text(name)?.parse().map_err(|_| damaged(name))
    }

    pub(crate) fn key(&self) -> Result<Key, CallError> {
        Key::parse(self.get_text(attr::PK)?, self.get_text(attr::SK)?).ok_or_else(|| damaged(attr::PK))
    }
}

/// The two key attributes.
pub(crate) fn key_map(key: &Key) -> HashMap<String, AttributeValue> {
    HashMap::from([
        (attr::PK.to_owned(), AttributeValue::S(key.pk())),
        (attr::SK.to_owned(), AttributeValue::S(key.sk())),
    ])
}
