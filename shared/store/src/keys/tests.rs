use bridge_domain::{alert::Status, import::ImportKind, incident};
use proptest::prelude::*;

use super::*;

const ID: &str = "[A-Za-z0-9._:-]{1,128}";

fn key() -> impl Strategy<Value = Key> {
    prop_oneof![
        ID.prop_map(|id| Key::Alert(id.parse().unwrap())),
        (ID, "[a-f0-9-]{1,36}", 0..9999_u32).prop_map(|(id, generation, index)| Key::Events {
            alert: id.parse().unwrap(),
            generation,
            index
        }),
        ID.prop_map(|id| Key::Tenant(id.parse().unwrap())),
        "\\PC{1,128}".prop_map(Key::TenantName),
        Just(Key::MainTenant),
        ID.prop_map(|id| Key::Token(id.parse().unwrap())),
        (ID, ID).prop_map(|(tenant, id)| Key::Target {
            tenant: tenant.parse().unwrap(),
            id: id.parse().unwrap()
        }),
        ID.prop_map(|id| Key::TargetPlace(id.parse().unwrap())),
        ID.prop_map(|id| Key::Secret(id.parse().unwrap())),
        (ID, "\\PC{1,128}")
            .prop_map(|(tenant, name)| Key::SecretName { tenant: tenant.parse().unwrap(), name }),
        ID.prop_map(|id| Key::Pull(id.parse().unwrap())),
        Just(Key::NcirccSettings),
        Just(Key::DomainAuth),
        incident_key(),
        import_key().prop_map(Key::Import),
    ]
}

fn incident_key() -> impl Strategy<Value = Key> {
    prop_oneof![
        ID.prop_map(|id| Key::Incident(id.parse().unwrap())),
        (ID, ID).prop_map(|(incident, row)| Key::Row {
            incident: incident.parse().unwrap(),
            row: row.parse().unwrap()
        }),
        (ID, ID, 0..2_000_u32, 0..2_000_u32).prop_map(|(incident, row, file, part)| Key::FilePart {
            incident: incident.parse().unwrap(),
            row: row.parse().unwrap(),
            file,
            part
        }),
        (ID, 0..i64::from(u32::MAX), ID).prop_map(|(incident, micros, id)| Key::Comment {
            incident: incident.parse().unwrap(),
            at: Timestamp::from_micros(micros).unwrap(),
            id
        }),
        Just(Key::IncidentCounter),
        ID.prop_map(Key::Remote),
        Just(Key::NcirccSync),
    ]
}

fn import_key() -> impl Strategy<Value = ImportKey> {
    (0..5, ID, ID).prop_map(|(which, tenant, id)| {
        let (kind, tenant) = (ImportKind::Ldap, tenant.parse().unwrap());
        match which {
            0 => ImportKey::Settings(kind, tenant),
            1 => ImportKey::Connection { kind, tenant, id: id.parse().unwrap() },
            2 => ImportKey::Place(id.parse().unwrap()),
            3 => ImportKey::Lane(id.parse().unwrap()),
            _ => ImportKey::Task(id.parse().unwrap()),
        }
    })
}

fn status() -> impl Strategy<Value = Status> {
    (0..4_usize).prop_map(|index| Status::ALL[index])
}

proptest! {
    #[test]
    fn a_key_reads_back_as_itself(key in key()) {
        prop_assert_eq!(Key::parse(&key.pk(), &key.sk()), Some(key));
    }

    #[test]
    fn two_keys_are_equal_only_when_their_texts_are(a in key(), b in key()) {
        prop_assert_eq!(a == b, (a.pk(), a.sk()) == (b.pk(), b.sk()));
    }

    #[test]
    fn a_partition_reads_back_as_itself(tenant in ID, status in status(), shard in 0..SHARDS) {
        for partition in [
            Partition::Tenant(tenant.parse().unwrap(), status),
            // A tenant may be called like a status: its text must still not be taken for a shard.
            Partition::Tenant(status.as_str().parse().unwrap(), status),
            Partition::Shard(status, shard),
            Partition::Tenants,
            Partition::Tokens,
            Partition::Incidents(tenant.parse().unwrap(), incident::Status::Assigned),
            Partition::Tenant("INCIDENTS".parse().unwrap(), status),
            Partition::AllIncidents(incident::Status::Closed),
            Partition::ImportSettings(ImportKind::Ldap),
            Partition::Tasks(tenant.parse().unwrap()),
            Partition::Tasks(status.as_str().parse().unwrap()),
            Partition::Tenant("TASKS".parse().unwrap(), status),
            Partition::Tenant("IMPORTS".parse().unwrap(), status),
            Partition::AllTasks,
        ] {
            prop_assert_eq!(Partition::parse(&partition.to_string()), Some(partition));
        }
    }

    #[test]
    fn places_sort_as_their_texts_do(a in 0..i64::from(u32::MAX), b in 0..i64::from(u32::MAX), id in ID) {
        let place = |micros| Moment { at: Timestamp::from_micros(micros).unwrap(), id: id.clone() };
        let (a, b) = (place(a), place(b));
        prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
        prop_assert_eq!(Moment::parse(&a.to_string()), Some(a.clone()));
        prop_assert!(Moment::first(a.at) <= a.to_string() && a.to_string() <= Moment::last(a.at));
    }

    #[test]
    fn no_text_makes_a_parser_panic(pk in "\\PC{0,40}", sk in "\\PC{0,40}") {
        let _ = (Key::parse(&pk, &sk), Partition::parse(&pk), Moment::parse(&pk));
    }
}

#[test]
fn alerts_spread_over_every_shard() {
    let shards: std::collections::BTreeSet<String> = (0..64)
        .map(|n| Partition::shard_of(&format!("alert-{n}").parse().unwrap(), Status::New).to_string())
        .collect();
    assert_eq!(shards.len(), usize::from(SHARDS));
}
