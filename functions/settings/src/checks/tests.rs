use bridge_domain::{Class, Timestamp, form::Form, target::Draft};

use super::*;

fn target() -> Target {
    let form: Form = serde_json::from_value(serde_json::json!({
        "tenantID": "t", "kind": "kuma-core", "name": "Core", "url": "https://kuma:7223", "secretID": "s",
    }))
    .unwrap();
    let (draft, _) = Draft::read(form, None, &mut Faults::default());
    draft.unwrap().into_target(TargetId::random(), Timestamp::MIN, Timestamp::MIN)
}

fn first_call(code: &'static str) -> Vec<(&'static str, bool)> {
    let mut report = Report::new(KUMA_CHECKS);
    report.pass("");
    let failed = CallError::new(Class::Transient, "kuma-core", "why").with_code(code);
    assert!(report.of_first_call(&target(), Err::<(), _>(failed)).is_none());
    let view = report.finish();
    assert!(!view.ok);
    let failed = view.checks.iter().find(|check| !check.ok).unwrap();
    assert_eq!(failed.message, "why");
    view.checks.iter().map(|check| (check.check, check.ok)).collect()
}

#[test]
fn a_failed_first_call_says_how_far_it_came() {
    let all = |oks: [bool; 5]| KUMA_CHECKS.iter().copied().zip(oks).collect::<Vec<_>>();
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
    let mut report = Report::new(KUMA_CHECKS);
    report.pass("");
    assert_eq!(report.of_first_call(&target(), Ok(5)), Some(5));
    report.pass("");
    report.add(false, "one too many");
    let view = report.finish();
    assert!(view.ok);
    assert_eq!(view.checks.len(), KUMA_CHECKS.len());
}
