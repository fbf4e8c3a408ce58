//! Where an organisation is: a code of ISO 3166-2.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A region of Russia, for example `RU-MOW`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Location(String);

/// The text is no code of a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a region code of ISO 3166-2: RU- and two or three capital letters, for example RU-MOW")]
pub struct LocationError;

/// The codes of the standard. NCIRCC's own list has more, which nobody published.
const KNOWN: &str = "AD AL ALT AMU ARK AST BA BEL BRY BU CE CHE CHU CU DA IN IRK IVA KAM KB KC KDA KEM \
    KGD KGN KHA KHM KIR KK KL KLU KO KOS KR KRS KYA LEN LIP MAG ME MO MOS MOW MUR NEN NGR NIZ NVS OMS ORE \
    ORL PER PNZ PRI PSK ROS RYA SA SAK SAM SAR SE SMO SPE STA SVE TA TAM TOM TUL TVE TY TYU UD ULY VGG VLA \
    VLG VOR YAN YAR YEV ZAB";

impl Location {
    /// The code, which is also what the wire carries.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the standard has it. An unknown one may still be right.
    #[must_use]
    pub fn known(&self) -> bool {
        self.0.strip_prefix("RU-").is_some_and(|region| KNOWN.split(' ').any(|known| known == region))
    }
}

impl FromStr for Location {
    type Err = LocationError;

    fn from_str(text: &str) -> Result<Self, LocationError> {
        let region = text.strip_prefix("RU-").ok_or(LocationError)?;
        let fits = matches!(region.len(), 2 | 3) && region.bytes().all(|byte| byte.is_ascii_uppercase());
        fits.then(|| Self(text.to_owned())).ok_or(LocationError)
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Location {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_of_the_standard_are_known() {
        assert_eq!(KNOWN.split(' ').count(), 83);
        for region in KNOWN.split(' ') {
            assert!(format!("RU-{region}").parse::<Location>().unwrap().known(), "{region}");
        }
    }
}
