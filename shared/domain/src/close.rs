//! Why an alert was closed.

use std::str::FromStr;

/// A reason that KUMA's API accepts when an alert is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Measures were taken.
    Responded,
    /// False positive.
    IncorrectData,
    /// False positive, and the rule has to change.
    IncorrectCorrelationRule,
}

/// The text is none of the reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownReason;

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 3] = [Self::Responded, Self::IncorrectData, Self::IncorrectCorrelationRule];

    /// The reason as KUMA writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Responded => "responded",
            Self::IncorrectData => "incorrect data",
            Self::IncorrectCorrelationRule => "incorrect correlation rule",
        }
    }
}

impl FromStr for Reason {
    type Err = UnknownReason;

    /// In any case and with spaces around: the vendor's R-Vision template writes the reasons
    /// capitalised and with a stray trailing space.
    fn from_str(text: &str) -> Result<Self, UnknownReason> {
        let text = text.trim();
        Self::ALL.into_iter().find(|reason| reason.as_str().eq_ignore_ascii_case(text)).ok_or(UnknownReason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_of_the_vendor_are_read() {
        for (text, reason) in [
            ("responded", Reason::Responded),
            ("Responded ", Reason::Responded),
            (" Incorrect Data", Reason::IncorrectData),
            ("INCORRECT CORRELATION RULE", Reason::IncorrectCorrelationRule),
        ] {
            assert_eq!(text.parse(), Ok(reason));
        }
        for text in ["", "incorrect", "closed", "incorrect  data"] {
            assert_eq!(text.parse::<Reason>(), Err(UnknownReason));
        }
    }
}
