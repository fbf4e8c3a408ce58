//! Ids, names, tokens, signatures.

use std::sync::LazyLock;

use bridge_domain::{
    AlertId, Name, TenantId, Timestamp, TokenId,
    access::Bearer,
    secret::Secret,
    webhook::{Headers, SECRET_BYTES, SecretSet, SigningSecret, verify},
};
use proptest::prelude::*;
use serde_json::Value;

use crate::{
    config,
    mutation::{mutated, mutated_text},
    seeds::texts,
};

static IDS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    texts(&["060bed79-2141-49cf-ad84-cc7956364be9", "a.b:c_d-E", "", &"x".repeat(128), "имя", "a b"])
});

static TOKENS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    texts(&["kb_0b1c2d_s3cr3t-value_with_bars", "kb_a_", "kb__x", "0123456789abcdefABCDEF", "kb_", ""])
});

static SECRETS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let zeros = SigningSecret::from_random(&[0; SECRET_BYTES]);
    texts(&["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_", "whsec_AAAA", zeros.expose()])
});

static SECRET_SETS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let secret = |fill| SigningSecret::from_random(&[fill; SECRET_BYTES]);
    let first = SecretSet { current: secret(1), created: Timestamp::MIN, previous: None };
    let second = first.clone().rotated(secret(2), crate::now(), 3600);
    texts(&[first.render().expose(), second.render().expose(), "{}", "null"])
});

static SIGNATURES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    texts(&["v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", "v1a,xx v1,AAAA v2,BBBB", "", "v1,"])
});

/// Ids in other words: what may stand in a key of the table and in a URL.
fn is_id(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || ['-', '_', '.', ':'].contains(&c))
}

const SENT: i64 = 1_795_100_400;
const ID: &str = "msg_1";
const BODY: &[u8] = b"{\"id\":\"a\"}";

fn check(id: &str, timestamp: &str, signature: &str, body: &[u8]) -> bool {
    let secrets =
        [SigningSecret::from_random(&[7; SECRET_BYTES]), SigningSecret::from_random(&[8; SECRET_BYTES])];
    let now = Timestamp::MIN.plus_seconds(SENT);
    verify(Headers { id, timestamp, signature }, body, &secrets, now).is_ok()
}

fn genuine() -> String {
    SigningSecret::from_random(&[8; SECRET_BYTES]).sign(ID, SENT, BODY).unwrap()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn an_id_is_what_the_rule_says(text in mutated_text(&IDS, 3)) {
        prop_assert_eq!(text.parse::<AlertId>().is_ok(), is_id(&text));
        prop_assert_eq!(text.parse::<TenantId>().is_ok(), is_id(&text));
        prop_assert_eq!(text.parse::<TokenId>().is_ok(), is_id(&text));
        let read: Result<AlertId, _> = serde_json::from_value(Value::from(text.as_str()));
        prop_assert_eq!(read.ok().map(|id| id.to_string()), is_id(&text).then_some(text));
    }

    #[test]
    fn a_name_is_short_and_printable(text in mutated_text(&IDS, 4)) {
        let fits = !text.trim().is_empty() && text.chars().count() <= 128 && !text.contains(char::is_control);
        prop_assert_eq!(text.parse::<Name>().is_ok(), fits);
        if let Ok(name) = text.parse::<Name>() {
            prop_assert_eq!(name.as_str(), text);
            // A key of the table: DynamoDB takes 2,048 bytes.
            prop_assert!(name.folded().len() < 1_900);
        }
    }

    #[test]
    fn a_token_is_split_without_loss_and_never_printed(text in mutated_text(&TOKENS, 3)) {
        let bearer = Bearer::parse(&text);
        let printed = format!("{bearer:?}");
        match bearer {
            Bearer::Issued { id, secret } => {
                let rendered = Bearer::render(&id, &secret);
                prop_assert_eq!(rendered.expose(), &text);
                let printable = secret.expose().len() < 8 || id.as_str().contains(secret.expose());
                prop_assert!(printable || !printed.contains(secret.expose()));
            }
            Bearer::Other(secret) => {
                prop_assert_eq!(secret.expose(), &text);
                prop_assert_eq!(printed, "Other([redacted])");
            }
        }
    }

    #[test]
    fn a_signing_secret_that_is_accepted_can_sign(text in mutated_text(&SECRETS, 2)) {
        if let Some(secret) = SigningSecret::parse(Secret::new(text.clone())) {
            prop_assert_eq!(secret.expose(), &text);
            let signature = secret.sign(ID, SENT, BODY).unwrap();
            let headers = Headers { id: ID, timestamp: &SENT.to_string(), signature: &signature };
            let now = Timestamp::MIN.plus_seconds(SENT);
            prop_assert_eq!(verify(headers, BODY, &[secret], now), Ok(()));
        }
    }

    #[test]
    fn a_set_of_secrets_is_read_as_it_was_written(text in mutated_text(&SECRET_SETS, 2)) {
        if let Some(set) = SecretSet::parse(&text) {
            let written = set.render();
            let again = SecretSet::parse(written.expose()).unwrap().render();
            prop_assert_eq!(again.expose(), written.expose());
            prop_assert!(!set.in_force(Timestamp::MAX).is_empty());
            let printed = format!("{set:?}");
            prop_assert!(!printed.contains(set.current.expose()));
        }
    }

    #[test]
    fn nobody_signs_without_the_secret(
        id in mutated_text(&IDS, 2), timestamp in "\\PC{0,24}", signature in mutated_text(&SIGNATURES, 3),
        body in mutated(&SECRETS, 2),
    ) {
        prop_assert!(!check(&id, &timestamp, &signature, &body));
        prop_assert!(!check(ID, &SENT.to_string(), &signature, BODY));
    }

    #[test]
    fn a_signature_holds_for_nothing_but_what_was_signed(
        id in signed(ID), timestamp in signed(&SENT.to_string()), body in signed("{\"id\":\"a\"}")
    ) {
        let same = id == ID && timestamp == SENT.to_string() && body.as_bytes() == BODY;
        prop_assert_eq!(check(&id, &timestamp, &genuine(), body.as_bytes()), same);
    }

    #[test]
    fn of_a_signature_no_bit_may_be_wrong(signature in signed(&genuine())) {
        let genuine = genuine();
        let there = signature.split_ascii_whitespace().take(8).any(|one| one == genuine);
        prop_assert_eq!(check(ID, &SENT.to_string(), &signature, BODY), there);
    }
}

/// A text, left alone, or with one character replaced, inserted or removed.
fn signed(text: &str) -> impl Strategy<Value = String> + use<> {
    let text = text.to_owned();
    (0..4_u8, any::<prop::sample::Index>(), any::<char>()).prop_map(move |(kind, at, c)| {
        let mut chars: Vec<char> = text.chars().collect();
        let at = at.index(chars.len());
        match kind {
            0 => {}
            1 => chars[at] = c,
            2 => chars.insert(at, c),
            _ => drop(chars.remove(at)),
        }
        chars.into_iter().collect()
    })
}
