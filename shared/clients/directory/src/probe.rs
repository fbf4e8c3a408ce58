//! Questions of somebody who tries settings out.

use ldap3::Scope;

use crate::{
    attribute::Attribute,
    directory::Connection,
    fault::{Error, Fault},
    filter::Filter,
    search::Request,
};

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

    /// Whether there is a group of this DN, for all that the account may read.
    ///
    /// # Errors
    ///
    /// Whatever a search can fail with.
    pub async fn has_group(&mut self, dn: &str) -> Result<bool, Error> {
        let class = Attribute::known("objectClass");
        match self.finds(dn, Filter::eq(&class, "group"), class).await {
            Err(Error { fault: Fault::BaseNotFound | Fault::BaseInvalid, .. }) => Ok(false),
            result => result,
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
        let request = Request::new(dn, filter, [attribute.clone()]).with_scope(Scope::Base);
        let mut search = self.search(request.with_max_entries(1));
        let mut found = false;
        while let Some(page) = search.next_page().await? {
            found |= page.iter().any(|entry| entry.bytes(attribute.as_str()).is_some());
        }
        Ok(found)
    }
}
