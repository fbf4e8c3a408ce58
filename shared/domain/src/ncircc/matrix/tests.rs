use super::*;

/// The columns of [`TABLE`].
const COLUMNS: [&str; 17] = [
    "related_observables_ipv4",
    "related_observables_ipv6",
    "related_observables_domain",
    "related_observables_uri",
    "related_observables_email",
    "related_observables_service",
    "related_observables_as_path",
    "related_indicators_ipv4",
    "related_indicators_ipv6",
    "related_indicators_domain",
    "related_indicators_uri",
    "related_indicators_email",
    "malware_hash",
    "related_indicators_vuln",
    "related_indicators_asn",
    "related_indicators_as",
    "related_indicators_as_lir",
];

/// The table of the contract.
const TABLE: [(&str, &str); 17] = [
    ("Заражение ВПО", "++++++.+++++++..."),
    ("Замедление работы ресурса в результате DDoS-атаки", "++++.+.+++...+..."),
    ("Захват сетевого трафика", "......+.......+++"),
    ("Компрометация учетной записи", "++++++.+++...+..."),
    ("Несанкционированное изменение информации", "++++.+.++++..+..."),
    ("Несанкционированное разглашение информации", "++++++.+++++.+..."),
    ("Публикация на ресурсе запрещенной законодательством РФ информации", ".......++++..+..."),
    ("Успешная эксплуатация уязвимости", "++++++.+++++.+..."),
    ("Использование контролируемого ресурса для проведения атак", ".......+++++++..."),
    ("Событие не связано с компьютерной атакой", "++++++..........."),
    ("DDoS-атака", "++++.+.+++...+..."),
    ("Неудачные попытки авторизации", "++++++.+++...+..."),
    ("Попытки внедрения ВПО", "++++++.+++++++..."),
    ("Попытки эксплуатации уязвимости", "++++++.+++++.+..."),
    ("Публикация мошеннической информации", "++++.+.++++..+..."),
    ("Сетевое сканирование", "++++.+.+++...+..."),
    ("Социальная инженерия", "++++++.+++++.+..."),
];

#[test]
fn every_type_allows_what_the_contract_says() {
    let kinds = Kind::ALL.iter().filter(|kind| !kind.removed());
    assert_eq!(kinds.count(), TABLE.len() + 1, "all but the one of vulnerabilities");
    for (kind, marks) in TABLE {
        let kind = Kind::from_wire(kind).unwrap();
        for (column, mark) in COLUMNS.iter().zip(marks.chars()) {
            let field = Field::ALL.iter().copied().find(|field| field.wire() == *column).unwrap();
            assert_eq!(allows(kind, field), mark == '+', "{kind} {column}");
        }
        assert_eq!(allowed(kind).count(), marks.matches('+').count());
    }
    assert_eq!(allowed(Kind::VulnerableResource).count(), 0);
    assert_eq!(Field::ALL.len(), COLUMNS.len());
}

#[test]
fn a_leak_is_told_by_five_types_of_incidents() {
    let kinds: Vec<_> = Kind::ALL.iter().copied().filter(|kind| leak_allowed(*kind)).collect();
    let wire = [
        "Заражение ВПО",
        "Компрометация учетной записи",
        "Несанкционированное разглашение информации",
        "Успешная эксплуатация уязвимости",
        "Событие не связано с компьютерной атакой",
    ];
    assert_eq!(kinds, wire.map(|text| Kind::from_wire(text).unwrap()));
}

#[test]
fn a_counterpart_has_its_own_counterpart() {
    for field in Field::ALL {
        assert!(field.counterpart().is_none_or(|other| other.counterpart() == Some(*field)), "{field:?}");
    }
}
