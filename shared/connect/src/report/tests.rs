use bridge_directory::{BindFault, Error, Fault, Stage, TlsFault};
use bridge_domain::Class;

use super::*;

const CHECKS: &[&str] = &["secret", "connection", "tls", "token", "whoami"];

fn first_call(code: &'static str) -> Vec<(&'static str, bool)> {
    let mut report = Report::new(CHECKS);
    report.pass("");
    let failed = CallError::new(Class::Transient, "kuma-core", "why").with_code(code);
    assert!(report.of_first_call("kuma:7223", Err::<(), _>(failed)).is_none());
    let findings = report.finish();
    assert!(!findings.ok);
    let failed = findings.checks.iter().find(|check| !check.ok).unwrap();
    assert_eq!(failed.message, "why");
    findings.checks.iter().map(|check| (check.check, check.ok)).collect()
}

#[test]
fn a_failed_first_call_says_how_far_it_came() {
    let all = |oks: [bool; 5]| CHECKS.iter().copied().zip(oks).collect::<Vec<_>>();
    for code in ["dns", "connect", "connect_timeout", "proxy", "timeout", "broken"] {
        assert_eq!(first_call(code), all([true, false, false, false, false]), "{code}");
    }
    assert_eq!(first_call("tls"), all([true, true, false, false, false]));
    for code in ["401", "404", "answer"] {
        assert_eq!(first_call(code), all([true, true, true, false, false]), "{code}");
    }
}

#[test]
fn a_report_is_good_when_every_question_is() {
    let mut report = Report::new(CHECKS);
    report.pass("");
    assert_eq!(report.of_first_call("kuma:7223", Ok(5)), Some(5));
    report.pass("");
    report.fail("one too many");
    let findings = report.finish();
    assert!(findings.ok);
    assert_eq!(findings.checks.len(), CHECKS.len());
}

#[test]
fn a_report_that_ends_early_is_not_good() {
    let mut report = Report::new(CHECKS);
    report.pass("");
    let findings = report.finish();
    assert!(!findings.ok);
    assert_eq!(findings.checks.iter().filter(|check| !check.ok).count(), 4);
}

#[test]
fn a_failed_sign_in_says_how_far_it_came() {
    const CHECKS: &[&str] = &["connection", "tls", "signIn"];
    for (fault, good) in [
        (Fault::Refused, 0),
        (Fault::Timeout(Stage::Connect), 0),
        (Fault::Tls(TlsFault::WrongName), 1),
        (Fault::StartTls(52), 1),
        (Fault::NoStartTls, 1),
        (Fault::Timeout(Stage::StartTls), 1),
        (Fault::TlsRequired, 2),
        (Fault::Bind(BindFault::Disabled), 2),
    ] {
        let mut report = Report::new(CHECKS);
        let failed = Error { fault, server: None, earlier: Vec::new() };
        assert!(report.of_sign_in(Err::<(), _>(failed)).is_none());
        let findings = report.finish();
        assert_eq!(findings.checks.iter().filter(|check| check.ok).count(), good, "{fault:?}");
    }
}
