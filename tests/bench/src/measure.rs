//! The measurements, one module each.

pub(crate) mod close;
pub(crate) mod deliver;
pub(crate) mod directory;
pub(crate) mod export;
pub(crate) mod ingest;
pub(crate) mod memory;
pub(crate) mod search;
pub(crate) mod size;
pub(crate) mod start;

/// The functions that are measured, and the SDK clients that each makes beside that of DynamoDB.
const FUNCTIONS: [(&str, &str); 20] = [
    ("alert-ingest", "secrets queues"),
    ("alert-search", "secrets"),
    ("alert-close", "secrets queues"),
    ("account-api", "secrets"),
    ("alert-pull", "secrets queues"),
    ("rvision-send", "secrets queues"),
    ("kuma-send", "secrets queues"),
    ("settings", "secrets queues"),
    ("sweeper", "queues"),
    ("incident-api", "secrets queues"),
    ("incident-export", "secrets queues"),
    ("ncircc-settings", "secrets"),
    ("domain-auth", "secrets"),
    ("login", "secrets"),
    ("ncircc-send", "secrets queues"),
    ("ncircc-sync", "secrets"),
    ("ldap-settings", "secrets queues"),
    ("task-api", "secrets"),
    ("refresh-dispatch", "queues"),
    ("ldap-refresh", "secrets queues"),
];
