//! What the values of some attributes mean.
//!
//! | attribute | what it holds | decoded |
//! |---|---|---|
//! | `accountExpires` | FILETIME; 0 and the greatest number mean never | RFC 3339, or `never` |
//! | `lastLogon`, `lastLogonTimestamp`, `badPasswordTime` | FILETIME; 0 means never | the same |
//! | `pwdLastSet` | FILETIME; 0: to be changed at the next logon | RFC 3339, or `mustChange` |
//! | `whenCreated`, `whenChanged` | generalized time | RFC 3339 |
//! | `userAccountControl` | bits | their names |
//! | `objectSid` | binary | `S-1-5-...` |
//!
//! A value that is none of these is not decoded; the raw one is there all the same.

use serde_json::Value;

use crate::Timestamp;

/// FILETIME of a time that never comes.
const NEVER: i64 = i64::MAX;
/// From the beginning of FILETIME, 1601, to 1970, in microseconds.
const EPOCH_MICROS: i64 = 11_644_473_600_000_000;

/// The bits of userAccountControl. Source: the table of Microsoft's page on the attribute.
const CONTROL: [(u32, &str); 22] = [
    (0x0000_0001, "SCRIPT"),
    (0x0000_0002, "ACCOUNTDISABLE"),
    (0x0000_0008, "HOMEDIR_REQUIRED"),
    (0x0000_0010, "LOCKOUT"),
    (0x0000_0020, "PASSWD_NOTREQD"),
    (0x0000_0040, "PASSWD_CANT_CHANGE"),
    (0x0000_0080, "ENCRYPTED_TEXT_PWD_ALLOWED"),
    (0x0000_0100, "TEMP_DUPLICATE_ACCOUNT"),
    (0x0000_0200, "NORMAL_ACCOUNT"),
    (0x0000_0800, "INTERDOMAIN_TRUST_ACCOUNT"),
    (0x0000_1000, "WORKSTATION_TRUST_ACCOUNT"),
    (0x0000_2000, "SERVER_TRUST_ACCOUNT"),
    (0x0001_0000, "DONT_EXPIRE_PASSWORD"),
    (0x0002_0000, "MNS_LOGON_ACCOUNT"),
    (0x0004_0000, "SMARTCARD_REQUIRED"),
    (0x0008_0000, "TRUSTED_FOR_DELEGATION"),
    (0x0010_0000, "NOT_DELEGATED"),
    (0x0020_0000, "USE_DES_KEY_ONLY"),
    (0x0040_0000, "DONT_REQ_PREAUTH"),
    (0x0080_0000, "PASSWORD_EXPIRED"),
    (0x0100_0000, "TRUSTED_TO_AUTH_FOR_DELEGATION"),
    (0x0400_0000, "PARTIAL_SECRETS_ACCOUNT"),
];

/// What the value of an attribute, named in the case of the schema, means beside what it says.
#[must_use]
pub fn decoded(attribute: &str, value: &str) -> Option<Value> {
    match attribute {
        "accountExpires" => moment(value, "never", true),
        "lastLogon" | "lastLogonTimestamp" | "badPasswordTime" => moment(value, "never", false),
        "pwdLastSet" => moment(value, "mustChange", false),
        "whenCreated" | "whenChanged" => generalized_time(value).map(|at| at.to_string().into()),
        "userAccountControl" => account_control(value).map(Into::into),
        _ => None,
    }
}

/// A FILETIME as text; `zero` is what 0 means, and the greatest number is `never` when it `ends`.
fn moment(value: &str, zero: &str, ends: bool) -> Option<Value> {
    match value.parse::<i64>().ok()? {
        0 => Some(zero.into()),
        NEVER if ends => Some("never".into()),
        ticks => filetime(ticks).map(|at| at.to_string().into()),
    }
}

/// The moment of a FILETIME, in tenths of a microsecond since 1601; `None` outside 1970 to 9999.
#[must_use]
pub fn filetime(ticks: i64) -> Option<Timestamp> {
    Timestamp::from_micros((ticks / 10).checked_sub(EPOCH_MICROS)?)
}

/// The names of the bits that are set; one without a name is left out. Also of a number that some
/// directories write below zero.
#[must_use]
pub fn account_control(value: &str) -> Option<Vec<&'static str>> {
    let bits = value.parse::<i64>().ok()?;
    let bits = u32::try_from(bits).or_else(|_| i32::try_from(bits).map(i32::cast_unsigned)).ok()?;
    Some(CONTROL.iter().filter(|(bit, _)| bits & bit != 0).map(|(_, name)| *name).collect())
}

/// A generalized time, such as `20261120145921.0Z`: minutes, seconds and their fraction may be missing,
/// and an offset may stand for the `Z`.
#[must_use]
pub fn generalized_time(text: &str) -> Option<Timestamp> {
    let end = text.find(['Z', '+', '-'])?;
    let (time, zone) = text.split_at_checked(end)?;
    let (whole, fraction) =
        time.split_once(['.', ',']).map_or((time, None), |(whole, rest)| (whole, Some(rest)));
    let digits =
        |text: &str| !text.is_empty() && text.len() <= 20 && text.bytes().all(|byte| byte.is_ascii_digit());
    // A fraction of an hour or a minute is allowed and nowhere used.
    let fits = matches!(whole.len(), 10 | 12 | 14) && (fraction.is_none() || whole.len() == 14);
    if !fits || !digits(whole) || !fraction.is_none_or(digits) {
        return None;
    }
    let part = |from: usize| whole.get(from..from + 2).unwrap_or("00");
    let year = whole.get(..4)?;
    let offset = match (zone, zone.len()) {
        ("Z", _) => "Z".to_owned(),
        (_, 3) => format!("{zone}:00"),
        (_, 5) => format!("{}:{}", zone.get(..3)?, zone.get(3..)?),
        _ => return None,
    };
    let fraction =
        fraction.map(|digits| format!(".{}", digits.get(..9).unwrap_or(digits))).unwrap_or_default();
    let text =
        format!("{year}-{}-{}T{}:{}:{}{fraction}{offset}", part(4), part(6), part(8), part(10), part(12));
    text.parse().ok()
}

/// A security identifier as text; `None` when the bytes are not one.
#[must_use]
pub fn sid(bytes: &[u8]) -> Option<String> {
    let ([revision, count], rest) = bytes.split_first_chunk()?;
    let (authority, rest) = rest.split_first_chunk::<6>()?;
    let (parts, odd) = rest.as_chunks::<4>();
    if *revision != 1 || !odd.is_empty() || parts.len() != usize::from(*count) || *count > 15 {
        return None;
    }
    let authority = authority.iter().fold(0_u64, |number, byte| number * 256 + u64::from(*byte));
    let start = format!("S-1-{authority}");
    Some(parts.iter().fold(start, |text, part| format!("{text}-{}", u32::from_le_bytes(*part))))
}

#[cfg(test)]
mod tests;
