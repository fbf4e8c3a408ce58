//! Questions of somebody who tries settings out.

use ldap3::Scope;

use crate::{
    attribute::Attribute,
    directory::Connection,
    entry::Entry,
    fault::{Error, Fault},
    filter::Filter,
    search::Request,
};

/// The bit of a group for security in `groupType` ([MS-ADTS] 2.2.12).
const SECURITY: i64 = 0x8000_0000;

impl Connection {
    /// Whether something at this DN can be read.
    ///
    /// # Errors
    ///
    /// [`Fault::BaseNotFound`] when the server says that nothing is there; whatever a search can fail with.
    pub async fn reads(&mut self, dn: &str) -> Result<bool, Error> {
        let class = Attribute::known("objectClass");
        self.finds(dn, Filter::present(&class), class).await
    }

    /// Whether there is a group of this DN that counts for a sign-in, for all that the account may read. A
    /// distribution group does not: it is in nobody's `tokenGroups`.
    ///
    /// # Errors
    ///
    /// Whatever a search can fail with.
    pub async fn has_group(&mut self, dn: &str) -> Result<bool, Error> {
        let (class, kind) = (Attribute::known("objectClass"), Attribute::known("groupType"));
        match self.at(dn, Filter::eq(&class, "group"), [class, kind]).await {
            Err(Error { fault: Fault::BaseNotFound | Fault::BaseInvalid, .. }) => Ok(false),
            result => Ok(result?.iter().any(is_for_security)),
        }
    }

    /// Whether the server tells who has signed in, without which [`verify`](crate::Directory::verify) does
    /// not work.
    ///
    /// # Errors
    ///
    /// [`Fault::NoToken`] when it does not; whatever a search can fail with.
    pub async fn tells_who(&mut self) -> Result<(), Error> {
        let class = Attribute::known("objectClass");
        let told = self.finds("", Filter::present(&class), Attribute::known("tokenGroups")).await?;
        if told { Ok(()) } else { Err(self.error(Fault::NoToken)) }
    }

    /// Whether there is an entry at this DN that matches and has the attribute.
    async fn finds(&mut self, dn: &str, filter: Filter, attribute: Attribute) -> Result<bool, Error> {
        let found = self.at(dn, filter, [attribute.clone()]).await?;
        Ok(found.iter().any(|entry| entry.bytes(attribute.as_str()).is_some()))
    }

    /// The entry at this DN, if it matches.
    async fn at<const N: usize>(
        &mut self,
        dn: &str,
        filter: Filter,
        attributes: [Attribute; N],
    ) -> Result<Vec<Entry>, Error> {
        let request = Request::new(dn, filter, attributes).with_scope(Scope::Base);
        let mut search = self.search(request.with_max_entries(1));
        let mut found = Vec::new();
        while let Some(page) = search.next_page().await? {
            found.extend(page);
        }
        Ok(found)
    }
}

/// Whether a group is one for security, or does not say what it is for.
fn is_for_security(group: &Entry) -> bool {
    let kind = group.text("groupType").and_then(|kind| kind.parse::<i64>().ok());
    kind.is_none_or(|kind| kind & SECURITY != 0)
}
