use proptest::prelude::*;

use super::*;

fn check(text: &str) -> Result<String, FilterError> {
    text.parse::<Filter>().map(|filter| filter.0)
}

#[test]
fn filters_of_the_field_are_taken() {
    for text in [
        USERS,
        "(&(objectCategory=person)(objectClass=user))",
        "(!(userAccountControl:1.2.840.113556.1.4.803:=2))",
        "(member:1.2.840.113556.1.4.1941:=CN=bob,CN=Users,DC=corp,DC=test)",
        "(|(cn=Babs J*)(cn=*a*b)(cn=*)(cn=))",
        "(cn:dn:=John)",
        "(ou:dn:caseIgnoreMatch:=x)",
        "(:1.2.3:=Wilma)",
        "(:dn:2.4.6.8.10:=Dino)",
        "(whenChanged>=20260101000000.0Z)",
        "(objectGUID=\\d9\\a2\\00)",
        "(2.5.4.3=x)",
        "(cn;lang-de=x)",
        "(sn=Ковалёв)",
        "(cn=a<b>c=d~:)",
        "(o=Parens R Us \\28for all\\29)",
    ] {
        assert_eq!(check(text).as_deref(), Ok(text));
    }
    assert_eq!(check(" sAMAccountType=805306368 ").as_deref(), Ok(USERS));
    assert_eq!(Filter::default().to_string(), USERS);
}

#[test]
fn a_fault_has_a_place() {
    for (text, at) in [
        ("()", 2),
        ("(cn=a", 6),
        ("(cn=a))", 7),
        ("cn=a)", 5),
        ("(cn=a)x", 7),
        ("(&)", 3),
        ("(& (cn=a))", 3),
        ("(!(cn=a)(cn=b))", 9),
        ("(cn)", 4),
        ("(=a)", 2),
        ("(c n=a)", 2),
        ("(cn=a(b)", 6),
        ("(cn=**)", 6),
        ("(cn>=a*)", 7),
        ("(cn:=a*)", 7),
        ("(cn=\\zz)", 5),
        ("(cn=\\2)", 5),
        ("(cn=\0)", 5),
        ("(cn:dn=a)", 5),
        ("(:=a)", 4),
        ("(:dn:=a)", 7),
        ("(cn:1.2 3:=a)", 5),
        ("(cn;=a)", 2),
        ("(я=(a))", 2),
        ("(cn=яя(a))", 7),
    ] {
        let error = check(text).unwrap_err();
        assert!(matches!(error, FilterError::Syntax(place, _) if place == at), "{text}: {error}");
    }
    assert_eq!(check(""), Err(FilterError::Length));
    assert_eq!(check(&format!("(cn={})", "a".repeat(LIMIT))), Err(FilterError::Length));
}

#[test]
fn nesting_has_an_end() {
    let nested = |depth: usize| format!("{}(cn=a){}", "(!".repeat(depth), ")".repeat(depth));
    assert!(check(&nested(DEPTH_LIMIT - 1)).is_ok());
    assert!(matches!(check(&nested(DEPTH_LIMIT)), Err(FilterError::Syntax(..))));
    assert!(check(&"(!".repeat(2_000)).is_err());
}

/// Filters that are well formed by their making.
fn good() -> impl Strategy<Value = String> {
    let attribute = "[a-zA-Z][a-zA-Z0-9-]{0,5}|1\\.2\\.[0-9]{1,3}";
    let value = "([a-zA-Z0-9 =<>~:;,я]|\\\\[0-9a-f]{2}){0,6}";
    let leaf = prop_oneof![
        (attribute, "=|>=|<=|~=|:=|:dn:=|:1\\.2\\.3:=", value).prop_map(|(a, o, v)| format!("({a}{o}{v})")),
        (attribute, value, value).prop_map(|(a, v, w)| format!("({a}={v}*{w})")),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            ("[&|]", proptest::collection::vec(inner.clone(), 1..4))
                .prop_map(|(sign, list)| format!("({sign}{})", list.concat())),
            inner.prop_map(|one| format!("(!{one})")),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_well_formed_is_taken_as_it_is(text in good()) {
        prop_assert_eq!(check(&text), Ok(text.clone()));
        // And nothing that is left of it.
        let cut: String = text.chars().take(text.chars().count() - 1).collect();
        prop_assert!(check(&cut).is_err());
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,40}", odd in "[()&|!=:*\\\\a2dn.;я]{0,24}") {
        let _ = check(&text);
        if let Ok(filter) = check(&odd) {
            prop_assert_eq!(check(&filter), Ok(filter.clone()));
        }
    }
}
