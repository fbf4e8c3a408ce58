use std::{collections::BTreeSet, fmt::Debug, str::FromStr};

use serde::{Serialize, de::DeserializeOwned};

use super::*;

/// Every value comes back from both of its texts, and no two share one.
fn round_trips<T>(
    all: &[T],
    english: fn(T) -> &'static str,
    wire: fn(T) -> &'static str,
    back: fn(&str) -> Option<T>,
) where
    T: Copy + Debug + PartialEq + FromStr<Err = UnknownValue> + Serialize + DeserializeOwned,
{
    for &value in all {
        assert_eq!(english(value).parse(), Ok(value));
        assert_eq!(back(wire(value)), Some(value));
        let json = serde_json::to_string(&value).unwrap();
        assert_eq!(json, format!("\"{}\"", english(value)));
        assert_eq!(serde_json::from_str::<T>(&json).unwrap(), value);
        assert!(english(value).is_ascii(), "{value:?}");
    }
    for texts in [english, wire] {
        let distinct: BTreeSet<_> = all.iter().map(|value| texts(*value)).collect();
        assert_eq!(distinct.len(), all.len());
    }
    assert!("".parse::<T>().is_err() && back("").is_none());
}

macro_rules! all_round_trip {
    ($($name:ident: $count:literal,)+) => {$(
        assert_eq!($name::ALL.len(), $count, stringify!($name));
        round_trips($name::ALL, $name::as_str, $name::wire, $name::from_wire);
    )+};
}

#[test]
fn every_value_of_every_list_round_trips() {
    all_round_trip! {
        Category: 3, Kind: 21, Tlp: 4, ActivityStatus: 4, Impact: 3, SystemCategory: 5, Scope: 16,
        ProductCategory: 24, IndicatorFunction: 4, NotificationStatus: 6, NoticeStatus: 5, NoticeResult: 3,
    }
}

#[test]
fn every_category_has_its_types_and_none_that_was_removed() {
    let counts = Category::ALL.iter().map(|category| Kind::of(*category).count());
    assert_eq!(counts.collect::<Vec<_>>(), [10, 7, 1]);
    let removed: Vec<_> = Kind::ALL.iter().filter(|kind| kind.removed()).collect();
    assert_eq!(removed.len(), 3);
    for kind in removed {
        let instead = kind.instead().unwrap();
        assert!(!instead.removed() && instead.category() == kind.category());
    }
}

#[test]
fn an_unknown_value_is_told_what_there_is() {
    let error = "canary".parse::<Tlp>().unwrap_err();
    assert_eq!(error.to_string(), "must be one of: WHITE; GREEN; AMBER; RED");
}

#[test]
fn a_location_is_a_code_and_may_be_unknown() {
    for (text, known) in
        [("RU-MOW", true), ("RU-AD", true), ("RU-ZAB", true), ("RU-QQ", false), ("RU-ALTX", false)]
    {
        assert_eq!(text.parse::<Location>().is_ok_and(|location| location.known()), known, "{text}");
    }
    assert!("RU-QQ".parse::<Location>().is_ok());
    for text in ["", "RU-", "RU-A", "RU-ABCD", "ru-MOW", "RU-mow", "RU-ЯЯ", "US-NY", "RU-A ", "MOW"] {
        assert_eq!(text.parse::<Location>(), Err(LocationError), "{text}");
    }
}
