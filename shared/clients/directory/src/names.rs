//! From the names of hosts to their addresses.

use std::{
    collections::BTreeMap,
    io,
    net::{IpAddr, SocketAddr},
};

use bridge_domain::ldap::address::{Host, Server};
use tokio::net::lookup_host;

/// Where the addresses of names come from.
#[derive(Clone, Debug, Default)]
pub enum Names {
    /// The system's name service.
    #[default]
    System,
    /// This table and nothing else: names in lower case. For machines whose name service does not know
    /// the domain.
    Fixed(BTreeMap<String, Vec<IpAddr>>),
}

impl Names {
    /// A table from pairs of a name and an address. A name may come several times.
    pub fn fixed<N: Into<String>>(pairs: impl IntoIterator<Item = (N, IpAddr)>) -> Self {
        let mut table: BTreeMap<String, Vec<IpAddr>> = BTreeMap::new();
        for (name, ip) in pairs {
            table.entry(name.into().to_ascii_lowercase()).or_default().push(ip);
        }
        Self::Fixed(table)
    }

    /// The addresses of a server; none when its name is not known.
    pub(crate) async fn addresses(&self, server: &Server) -> io::Result<Vec<SocketAddr>> {
        let port = server.port;
        match (&server.host, self) {
            (Host::Ip(ip), _) => Ok(vec![SocketAddr::new(*ip, port)]),
            // The system's resolver blocks: tokio asks it on a thread that is made for that.
            (Host::Name(name), Self::System) => Ok(lookup_host((name.as_str(), port)).await?.collect()),
            (Host::Name(name), Self::Fixed(table)) => {
                let ips = table.get(name).map(Vec::as_slice).unwrap_or_default();
                Ok(ips.iter().map(|ip| SocketAddr::new(*ip, port)).collect())
            }
        }
    }
}
