//! Which technical fields a type allows, and which types may tell of a leak of personal data.

use super::dictionary::Kind;
use super::format::{self, Checked};

/// How the values of a technical field look on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A list of `{"value"}`.
    Values,
    /// A list of `{"function", "value"}`.
    Functions,
    /// A list of `{"name", "value"}`.
    Services,
    /// One text.
    Text,
}

macro_rules! fields {
    ($($variant:ident = $name:literal, $wire:literal, $shape:ident, $format:ident;)+) => {
        /// A technical field.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Field {
            $(
                #[doc = concat!("`", $wire, "`.")]
                $variant,
            )+
        }

        impl Field {
            /// Every field.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its name in our API, with those around it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// Its name on the wire.
            #[must_use]
            pub const fn wire(self) -> &'static str {
                match self { $(Self::$variant => $wire,)+ }
            }

            /// How its values look on the wire.
            #[must_use]
            pub const fn shape(self) -> Shape {
                match self { $(Self::$variant => Shape::$shape,)+ }
            }

            /// A value in its one form.
            pub(super) fn check(self, text: &str) -> Checked {
                match self { $(Self::$variant => format::$format(text),)+ }
            }
        }
    };
}

fields! {
    ObservedIpv4 = "technical.observables.ipv4", "related_observables_ipv4", Values, ipv4;
    ObservedIpv6 = "technical.observables.ipv6", "related_observables_ipv6", Values, ipv6;
    ObservedDomain = "technical.observables.domains", "related_observables_domain", Values, domain;
    ObservedUri = "technical.observables.urls", "related_observables_uri", Values, uri;
    ObservedEmail = "technical.observables.emails", "related_observables_email", Values, email;
    ObservedService = "technical.observables.services", "related_observables_service", Services, free;
    ObservedAsPath = "technical.observables.asPath", "related_observables_as_path", Text, free;
    Ipv4 = "technical.indicators.ipv4", "related_indicators_ipv4", Functions, ipv4;
    Ipv6 = "technical.indicators.ipv6", "related_indicators_ipv6", Functions, ipv6;
    Domain = "technical.indicators.domains", "related_indicators_domain", Functions, domain;
    Uri = "technical.indicators.urls", "related_indicators_uri", Functions, uri;
    Email = "technical.indicators.emails", "related_indicators_email", Values, email;
    MalwareHash = "technical.malwareHashes", "malware_hash", Values, hash;
    Vulnerability = "technical.vulnerabilities", "related_indicators_vuln", Values, vulnerability;
    Asn = "technical.indicators.asn", "related_indicators_asn", Text, free;
    As = "technical.indicators.as", "related_indicators_as", Text, free;
    AsLir = "technical.indicators.asLir", "related_indicators_as_lir", Text, free;
}

impl Field {
    /// The field that tells of the same sort of value on the other side: ours, or the attacker's.
    #[must_use]
    pub const fn counterpart(self) -> Option<Self> {
        match self {
            Self::ObservedIpv4 => Some(Self::Ipv4),
            Self::ObservedIpv6 => Some(Self::Ipv6),
            Self::ObservedDomain => Some(Self::Domain),
            Self::ObservedUri => Some(Self::Uri),
            Self::ObservedEmail => Some(Self::Email),
            Self::Ipv4 => Some(Self::ObservedIpv4),
            Self::Ipv6 => Some(Self::ObservedIpv6),
            Self::Domain => Some(Self::ObservedDomain),
            Self::Uri => Some(Self::ObservedUri),
            Self::Email => Some(Self::ObservedEmail),
            _ => None,
        }
    }
}

/// Addresses and names of what was attacked.
const OBSERVED: &[Field] = &[
    Field::ObservedIpv4,
    Field::ObservedIpv6,
    Field::ObservedDomain,
    Field::ObservedUri,
    Field::ObservedService,
];
/// What most types tell of the attacker.
const ATTACKER: &[Field] = &[Field::Ipv4, Field::Ipv6, Field::Domain, Field::Vulnerability];
const OBSERVED_EMAIL: &[Field] = &[Field::ObservedEmail];
const URI: &[Field] = &[Field::Uri];
const EMAIL: &[Field] = &[Field::Email];
const MALWARE: &[Field] = &[Field::MalwareHash];
const ROUTING: &[Field] = &[Field::ObservedAsPath, Field::Asn, Field::As, Field::AsLir];

/// The groups of fields that a type allows.
const fn groups(kind: Kind) -> &'static [&'static [Field]] {
    match kind {
        Kind::MalwareInfection | Kind::InjectionAttempts => {
            &[OBSERVED, OBSERVED_EMAIL, ATTACKER, URI, EMAIL, MALWARE]
        }
        Kind::SlowedByDdos | Kind::Ddos | Kind::NetworkScanning => &[OBSERVED, ATTACKER],
        Kind::TrafficInterception => &[ROUTING],
        Kind::CompromisedAccount | Kind::AuthorizationAttempts => &[OBSERVED, OBSERVED_EMAIL, ATTACKER],
        Kind::DataModification | Kind::FraudulentPublication => &[OBSERVED, ATTACKER, URI],
        Kind::DataDisclosure
        | Kind::ExploitedVulnerability
        | Kind::ExploitAttempts
        | Kind::SocialEngineering => &[OBSERVED, OBSERVED_EMAIL, ATTACKER, URI, EMAIL],
        Kind::IllegalPublication => &[ATTACKER, URI],
        Kind::UsedForAttacks => &[ATTACKER, URI, EMAIL, MALWARE],
        Kind::NotAnAttack => &[OBSERVED, OBSERVED_EMAIL],
        // A vulnerability is told of by its product; the removed types are refused anyway.
        Kind::VulnerableResource
        | Kind::MalwareInfrastructure
        | Kind::UsedForPhishing
        | Kind::SpamDistribution => &[],
    }
}

/// Whether a notification of this type may have this field.
#[must_use]
pub fn allows(kind: Kind, field: Field) -> bool {
    groups(kind).iter().any(|group| group.contains(&field))
}

/// The fields that a notification of this type may have.
pub fn allowed(kind: Kind) -> impl Iterator<Item = Field> {
    Field::ALL.iter().copied().filter(move |field| allows(kind, *field))
}

/// Whether a notification of this type may tell of a leak of personal data.
#[must_use]
pub const fn leak_allowed(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::MalwareInfection
            | Kind::CompromisedAccount
            | Kind::DataDisclosure
            | Kind::ExploitedVulnerability
            | Kind::NotAnAttack
    )
}

#[cfg(test)]
mod tests;
