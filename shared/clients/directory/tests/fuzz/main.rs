//! Everything that is read of texts and bytes from outside, fed with what nobody thought of. What a
//! server sends over a connection is fed to the connection itself, in the tests of the crate.
//! `PROPTEST_CASES` says how many inputs each property gets; `make fuzz` takes a million.

use bridge_directory::{Attribute, Credentials, Filter, Trust};
use bridge_domain::{
    ldap::{address::Servers, decode, dn::Dn, filter::Filter as Typed, guid::Guid},
    secret::Secret,
};
use proptest::{prelude::*, test_runner::Config};

/// Inputs per property when nobody says otherwise.
const CASES: u32 = 2_000;

fn config() -> Config {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(CASES);
    Config { cases, failure_persistence: None, ..Config::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn settings_are_read_or_refused(text in "\\PC{0,60}|[a-z0-9:.,@\\\\\\[\\]-]{0,60}", pem: String) {
        let _ = text.parse::<Servers>();
        let _ = Credentials::new(&text, Secret::new("p".to_owned()));
        let _ = Trust::from_pem(&pem);
        let _ = Trust::from_pem(&format!("-----BEGIN CERTIFICATE-----\n{pem}\n-----END CERTIFICATE-----\n"));
    }

    #[test]
    fn filters_are_read_or_refused(text in "\\PC{0,60}|[()&|!=<>~:*a.;0 \\\\-]{0,60}", value: Vec<u8>) {
        if let Ok(filter) = text.parse::<Typed>() {
            prop_assert_eq!(filter.as_str().parse::<Typed>().unwrap(), filter);
        }
        if let Ok(attribute) = text.parse::<Attribute>() {
            let filter = Filter::eq_bytes(&attribute, &value);
            prop_assert!(filter.as_str().parse::<Typed>().is_ok());
        }
    }

    #[test]
    fn values_are_read_or_none(bytes: Vec<u8>, text in "\\PC{0,40}|[0-9.,ZS+-]{0,40}", other: String) {
        let _ = (Guid::from_bytes(&bytes), text.parse::<Guid>(), decode::sid(&bytes));
        for name in ["accountExpires", "whenCreated", "userAccountControl", "pwdLastSet"] {
            let _ = decode::decoded(name, &text);
        }
        let same = |one: &str, other: &str| {
            one.parse::<Dn>().is_ok_and(|one| other.parse::<Dn>().is_ok_and(|other| one == other))
        };
        prop_assert_eq!(same(&text, &other), same(&other, &text));
    }
}
