//! Every value that NCIRCC takes from a list: KUMA's English in our API, Russian on the wire.

mod kind;
mod location;
mod sector;
mod words;

pub use kind::{Category, Kind, NOTICE_CATEGORY};
pub use location::{Location, LocationError};
pub use sector::{ProductCategory, Scope};
pub use words::{
    ActivityStatus, Impact, IndicatorFunction, NoticeResult, NoticeStatus, NotificationStatus,
    SystemCategory, Tlp,
};

/// The text is none of the values of a list. Says which there are, never what was given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be one of: {allowed}")]
pub struct UnknownValue {
    allowed: String,
}

impl UnknownValue {
    pub(crate) fn new(allowed: impl IntoIterator<Item = &'static str>) -> Self {
        // Some values have commas of their own.
        Self { allowed: allowed.into_iter().collect::<Vec<_>>().join("; ") }
    }
}

/// An enum whose values have an English and a Russian text.
macro_rules! dictionary {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $english:literal => $wire:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $(
                #[doc = concat!($english, ".")]
                $variant,
            )+
        }

        impl $name {
            /// Every value, in the order in which it is offered.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The text of our API.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $english,)+ }
            }

            /// The text on the wire.
            #[must_use]
            pub const fn wire(self) -> &'static str {
                match self { $(Self::$variant => $wire,)+ }
            }

            /// The value with this text on the wire.
            #[must_use]
            pub fn from_wire(text: &str) -> Option<Self> {
                match text { $($wire => Some(Self::$variant),)+ _ => None }
            }
        }

        impl std::str::FromStr for $name {
            type Err = crate::ncircc::dictionary::UnknownValue;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($english => Ok(Self::$variant),)+
                    _ => Err(crate::ncircc::dictionary::UnknownValue::new([$($english),+])),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
use dictionary;

#[cfg(test)]
mod tests;
