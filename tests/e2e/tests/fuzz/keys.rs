//! Keys of the table: they are built from ids that somebody sent.

use std::sync::LazyLock;

use bridge_domain::{AlertId, TenantId, alert::Status};
use bridge_store::keys::{Key, Moment, Partition};
use proptest::prelude::*;

use crate::{config, mutation::mutated_text, seeds::texts};

static KEYS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    texts(&[
        "ALERT#a1",
        "ALERT",
        "EVENTS#0b1c#0003",
        "EVENTS##",
        "TENANT#t1",
        "TENANT",
        "TENANTNAME#head # office",
        "TENANTNAME",
        "TENANTMAIN",
        "TOKEN#k1",
        "TOKEN",
        "t1#new",
        "new#3",
        "new#new",
        "closed#+1",
        "escalated#255",
        "TENANTS",
        "TOKENS",
        "001795100400000000#a1",
        "000000000000000000#",
        "-1#x",
        "+5#x",
    ])
});

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_key_that_is_read_is_written_the_same(pk in mutated_text(&KEYS, 2), sk in mutated_text(&KEYS, 2)) {
        if let Some(key) = Key::parse(&pk, &sk) {
            prop_assert_eq!((key.pk(), key.sk()), (pk, sk));
        }
    }

    #[test]
    fn a_partition_and_a_place_too(text in mutated_text(&KEYS, 2)) {
        if let Some(partition) = Partition::parse(&text) {
            prop_assert_eq!(partition.to_string(), text.as_str());
        }
        if let Some(moment) = Moment::parse(&text) {
            prop_assert_eq!(moment.to_string(), text);
        }
    }

    #[test]
    fn no_id_reaches_into_the_keys_of_another(a in ids(), b in ids(), status in 0..4_usize) {
        let (Ok(a), Ok(b)) = (a.parse::<TenantId>(), b.parse::<TenantId>()) else { return Ok(()) };
        let status = Status::ALL[status];
        let of = |tenant: &TenantId| Partition::Tenant(tenant.clone(), status);
        prop_assert_eq!(a == b, of(&a).to_string() == of(&b).to_string());
        prop_assert_eq!(Partition::parse(&of(&a).to_string()), Some(of(&a)));
        let alert: AlertId = a.as_str().parse().unwrap();
        prop_assert_ne!(of(&a).to_string(), Partition::shard_of(&alert, status).to_string());
        prop_assert_eq!(Key::parse(&Key::Tenant(a.clone()).pk(), "TENANT"), Some(Key::Tenant(a)));
    }
}

fn ids() -> impl Strategy<Value = String> {
    prop_oneof![
        "[A-Za-z0-9._:-]{1,8}",
        Just("new".to_owned()),
        Just("closed".to_owned()),
        Just("TENANTS".to_owned()),
        Just("0".to_owned()),
    ]
}
