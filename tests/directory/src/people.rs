//! The people of a test directory, always the same ones.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};

/// The top of the directory.
pub const BASE: &str = "DC=corp,DC=test";
/// Who may read it.
pub const READER: &str = "CN=reader,DC=corp,DC=test";
/// The reader's password.
pub const READER_PASSWORD: &str = "reader's secret";
/// The `objectGUID` of person 7, which happens to be text: one of 20,000 random ones is.
pub const TEXT_GUID: [u8; 16] = *b"sixteen letters!";

/// The attributes of an account that an import asks for.
pub const ATTRIBUTES: [&str; 37] = [
    "accountExpires",
    "badPasswordTime",
    "cn",
    "co",
    "company",
    "department",
    "description",
    "displayName",
    "distinguishedName",
    "division",
    "employeeID",
    "givenName",
    "l",
    "lastLogon",
    "lastLogonTimestamp",
    "mail",
    "mailNickname",
    "managedObjects",
    "manager",
    "memberOf",
    "mobile",
    "name",
    "objectCategory",
    "objectGUID",
    "objectSid",
    "physicalDeliveryOfficeName",
    "pwdLastSet",
    "sAMAccountName",
    "sAMAccountType",
    "sn",
    "streetAddress",
    "telephoneNumber",
    "title",
    "userAccountControl",
    "userPrincipalName",
    "whenChanged",
    "whenCreated",
];

const FIRST: [&str; 8] = ["Иван", "Maria", "Олег", "Anna", "Peter", "Юлия", "Jörg", "Zoë"];
const LAST: [&str; 7] = ["Петров", "Smith", "Müller", "Ковалёв", "García", "Lee", "Novák"];

/// One of the people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Where it stands.
    pub dn: String,
    /// Its name for signing in.
    pub account: String,
    /// Its number in the forest.
    pub guid: [u8; 16],
    /// Its security identifier.
    pub sid: Vec<u8>,
    name: String,
    first: &'static str,
    last: &'static str,
    number: usize,
}

/// Person number so and so. Its password is its account name.
#[must_use]
pub fn person(number: usize) -> Person {
    let first = FIRST.get(number % FIRST.len()).copied().unwrap_or_default();
    let last = LAST.get(number % LAST.len()).copied().unwrap_or_default();
    let name = format!("{last} {first} {number:06}");
    let rid = u32::try_from(number).unwrap_or(u32::MAX).saturating_add(1000);
    let mut sid = b"\x01\x05\0\0\0\0\0\x05".to_vec();
    for part in [21, 1_923_187_552, 918_062_924, 2_447_275_288, rid] {
        sid.extend(u32::to_le_bytes(part));
    }
    Person {
        dn: format!("CN={name},OU=Dept{:02},OU=Staff,{BASE}", number % 20),
        account: format!("user{number:06}"),
        guid: if number == 7 { TEXT_GUID } else { guid(number) },
        sid,
        name,
        first,
        last,
        number,
    }
}

/// A number that looks random (`SplitMix64`).
fn guid(number: usize) -> [u8; 16] {
    let half = |seed: u64| {
        let mut z = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    let seed = u64::try_from(number).unwrap_or_default() * 2 + 1;
    (u128::from(half(seed)) << 64 | u128::from(half(seed + 1))).to_be_bytes()
}

/// So many people, the reader and the units they belong to, in LDIF.
pub(crate) fn ldif(people: usize) -> String {
    let mut text = String::new();
    entry(&mut text, BASE, &[("objectClass", b"domain"), ("dc", b"corp")]);
    entry(
        &mut text,
        READER,
        &[("objectClass", b"user"), ("cn", b"reader"), ("userPassword", READER_PASSWORD.as_bytes())],
    );
    let unit = |text: &mut String, name: &str, above: &str| {
        let dn = format!("OU={name},{above}");
        entry(text, &dn, &[("objectClass", b"organizationalUnit"), ("ou", name.as_bytes())]);
    };
    unit(&mut text, "Staff", BASE);
    for number in 0..20 {
        unit(&mut text, &format!("Dept{number:02}"), &format!("OU=Staff,{BASE}"));
    }
    for number in 0..people {
        write_person(&mut text, &person(number));
    }
    text
}

fn write_person(text: &mut String, who: &Person) {
    let number = who.number;
    let category = format!("CN=Person,CN=Schema,CN=Configuration,{BASE}");
    let mail = format!("{}@corp.test", who.account);
    let manager = person(number / 20 * 20).dn;
    let control: &[u8] = if number % 10 == 9 { b"514" } else { b"512" };
    let display = format!("{} {}", who.first, who.last);
    let phone = format!("+7 495 {number:07}");
    let groups = [format!("CN=G{:02},OU=Groups,{BASE}", number % 50), format!("CN=All,OU=Groups,{BASE}")];
    let (id, office) = (format!("E{number:07}"), format!("Office {}", number % 300));
    let attributes: [(&str, &[u8]); 41] = [
        ("objectClass", b"user"),
        ("accountExpires", b"9223372036854775807"),
        ("badPasswordTime", b"0"),
        ("cn", who.name.as_bytes()),
        ("co", b"Russian Federation"),
        ("company", "ООО «Пример»".as_bytes()),
        ("department", b"SOC"),
        ("description", b"Account of the test directory"),
        ("displayName", display.as_bytes()),
        ("distinguishedName", who.dn.as_bytes()),
        ("division", b"Division 7"),
        ("employeeID", id.as_bytes()),
        ("givenName", who.first.as_bytes()),
        ("l", "Москва".as_bytes()),
        ("lastLogon", b"133912345678901234"),
        ("lastLogonTimestamp", b"133912345678901234"),
        ("mail", mail.as_bytes()),
        ("mailNickname", who.account.as_bytes()),
        ("managedObjects", manager.as_bytes()),
        ("manager", manager.as_bytes()),
        ("memberOf", groups[0].as_bytes()),
        ("memberOf", groups[1].as_bytes()),
        ("mobile", phone.as_bytes()),
        ("name", who.name.as_bytes()),
        ("objectCategory", category.as_bytes()),
        ("objectGUID", &who.guid),
        ("objectSid", &who.sid),
        ("physicalDeliveryOfficeName", office.as_bytes()),
        ("pwdLastSet", b"133900000000000000"),
        ("sAMAccountName", who.account.as_bytes()),
        ("sAMAccountType", b"805306368"),
        ("sn", who.last.as_bytes()),
        ("streetAddress", "ул. Ленина, 1".as_bytes()),
        ("telephoneNumber", phone.as_bytes()),
        ("title", b"Analyst"),
        ("userAccountControl", control),
        ("userPassword", who.account.as_bytes()),
        ("userPrincipalName", mail.as_bytes()),
        ("whenChanged", b"20260101000000.0Z"),
        ("whenCreated", b"20240101000000.0Z"),
        ("instanceType", b"4"),
    ];
    entry(text, &who.dn, &attributes);
}

fn entry(text: &mut String, dn: &str, attributes: &[(&str, &[u8])]) {
    // Writing to a string does not fail.
    let _ = writeln!(text, "dn:: {}", BASE64.encode(dn));
    for (name, value) in attributes {
        let _ = writeln!(text, "{name}:: {}", BASE64.encode(value));
    }
    text.push('\n');
}
