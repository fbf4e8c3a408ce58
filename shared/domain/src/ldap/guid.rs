//! The id that a directory gives an entry for its life, wherever it is moved: objectGUID.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::import::manifest::ExternalId;

/// An objectGUID. As text it is as Windows writes it, in lower case: the first three groups are numbers
/// whose bytes lie in the other order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Guid([u8; 16]);

/// The text is no GUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a GUID, for example 6f9619ff-8b86-d011-b42d-00c04fc964ff")]
pub struct GuidError;

impl Guid {
    /// From the bytes of the attribute; `None` when they are not 16.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// What the manifest of an import knows it by.
    #[must_use]
    pub const fn external(self) -> ExternalId {
        ExternalId::new(self.0)
    }
}

impl From<ExternalId> for Guid {
    fn from(id: ExternalId) -> Self {
        Self(*id.bytes())
    }
}

impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        uuid::Uuid::from_bytes_le(self.0).fmt(f)
    }
}

impl FromStr for Guid {
    type Err = GuidError;

    fn from_str(text: &str) -> Result<Self, GuidError> {
        // The parser also takes braces and a text without hyphens.
        let read = uuid::Uuid::try_parse(text).ok().filter(|_| text.len() == 36);
        read.map(|uuid| Self(uuid.to_bytes_le())).ok_or(GuidError)
    }
}

impl Serialize for Guid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Guid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn it_is_written_as_windows_does() {
        let bytes =
            [0xff, 0x19, 0x96, 0x6f, 0x86, 0x8b, 0x11, 0xd0, 0xb4, 0x2d, 0x00, 0xc0, 0x4f, 0xc9, 0x64, 0xff];
        let guid = Guid::from_bytes(&bytes).unwrap();
        assert_eq!(guid.to_string(), "6f9619ff-8b86-d011-b42d-00c04fc964ff");
        assert_eq!("6F9619FF-8B86-D011-B42D-00C04FC964FF".parse(), Ok(guid));
        assert_eq!(guid.external().bytes(), &bytes);
        assert!(Guid::from_bytes(&bytes[1..]).is_none());
        for bad in ["", "{6f9619ff-8b86-d011-b42d-00c04fc964ff}", "6f9619ff8b86d011b42d00c04fc964ff", "x"] {
            assert_eq!(bad.parse::<Guid>(), Err(GuidError), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(bytes: [u8; 16]) {
            let guid = Guid(bytes);
            prop_assert_eq!(guid.to_string().parse(), Ok(guid));
            prop_assert_eq!(Guid::from(guid.external()), guid);
        }
    }
}
