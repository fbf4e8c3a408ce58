use base64::{Engine as _, prelude::BASE64_STANDARD};
use proptest::prelude::*;

use super::*;

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

/// The texts in a value.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::Token(text) | Value::Certificate(text) => vec![text.expose()],
        Value::Credentials { user, password } => vec![user.expose(), password.expose()],
    }
}

#[test]
fn a_value_is_stored_in_one_form() {
    let stored = |value: Value| value.render().expose().to_owned();
    assert_eq!(stored(Value::Token(secret("t\"1"))), r#"{"type":"token","token":"t\"1"}"#);
    assert_eq!(
        stored(Value::Credentials { user: secret("u"), password: secret("p") }),
        r#"{"type":"credentials","user":"u","password":"p"}"#
    );
    assert_eq!(stored(Value::Certificate(secret("a\nb"))), r#"{"type":"certificate","certificate":"a\nb"}"#);
}

proptest! {
    #[test]
    fn what_was_stored_is_read_again(first: String, second: String) {
        for value in [
            Value::Token(secret(&first)),
            Value::Credentials { user: secret(&first), password: secret(&second) },
            Value::Certificate(secret(&second)),
        ] {
            let read = Value::parse(&value.render()).unwrap();
            prop_assert_eq!((read.kind(), texts(&read)), (value.kind(), texts(&value)));
        }
    }

    #[test]
    fn no_text_breaks_the_readers(text: String) {
        let _ = Value::parse(&secret(&text));
        let _ = check_certificate(&text);
    }
}

#[test]
fn anything_but_one_whole_value_is_refused() {
    for stored in [
        "",
        "token",
        "\"token\"",
        "null",
        "[]",
        "{}",
        r#"{"token":"t"}"#,
        r#"{"type":"token"}"#,
        r#"{"type":"Token","token":"t"}"#,
        r#"{"type":"token","token":null}"#,
        r#"{"type":"token","token":1}"#,
        r#"{"type":"token","user":"u","password":"p"}"#,
        r#"{"type":"token","token":"t","user":"u"}"#,
        r#"{"type":"token","token":"t","user":null}"#,
        r#"{"type":"token","token":"t","more":1}"#,
        r#"{"type":"token","token":"t","token":"t"}"#,
        r#"{"type":"token","type":"token","token":"t"}"#,
        r#"{"type":"token","token":"t"} "x""#,
        r#"{"type":"credentials","user":"u"}"#,
        r#"{"type":"certificate","token":"t"}"#,
    ] {
        assert_eq!(Value::parse(&secret(stored)).unwrap_err(), UnreadableValue, "{stored}");
    }
}

#[test]
fn a_value_prints_nothing_of_itself() {
    let canary = || secret("canary");
    for value in [
        Value::Token(canary()),
        Value::Credentials { user: canary(), password: canary() },
        Value::Certificate(canary()),
    ] {
        assert!(!format!("{value:?}").contains("canary"));
    }
}

#[test]
fn the_word_of_a_kind_is_the_word_in_json() {
    for kind in [Kind::Token, Kind::Credentials, Kind::Certificate] {
        assert_eq!(serde_json::to_string(&kind).unwrap(), format!("{:?}", kind.as_str()));
    }
}

/// A block in PEM around `der`.
fn block(label: &str, der: &[u8], newline: &str) -> String {
    let base64 = BASE64_STANDARD.encode(der);
    let lines: Vec<&str> =
        base64.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    let body = lines.join(newline);
    format!("-----BEGIN {label}-----{newline}{body}{newline}-----END {label}-----{newline}")
}

/// A sequence of this many bytes, as a certificate is one.
fn der(length: u16) -> Vec<u8> {
    let mut der = vec![0x30, 0x82];
    der.extend(length.to_be_bytes());
    der.resize(4 + usize::from(length), 7);
    der
}

#[test]
fn certificates_are_taken_with_whatever_stands_around_them() {
    let one = block("CERTIFICATE", &der(700), "\n");
    assert_eq!(check_certificate(&one), Ok(()));
    assert_eq!(check_certificate(&block("CERTIFICATE", &der(700), "\r\n")), Ok(()));
    assert_eq!(check_certificate(&format!("{one}{one}")), Ok(()));
    assert_eq!(check_certificate(&format!("Subject: CN=ca\n  Issuer: x\n{one}\n# end\n")), Ok(()));
    assert_eq!(check_certificate(one.trim_end()), Ok(()));
}

#[test]
fn everything_else_is_refused_with_what_to_do() {
    use CertificateError::{Damaged, Nothing, Other, PrivateKey, TooLong};
    let good = block("CERTIFICATE", &der(700), "\n");
    let mut short = der(700);
    short.pop();
    let cases = [
        (String::new(), Nothing),
        ("MIIB".to_owned(), Nothing),
        (good.replace("-----BEGIN CERTIFICATE-----\n", ""), Damaged),
        (good.replace("-----END CERTIFICATE-----\n", ""), Damaged),
        (good.replace("END CERTIFICATE", "END X"), Damaged),
        (good.replace("Bwc", "B*c"), Damaged),
        (good.replace("-----BEGIN", " -----BEGIN"), Damaged),
        (good.replace("-----END", "  -----END"), Damaged),
        (good.replace("CERTIFICATE-----", "CERTIFICATE"), Damaged),
        (block("CERTIFICATE", &short, "\n"), Damaged),
        (block("CERTIFICATE", b"text", "\n"), Damaged),
        (block("CERTIFICATE", b"", "\n"), Damaged),
        (block("CERTIFICATE REQUEST", &der(700), "\n"), Other),
        (format!("{good}{}", block("X509 CRL", &der(9), "\n")), Other),
        (block("PRIVATE KEY", &der(700), "\n"), PrivateKey),
        (format!("{good}{}", block("EC PRIVATE KEY", &der(9), "\n")), PrivateKey),
        (format!("{}{good}", block("ENCRYPTED PRIVATE KEY", &der(9), "\n")), PrivateKey),
        (good.repeat(60), TooLong),
    ];
    for (pem, error) in cases {
        assert_eq!(check_certificate(&pem), Err(error), "{pem}");
    }
}
