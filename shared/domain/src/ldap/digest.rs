//! What an account is found by, in a few bytes: a search walks through the digests of a tenant and reads
//! only the accounts that it may mean.
//!
//! A digest says surely what an account is not found by. What it does not deny is there but for one term in
//! four billion, so whoever finds an account by it reads it and asks [`Search::fits`].

use sha2::{Digest as _, Sha256};

use super::{
    account::Account,
    account_search::{Field, Search},
};

/// Most bytes of a digest. An ordinary account has a hundred.
pub const DIGEST_LIMIT: usize = 4_000;
/// The form that is written here.
const VERSION: u8 = 1;
/// The digest of an account that is found by more than fits.
const ANYTHING: [u8; 1] = [0];

/// A field and a term of it.
type Hash = [u8; 4];

/// What a digest says of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It does not fit.
    No,
    /// It fits, as far as hashes tell.
    Fits,
    /// It has to be read.
    Unknown,
}

/// The digest of an account.
#[must_use]
pub fn digest(account: &Account) -> Vec<u8> {
    let mut hashes: Vec<Hash> =
        Field::ALL.iter().flat_map(|field| field.terms(account).map(|term| hash(*field, &term))).collect();
    hashes.sort_unstable();
    hashes.dedup();
    if 1 + hashes.len() * size_of::<Hash>() > DIGEST_LIMIT {
        return ANYTHING.to_vec();
    }
    let mut bytes = vec![VERSION];
    bytes.extend(hashes.as_flattened());
    bytes
}

/// A search, ready to judge digests.
#[derive(Clone, PartialEq, Eq)]
pub struct Sieve(Vec<Vec<Hash>>);

impl std::fmt::Debug for Sieve {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sieve").field("fields", &self.0.len()).finish()
    }
}

impl Sieve {
    /// What a search asks for.
    #[must_use]
    pub fn new(search: &Search) -> Self {
        let hashes = |field, values: &std::collections::BTreeSet<String>| {
            values.iter().map(|value| hash(field, value)).collect()
        };
        Self(search.wanted.iter().map(|(field, values)| hashes(*field, values)).collect())
    }

    /// What is known of the account that has this digest. One in another form than this version writes
    /// says nothing.
    #[must_use]
    pub fn judge(&self, digest: &[u8]) -> Verdict {
        if self.0.is_empty() {
            return Verdict::Fits;
        }
        let Some((&VERSION, bytes)) = digest.split_first() else { return Verdict::Unknown };
        let (hashes, []) = bytes.as_chunks() else { return Verdict::Unknown };
        let has = |hash: &Hash| hashes.binary_search(hash).is_ok();
        if self.0.iter().all(|any| any.iter().any(has)) { Verdict::Fits } else { Verdict::No }
    }
}

fn hash(field: Field, term: &str) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update(field.as_str());
    hasher.update([0]);
    hasher.update(term);
    let [a, b, c, d, ..] = <[u8; 32]>::from(hasher.finalize());
    [a, b, c, d]
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;
    use crate::{
        Timestamp,
        ldap::{
            account::{Account, Values},
            guid::Guid,
        },
    };

    fn account(dn: &str, attributes: &[(Field, Vec<String>)]) -> Account {
        Account {
            id: Guid::from_bytes(&[9; 16]).unwrap(),
            tenant: "t".parse().unwrap(),
            connection: "c".parse().unwrap(),
            dn: dn.to_owned(),
            attributes: attributes
                .iter()
                .map(|(field, values)| (field.as_str().to_owned(), Values::Many(values.clone())))
                .collect(),
            truncated: BTreeMap::new(),
            received: Timestamp::MIN,
            expires: None,
        }
    }

    fn search(wanted: &[(Field, String)]) -> Search {
        let wanted = wanted.iter().map(|(field, term)| (*field, BTreeSet::from([term.clone()])));
        Search { page: 1, tenants: None, wanted: wanted.collect() }
    }

    fn groups(count: usize) -> Account {
        account("CN=a", &[(Field::MemberOf, (0..count).map(|n| format!("CN=Group {n}")).collect())])
    }

    #[test]
    fn an_account_that_is_found_by_too_much_may_be_anything() {
        let wanted = |term: &str| Sieve::new(&search(&[(Field::MemberOf, term.to_owned())]));
        // The DN is a term as well.
        let full = digest(&groups(998));
        assert_eq!(full.len(), 1 + 999 * 4);
        assert_eq!(wanted("cn=group 997").judge(&full), Verdict::Fits);
        assert_eq!(wanted("cn=group 998").judge(&full), Verdict::No);
        for count in [999, 20_000] {
            let over = digest(&groups(count));
            assert_eq!(over, ANYTHING);
            assert_eq!(wanted("cn=group 5").judge(&over), Verdict::Unknown);
            assert_eq!(Sieve::new(&search(&[])).judge(&over), Verdict::Fits);
        }
    }

    #[test]
    fn a_digest_of_another_form_says_nothing() {
        let sieve = Sieve::new(&search(&[(Field::Mail, "a".to_owned())]));
        for bytes in [&[][..], &[0], &[2, 1, 2, 3, 4], &[1, 1, 2]] {
            assert_eq!(sieve.judge(bytes), Verdict::Unknown, "{bytes:?}");
        }
        assert_eq!(sieve.judge(&[1]), Verdict::No);
    }

    fn attributes() -> impl Strategy<Value = Vec<(Field, Vec<String>)>> {
        let field = (0..Field::ALL.len()).prop_map(|index| Field::ALL[index]);
        proptest::collection::vec((field, proptest::collection::vec("\\PC{0,6}", 0..5)), 0..9)
    }

    proptest! {
        #[test]
        fn what_an_account_has_is_never_denied(dn in "\\PC{0,9}", attributes in attributes()) {
            let account = account(&dn, &attributes);
            let digest = digest(&account);
            prop_assert!(digest.len() <= DIGEST_LIMIT);
            for field in Field::ALL {
                for term in field.terms(&account) {
                    let search = search(&[(*field, term)]);
                    prop_assert!(search.fits(&account));
                    prop_assert_eq!(Sieve::new(&search).judge(&digest), Verdict::Fits);
                }
            }
        }

        #[test]
        fn what_fits_is_found_whatever_is_asked(
            attributes in attributes(), wanted in proptest::collection::vec((0..9_usize, "[a-c]?"), 0..3),
        ) {
            let account = account("a", &attributes);
            let wanted: Vec<_> = wanted.into_iter().map(|(index, term)| (Field::ALL[index], term)).collect();
            let search = search(&wanted);
            let verdict = Sieve::new(&search).judge(&digest(&account));
            prop_assert_eq!(verdict == Verdict::Fits, search.fits(&account));
        }

        #[test]
        fn no_digest_makes_it_panic(bytes: Vec<u8>, term in "\\PC{0,5}") {
            let _ = Sieve::new(&search(&[(Field::Mail, term)])).judge(&bytes);
        }
    }
}
