use proptest::prelude::*;

use super::*;

fn normal(text: &str) -> Result<String, DnError> {
    text.parse::<Dn>().map(|dn| dn.normal)
}

#[test]
fn writings_of_one_name_are_equal() {
    for (one, other) in [
        (
            "CN=KUMA team,OU=Groups,OU=Clients,DC=test,DC=domain",
            "cn=kuma TEAM, ou=groups , ou=Clients,dc=TEST,dc=domain",
        ),
        ("CN=a\\, b,DC=x", "CN=a\\2C b,DC=x"),
        ("CN=a  b,DC=x", "CN= a b ,DC=x"),
        ("OID.2.5.4.3=a,0.9.2342.19200300.100.1.25=x", "cn=A,dc=X"),
        ("CN=a+OU=b,DC=x", "OU=B+CN=A,DC=X"),
        ("CN=\\D0\\98\\D0\\B2\\D0\\B0\\D0\\BD,DC=x", "CN=иван,DC=x"),
        ("CN=a\\=b,DC=x", "CN=a=b,DC=x"),
        ("CN=#0403414243,DC=x", "cn=#0403414243,dc=X"),
        ("CN=ΟΔΟΣ,DC=x", "CN=οδοσ,DC=x"),
    ] {
        assert_eq!(normal(one).unwrap(), normal(other).unwrap(), "{one}");
        assert_eq!(one.parse::<Dn>().unwrap(), other.parse().unwrap());
    }
}

#[test]
fn other_names_are_not() {
    for (one, other) in [
        ("CN=a,OU=b,DC=x", "OU=b,CN=a,DC=x"),
        ("CN=a\\,OU=b,DC=x", "CN=a,OU=b,DC=x"),
        ("CN=a\\+OU\\=b", "CN=a+OU=b"),
        ("CN=\\#41", "CN=#41"),
        ("CN=a\\\\,DC=x", "CN=a,DC=x"),
        ("CN=ab,DC=x", "CN=a b,DC=x"),
        ("CN=a,DC=x", "CN=a,DC=x,DC=y"),
    ] {
        assert_ne!(normal(one).unwrap(), normal(other).unwrap(), "{one}");
    }
}

#[test]
fn a_fault_has_a_place_and_quotes_nothing() {
    for (text, at) in [
        ("users", 6),
        ("CN=canary,,DC=x", 11),
        ("CN=", 4),
        ("CN=a,DC=x,", 11),
        ("CN=a;DC=x", 5),
        ("CN=\"a\"", 4),
        ("CN=a\\", 6),
        ("CN=a\\zz", 6),
        ("CN=a\\FF,DC=x", 8),
        ("CN=#4,DC=x", 5),
        ("CN=#41 x", 8),
        ("=a", 1),
        ("1a=b", 1),
        ("C\u{41d}=b", 2),
        ("Я=b", 1),
        ("CN a", 4),
    ] {
        let error = text.parse::<Dn>().unwrap_err();
        assert!(matches!(error, DnError::Syntax(place, _) if place == at), "{text}: {error}");
        assert!(!error.to_string().contains("canary") && !format!("{error:?}").contains("canary"));
    }
    assert_eq!(normal("  "), Err(DnError::Length));
    assert_eq!(normal(&format!("CN={}", "a".repeat(LIMIT))), Err(DnError::Length));
    assert!(normal(&vec!["DC=x"; 129].join(",")).is_err());
}

#[test]
fn a_name_is_kept_as_written_and_knows_its_domain() {
    let dn: Dn = " OU=Staff,DC=Corp,DC=Example ".parse().unwrap();
    assert_eq!((dn.as_str(), dn.domain()), ("OU=Staff,DC=Corp,DC=Example", Some("corp.example")));
    assert_eq!("CN=a".parse::<Dn>().unwrap().domain(), None);
    assert_eq!(format!("{dn:?}"), "Dn(..)");
    assert_eq!(serde_json::to_value(&dn).unwrap(), dn.as_str());
}

#[test]
fn a_name_is_in_its_base_and_in_no_value_that_looks_like_it() {
    let is_in = |name: &str, base: &str| name.parse::<Dn>().unwrap().is_in(&base.parse().unwrap());
    for name in ["DC=corp", "dc=CORP", "CN=a,DC=corp", "CN=a\\\\, dc=Corp", "CN=a+OU=b,OU=c,DC=corp"] {
        assert!(is_in(name, "DC=Corp"), "{name}");
    }
    for name in ["DC=x", "CN=a\\,dc\\=corp", "CN=a,DC=corp,DC=x", "CN=adc\\=corp"] {
        assert!(!is_in(name, "DC=Corp"), "{name}");
    }
    assert!(!is_in("CN=b", "CN=a+CN=b"));
}

proptest! {
    #[test]
    fn a_normal_form_is_its_own(text in "(CN|ou|2\\.5\\.4\\.3)=([a-zA-Z +=,é0-9]|\\\\[ #,\"<>;=+\\\\]|\\\\00){1,12}(,DC=[a-z ]{1,5})?") {
        if let Ok(form) = normal(&text) {
            prop_assert_eq!(normal(&form), Ok(form.clone()), "{}", form);
        }
    }

    /// Whatever a value holds: escaped, it is read, and no two of them are mixed up.
    #[test]
    fn any_value_can_be_written(one in "[a-z,+=\"\\\\<>;#é]{1,8}", other in "[a-z,+=\"\\\\<>;#é]{1,8}") {
        let write = |value: &str| {
            let hex: Vec<String> = value.bytes().map(|byte| format!("\\{byte:02X}")).collect();
            normal(&format!("CN={},DC=x", hex.concat()))
        };
        prop_assert_eq!(write(&one).unwrap() == write(&other).unwrap(), one == other);
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,40}", odd in "[CN=#\\\\,+ a0я]{0,20}") {
        let _ = (normal(&text), normal(&odd));
    }
}
