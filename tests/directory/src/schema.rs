//! What slapd must know of Active Directory's attributes.

use std::fmt::Write as _;

/// Where our own numbers begin: attributes below 1, classes below 2. The arc is for examples.
const ARC: &str = "1.3.6.1.4.1.32473.9";

const TEXT: &str =
    "EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15";
const NUMBER: &str =
    "EQUALITY integerMatch ORDERING integerOrderingMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27";
const DN: &str = "EQUALITY distinguishedNameMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.12";
const OCTETS: &str = "EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40";
const TIME: &str = "EQUALITY generalizedTimeMatch ORDERING generalizedTimeOrderingMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.24";

/// The attributes that `OpenLDAP`'s own schemas do not have.
const OWN: [(&str, &str); 24] = [
    ("accountExpires", NUMBER),
    ("badPasswordTime", NUMBER),
    ("company", TEXT),
    ("department", TEXT),
    ("division", TEXT),
    ("employeeID", TEXT),
    ("lastLogon", NUMBER),
    ("lastLogonTimestamp", NUMBER),
    ("mailNickname", TEXT),
    ("managedObjects", DN),
    ("memberOf", DN),
    ("objectCategory", DN),
    ("objectGUID", OCTETS),
    ("objectSid", OCTETS),
    ("pwdLastSet", NUMBER),
    ("sAMAccountName", TEXT),
    ("sAMAccountType", NUMBER),
    ("userAccountControl", NUMBER),
    ("userPrincipalName", TEXT),
    ("whenChanged", TIME),
    ("whenCreated", TIME),
    ("groupType", NUMBER),
    ("instanceType", NUMBER),
    ("primaryGroupID", NUMBER),
];

/// The attributes of a person that `OpenLDAP`'s own schemas have.
const STANDARD: &str = "sn $ givenName $ co $ description $ displayName $ distinguishedName $ l $ mail $ manager $ \
                        mobile $ name $ physicalDeliveryOfficeName $ street $ telephoneNumber $ title $ userPassword";

/// The schema, in the form of slapd.conf.
pub(crate) fn schema() -> String {
    let mut text = String::new();
    let mut names = Vec::new();
    for (at, (name, kind)) in OWN.iter().enumerate() {
        // Writing to a string does not fail.
        let _ = writeln!(text, "attributetype ( {ARC}.1.{at} NAME '{name}' {kind} )");
        names.push(*name);
    }
    let own = names.join(" $ ");
    let _ = writeln!(
        text,
        "objectclass ( {ARC}.2.1 NAME 'user' SUP top STRUCTURAL MUST cn MAY ( {own} $ {STANDARD} ) )"
    );
    let _ = writeln!(
        text,
        "objectclass ( {ARC}.2.2 NAME 'group' SUP top STRUCTURAL MUST cn MAY ( member $ description $ {own} ) )"
    );
    text
}
