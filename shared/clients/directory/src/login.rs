//! Signing in as a user, and what groups the user belongs to.
//!
//! Who has signed in is asked of the server, not concluded from the name: a controller lets users of
//! other domains in as well, and one of ours may have the same account name. The root of Active
//! Directory's tree tells each connection the security identifiers it acts with, in `tokenGroups`
//! ([MS-ADTS] 3.1.1.3.2): those of the user, of all groups, nested ones and the primary one too. That is
//! exact, and much faster than following chains of members.

use std::collections::BTreeSet;

use bridge_domain::ldap::{decode, dn::Dn};
use ldap3::Scope;

use crate::{
    attribute::Attribute,
    credentials::Credentials,
    directory::{Connection, Directory},
    entry::Entry,
    fault::{Error, Fault},
    filter::Filter,
    search::Request,
};

/// Identifiers that one search asks for: servers limit how large a filter may be.
const CHUNK: usize = 100;
/// Most entries that may have the name of a user before it is no name any more.
const MAX_NAMESAKES: u64 = 10;

/// A group that a user belongs to, directly or through others.
#[derive(Clone, PartialEq, Eq)]
pub struct Group {
    /// Its distinguished name.
    pub dn: String,
    /// Its security identifier, as text.
    pub sid: String,
}

impl std::fmt::Debug for Group {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Group([redacted])")
    }
}

/// A user whose password was right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The user's entry, with the attributes that were asked for and `objectSid`.
    pub entry: Entry,
    /// The user's groups below the base.
    pub groups: Vec<Group>,
}

impl Verified {
    /// Whether the user belongs to the group of this name, directly or through others.
    #[must_use]
    pub fn is_member_of(&self, dn: &Dn) -> bool {
        self.groups.iter().any(|group| group.dn.parse::<Dn>().is_ok_and(|own| own == *dn))
    }
}

impl Directory {
    /// Signs in as a user, over a connection of its own, and reads the user's entry and groups below
    /// `base`.
    ///
    /// # Errors
    ///
    /// [`Fault::Bind`] when the sign-in is refused, [`Fault::NotFound`] when the user is not below `base`
    /// and [`Fault::NoToken`] when the server is no Active Directory; and whatever connecting and
    /// searching can fail with.
    pub async fn verify(
        &self,
        credentials: &Credentials,
        base: &str,
        attributes: impl IntoIterator<Item = Attribute>,
    ) -> Result<Verified, Error> {
        let mut connection = self.connect(credentials).await?;
        let names = Attributes::new();
        let token = token(&mut connection, &names).await?;
        let mut wanted: Vec<Attribute> = attributes.into_iter().collect();
        if !wanted.contains(&names.sid) {
            wanted.push(names.sid.clone());
        }
        let entry = user(&mut connection, credentials, base, wanted, &names, &token).await?;
        let groups = groups(&mut connection, base, &names, &token).await?;
        connection.close().await;
        Ok(Verified { entry, groups })
    }
}

/// The attributes that are asked for here.
struct Attributes {
    account: Attribute,
    class: Attribute,
    principal: Attribute,
    sid: Attribute,
    token: Attribute,
}

impl Attributes {
    fn new() -> Self {
        Self {
            account: Attribute::known("sAMAccountName"),
            class: Attribute::known("objectClass"),
            principal: Attribute::known("userPrincipalName"),
            sid: Attribute::known("objectSid"),
            token: Attribute::known("tokenGroups"),
        }
    }
}

/// The identifiers that the connection acts with.
async fn token(connection: &mut Connection, names: &Attributes) -> Result<BTreeSet<Vec<u8>>, Error> {
    let request =
        Request::new("", Filter::present(&names.class), [names.token.clone()]).with_scope(Scope::Base);
    let root = all(connection, request.with_max_entries(1)).await?;
    let sids: BTreeSet<Vec<u8>> =
        root.iter().flat_map(|root| root.all_bytes(names.token.as_str())).map(<[u8]>::to_vec).collect();
    if sids.is_empty() { Err(connection.error(Fault::NoToken)) } else { Ok(sids) }
}

/// The entry of who has signed in: of those with such a name the one whose identifier the connection has.
async fn user(
    connection: &mut Connection,
    credentials: &Credentials,
    base: &str,
    attributes: Vec<Attribute>,
    names: &Attributes,
    token: &BTreeSet<Vec<u8>>,
) -> Result<Entry, Error> {
    let (principal, account) = credentials.parts();
    let mut ways = vec![Filter::eq(&names.account, account)];
    ways.extend(principal.map(|principal| Filter::eq(&names.principal, principal)));
    let filter = Filter::and([Filter::eq(&names.class, "user"), Filter::or(ways)]);
    let request = Request::new(base, filter, attributes).with_max_entries(MAX_NAMESAKES);
    let mut found = all(connection, request).await?;
    found.retain(|entry| entry.bytes(names.sid.as_str()).is_some_and(|sid| token.contains(sid)));
    match (found.pop(), found.is_empty()) {
        (Some(entry), true) => Ok(entry),
        (Some(_), false) => Err(connection.error(Fault::Ambiguous)),
        (None, _) => Err(connection.error(Fault::NotFound)),
    }
}

/// The groups below `base` whose identifiers the connection has.
async fn groups(
    connection: &mut Connection,
    base: &str,
    names: &Attributes,
    token: &BTreeSet<Vec<u8>>,
) -> Result<Vec<Group>, Error> {
    let sids: Vec<&Vec<u8>> = token.iter().collect();
    let mut groups = Vec::new();
    for chunk in sids.chunks(CHUNK) {
        let any = Filter::or(chunk.iter().map(|sid| Filter::eq_bytes(&names.sid, sid)));
        let filter = Filter::and([Filter::eq(&names.class, "group"), any]);
        let found = all(connection, Request::new(base, filter, [names.sid.clone()])).await?;
        groups.extend(found.iter().filter_map(|entry| {
            let sid = decode::sid(entry.bytes(names.sid.as_str())?)?;
            Some(Group { dn: entry.dn()?.to_owned(), sid })
        }));
    }
    Ok(groups)
}

/// Every entry of a small search.
async fn all(connection: &mut Connection, request: Request) -> Result<Vec<Entry>, Error> {
    let mut search = connection.search(request);
    let mut entries = Vec::new();
    while let Some(page) = search.next_page().await? {
        entries.extend(page);
    }
    Ok(entries)
}
