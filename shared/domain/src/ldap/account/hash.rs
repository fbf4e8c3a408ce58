//! What counts as a change of an account.

use std::collections::BTreeMap;

use crate::import::manifest::ContentHash;

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

/// The hash of a name and of attributes whose values are in order: in which order a directory sent them
/// does not matter.
pub(super) fn of(dn: &str, attributes: &BTreeMap<String, Vec<String>>) -> ContentHash {
    let mut content = vec![VERSION];
    let mut put = |text: &str| {
        content.extend((text.len() as u64).to_be_bytes());
        content.extend(text.as_bytes());
    };
    put(dn);
    for (name, values) in attributes {
        if VOLATILE.iter().any(|volatile| volatile.eq_ignore_ascii_case(name)) {
            continue;
        }
        put(name);
        put(&values.len().to_string());
        for value in values {
            put(value);
        }
    }
    ContentHash::of(&content)
}
