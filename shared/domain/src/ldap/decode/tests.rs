use proptest::prelude::*;
use serde_json::json;

use super::*;

#[test]
fn times_are_put_into_words_where_they_are_none() {
    for (attribute, value, meaning) in [
        ("accountExpires", "0", json!("never")),
        ("accountExpires", "9223372036854775807", json!("never")),
        ("accountExpires", "132539328000000000", json!("2021-01-01T00:00:00.000Z")),
        ("lastLogon", "0", json!("never")),
        ("pwdLastSet", "0", json!("mustChange")),
        ("pwdLastSet", "133000000001234567", json!("2022-06-18T04:26:40.123456Z")),
        ("whenCreated", "20261120145921.0Z", json!("2026-11-20T14:59:21.000Z")),
        ("userAccountControl", "514", json!(["ACCOUNTDISABLE", "NORMAL_ACCOUNT"])),
        ("userAccountControl", "66048", json!(["NORMAL_ACCOUNT", "DONT_EXPIRE_PASSWORD"])),
        ("userAccountControl", "0", json!([])),
    ] {
        assert_eq!(decoded(attribute, value), Some(meaning), "{attribute} {value}");
    }
    for (attribute, value) in [
        ("lastLogon", "9223372036854775807"),
        ("lastLogon", "1"),
        ("pwdLastSet", "-1"),
        ("accountExpires", "soon"),
        ("whenCreated", "yesterday"),
        ("userAccountControl", "x"),
        ("userAccountControl", "99999999999"),
        ("cn", "0"),
    ] {
        assert_eq!(decoded(attribute, value), None, "{attribute} {value}");
    }
}

#[test]
fn generalized_times_of_any_form() {
    for (text, time) in [
        ("20261120145921Z", "2026-11-20T14:59:21.000Z"),
        ("202611201459Z", "2026-11-20T14:59:00.000Z"),
        ("2026112014+03", "2026-11-20T11:00:00.000Z"),
        ("20261120145921,5-0330", "2026-11-20T18:29:21.500Z"),
        ("20261120145921.1234567891234Z", "2026-11-20T14:59:21.123456Z"),
    ] {
        assert_eq!(generalized_time(text).unwrap().to_string(), time, "{text}");
    }
    for bad in [
        "",
        "Z",
        "20261120145921",
        "16010101000000.0Z",
        "20261320145921Z",
        "2026112014.5Z",
        "20261120145921.Z",
        "20261120145921+0300Z",
        "я0261120145921Z",
    ] {
        assert_eq!(generalized_time(bad), None, "{bad}");
    }
}

#[test]
fn identifiers_are_text() {
    let administrators = [1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0];
    assert_eq!(sid(&administrators).as_deref(), Some("S-1-5-32-544"));
    let user =
        [1, 5, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 255, 255, 255, 255, 0xf4, 1, 0, 0];
    assert_eq!(sid(&user).as_deref(), Some("S-1-5-21-1-2-4294967295-500"));
    for bad in [&administrators[..15], &[], &[2, 0, 0, 0, 0, 0, 0, 5], &[1, 16, 0, 0, 0, 0, 0, 5]] {
        assert_eq!(sid(bad), None);
    }
}

proptest! {
    #[test]
    fn no_value_makes_it_panic(text in "\\PC{0,24}", digits in "-?[0-9]{1,20}[.Z+,-]{0,2}[0-9]{0,5}", bytes: Vec<u8>) {
        for attribute in ["accountExpires", "pwdLastSet", "whenCreated", "userAccountControl"] {
            let _ = (decoded(attribute, &text), decoded(attribute, &digits));
        }
        let _ = sid(&bytes);
    }

    #[test]
    fn a_filetime_is_exact_to_the_microsecond(seconds in 0..253_402_300_799_i64, tenth in 0..10_000_000_i64) {
        let at = filetime((seconds + 11_644_473_600) * 10_000_000 + tenth).unwrap();
        prop_assert_eq!(at.micros(), seconds * 1_000_000 + tenth / 10);
    }
}
