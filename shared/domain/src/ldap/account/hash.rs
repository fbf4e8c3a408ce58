//! What counts as a change of an account.

use super::Entry;
use crate::import::manifest::{Content, ContentHash};

/// A new number here has every account written once more.
const VERSION: u8 = 1;

/// Attributes whose change alone does not have an account written.
///
/// Each controller counts these for itself, and they change with every logon: an import that reached
/// another controller, or came an hour later, would write every account again. `whenChanged` is among
/// them because each controller has its own; what is changed is seen by its content. What is stored of
/// them is as it was when the account was last written. `lastLogonTimestamp` is not among them: the
/// directory replicates it, and moves it only every 9 to 14 days, so that it may be relied on.
pub const VOLATILE: [&str; 8] = [
    "badPasswordTime",
    "badPwdCount",
    "dSCorePropagationData",
    "lastLogoff",
    "lastLogon",
    "logonCount",
    "uSNChanged",
    "whenChanged",
];

/// The hash of an entry whose attributes and values are in order: in which order a directory sent them does
/// not matter.
pub(super) fn of(entry: &Entry) -> ContentHash {
    let mut content = Content::default();
    content.put(&[VERSION]);
    let mut put = |bytes: &[u8]| {
        content.put(&(bytes.len() as u64).to_be_bytes());
        content.put(bytes);
    };
    put(entry.dn.as_bytes());
    for (name, values) in &entry.attributes {
        let name = name.as_str();
        if VOLATILE.iter().any(|volatile| volatile.eq_ignore_ascii_case(name)) {
            continue;
        }
        put(name.as_bytes());
        put(&(values.len() as u64).to_be_bytes());
        for value in values {
            put(value);
        }
    }
    content.hash()
}
