use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::form::form;

fn at(seconds: i64) -> Timestamp {
    Timestamp::MIN.plus_seconds(seconds)
}

fn read(value: &Value, known: Option<&Settings>) -> (Option<Settings>, Vec<String>) {
    let mut faults = Faults::default();
    let settings = Settings::read(form(value), ImportKind::Ldap, known, at(9), &mut faults);
    (
        settings,
        faults.into_vec().into_iter().map(|fault| format!("{} {}", fault.field, fault.message)).collect(),
    )
}

#[test]
fn what_is_left_out_is_as_the_vendor_has_it() {
    let (settings, faults) = read(&json!({"tenantID": "t"}), None);
    let settings = settings.unwrap();
    assert!(faults.is_empty() && !settings.disabled);
    assert_eq!((settings.refresh_interval_hours, settings.storage_days), (12, 90));
    assert_eq!(
        serde_json::to_value(&settings).unwrap(),
        json!({
            "tenantID": "t", "disabled": false, "refreshIntervalHours": 12, "storageDays": 90,
            "created": at(9), "updated": at(9),
        })
    );
}

#[test]
fn a_change_replaces_all_but_the_tenant_and_the_time_of_making() {
    let known = Settings {
        disabled: true,
        storage_days: 5,
        ..Settings::new("t".parse().unwrap(), ImportKind::Ldap, at(1))
    };
    let changed = read(&json!({"refreshIntervalHours": 1, "tenantID": "t"}), Some(&known)).0.unwrap();
    assert_eq!((changed.created, changed.updated), (at(1), at(9)));
    assert_eq!((changed.disabled, changed.refresh_interval_hours, changed.storage_days), (false, 1, 90));
    assert_eq!(
        read(&json!({"tenantID": "u"}), Some(&known)),
        (None, vec!["tenantID can not be changed".into()])
    );
}

#[test]
fn every_fault_is_named() {
    let bad = json!({"disabled": 1, "refreshIntervalHours": 721, "storageDays": 0, "x": 1});
    let expected = [
        "tenantID is required",
        "disabled must be true or false",
        "refreshIntervalHours must be a whole number from 1 to 720",
        "storageDays must be a whole number from 1 to 3650",
        "x is not a known field",
    ];
    assert_eq!(read(&bad, None), (None, expected.map(str::to_owned).to_vec()));
}

proptest! {
    #[test]
    fn settings_are_read_exactly_when_there_is_no_fault(hours in 0..800_u16, days in 0..4_000_u16) {
        let (settings, faults) = read(&json!({"tenantID": "t", "refreshIntervalHours": hours, "storageDays": days}), None);
        let good = INTERVAL_HOURS.contains(&hours) && STORAGE_DAYS.contains(&days);
        prop_assert_eq!((settings.is_some(), faults.is_empty()), (good, good));
    }
}
