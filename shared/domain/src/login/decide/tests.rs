use proptest::prelude::*;
use serde_json::json;

use super::*;

/// Groups are numbers: `CN=<number>,DC=x`.
fn group(number: u8) -> String {
    format!("CN={number},DC=x")
}

fn entry(tenant: &str, operator: Option<u8>, analyst: Option<u8>, administrator: Option<u8>) -> RoleGroups {
    let dn = |number: Option<u8>| number.map(|number| group(number).parse().unwrap());
    RoleGroups {
        tenant: tenant.parse().unwrap(),
        operator: dn(operator),
        analyst: dn(analyst),
        tenant_administrator: dn(administrator),
    }
}

fn settings(general: Option<u8>, role_groups: Vec<RoleGroups>) -> Settings {
    let value = json!({
        "disabled": false, "urls": "dc1:389", "tlsMode": "insecure", "timeoutSeconds": 30, "baseDN": "DC=x",
        "roleGroups": [], "created": "2026-11-20T00:00:00Z", "updated": "2026-11-20T00:00:00Z",
    });
    let settings: Settings = serde_json::from_value(value).unwrap();
    let general = general.map(|number| group(number).parse().unwrap());
    Settings { general_administrators_group: general, role_groups, ..settings }
}

fn given(settings: &Settings, groups: &[u8]) -> Result<Grants, Refusal> {
    let groups = groups.iter().map(|number| group(*number).to_uppercase()).collect();
    admit(Some(settings), &Found { email: Some("a@x".into()), groups, email_taken: false })
}

fn roles(list: &[(&str, Role)]) -> Grants {
    Grants::Tenants(list.iter().map(|(tenant, role)| (tenant.parse().unwrap(), *role)).collect())
}

#[test]
fn the_least_role_of_each_tenant_counts() {
    use Role::{Analyst, Operator, TenantAdministrator};
    let settings = settings(
        Some(9),
        vec![
            entry("t", Some(1), Some(2), Some(3)),
            entry("u", None, Some(4), Some(3)),
            entry("t", Some(5), None, None),
        ],
    );
    assert_eq!(given(&settings, &[1]), Ok(roles(&[("t", Operator)])));
    assert_eq!(given(&settings, &[2, 1]), Ok(roles(&[("t", Operator)])));
    assert_eq!(given(&settings, &[3]), Ok(roles(&[("t", TenantAdministrator), ("u", TenantAdministrator)])));
    assert_eq!(given(&settings, &[2, 4]), Ok(roles(&[("t", Analyst), ("u", Analyst)])));
    assert_eq!(
        given(&settings, &[3, 5]),
        Ok(roles(&[("t", Operator), ("u", TenantAdministrator)])),
        "in any entry of the tenant"
    );
    assert_eq!(given(&settings, &[9]), Ok(Grants::Everything));
    assert_eq!(
        given(&settings, &[9, 4]),
        Ok(roles(&[("u", Analyst)])),
        "the general administrator comes last"
    );
    assert_eq!(given(&settings, &[7]), Err(Refusal::NoGroup));
    assert_eq!(given(&settings, &[]), Err(Refusal::NoGroup));
}

#[test]
fn nobody_is_let_in_without_what_is_needed() {
    let settings = settings(Some(1), Vec::new());
    let found = Found {
        email: Some("a@x".into()),
        groups: vec!["cn=1, dc=X".into(), "rubbish".into()],
        email_taken: false,
    };
    assert_eq!(admit(Some(&settings), &found), Ok(Grants::Everything));
    assert_eq!(admit::<()>(None, &found), Err(Refusal::NotConfigured));
    let disabled = Settings { disabled: true, ..settings.clone() };
    assert_eq!(admit(Some(&disabled), &found), Err(Refusal::Disabled));
    for email in [None, Some(String::new()), Some(" ".into())] {
        assert_eq!(admit(Some(&settings), &Found { email, ..found.clone() }), Err(Refusal::NoEmail));
    }
    let taken = Found { email_taken: true, ..found.clone() };
    assert_eq!(admit(Some(&settings), &taken), Err(Refusal::EmailTaken));
    assert!(!format!("{found:?}").contains("a@x"));
}

fn configured() -> impl Strategy<Value = Settings> {
    let number = || proptest::option::of(0..8_u8);
    let one = ("[abc]", number(), number(), number()).prop_map(|(tenant, o, a, t)| entry(&tenant, o, a, t));
    (number(), proptest::collection::vec(one, 0..6)).prop_map(|(general, list)| settings(general, list))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn nobody_gets_more_than_the_least_that_matched(settings in configured(), groups in proptest::collection::vec(0..9_u8, 0..5)) {
        let member = |dn: &Option<Dn>| dn.as_ref().is_some_and(|dn| groups.iter().any(|number| dn.normal() == group(*number).to_lowercase()));
        let mut matched: Vec<(TenantId, Role)> = Vec::new();
        for entry in &settings.role_groups {
            for (dn, role) in [
                (&entry.operator, Role::Operator),
                (&entry.analyst, Role::Analyst),
                (&entry.tenant_administrator, Role::TenantAdministrator),
            ] {
                matched.extend(member(dn).then(|| (entry.tenant.clone(), role)));
            }
        }
        match given(&settings, &groups) {
            Ok(Grants::Tenants(roles)) => {
                for (tenant, role) in &matched {
                    prop_assert!(roles.get(tenant).is_some_and(|given| given <= role));
                }
                prop_assert!(roles.iter().all(|(tenant, role)| matched.contains(&(tenant.clone(), *role))));
            }
            Ok(Grants::Everything) => {
                prop_assert!(matched.is_empty() && member(&settings.general_administrators_group));
            }
            Err(refusal) => {
                prop_assert_eq!(refusal, Refusal::NoGroup);
                prop_assert!(matched.is_empty() && !member(&settings.general_administrators_group));
            }
        }
    }

    /// One group more may lessen a role or change where it counts, but it never shuts anybody out, nor
    /// takes a tenant away from who has roles in tenants.
    #[test]
    fn another_group_shuts_nobody_out(settings in configured(), groups in proptest::collection::vec(0..8_u8, 0..5), more in 0..8_u8) {
        let before = given(&settings, &groups);
        let after = given(&settings, &[groups.as_slice(), &[more]].concat());
        match (before, after) {
            (Ok(Grants::Tenants(before)), Ok(Grants::Tenants(after))) => {
                prop_assert!(before.iter().all(|(tenant, role)| after.get(tenant).is_some_and(|new| new <= role)));
            }
            (Ok(Grants::Tenants(_)), other) => prop_assert!(false, "{other:?}"),
            (Ok(Grants::Everything), after) => prop_assert!(after.is_ok()),
            (Err(_), _) => {}
        }
    }

    /// Neither the order of the groups nor that of the entries counts.
    #[test]
    fn order_does_not_count(mut settings in configured(), mut groups in proptest::collection::vec(0..8_u8, 0..5)) {
        let before = given(&settings, &groups);
        settings.role_groups.reverse();
        groups.reverse();
        prop_assert_eq!(given(&settings, &groups), before);
    }
}
