//! Addresses of controllers: `host:port[,host:port...]`.
//!
//! KUMA documents, "Creating an LDAP server connection": several servers of one domain, separated by
//! commas, are asked in turn; with TLS no IP address may stand there, since a certificate names a host.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::form::text;

/// Most controllers of one connection. Together with the longest time-out, trying all of them in vain is
/// done within the life of a function.
pub const SERVERS_LIMIT: usize = 8;
/// Longest list, in characters.
const LIMIT: usize = 2_048;

/// A host: a name in lower case, in ASCII, or an address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Host {
    /// A name.
    Name(String),
    /// An address.
    Ip(IpAddr),
}

impl fmt::Display for Host {
    /// As in a URL: an IPv6 address in brackets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Ip(IpAddr::V4(ip)) => ip.fmt(f),
            Self::Ip(IpAddr::V6(ip)) => write!(f, "[{ip}]"),
        }
    }
}

/// One controller. It prints as `host:port`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Server {
    /// Where it is.
    pub host: Host,
    /// Its port, 1 to 65535.
    pub port: u16,
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// Why a list can not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Nothing there, or too much.
    #[error("must be 1 to {SERVERS_LIMIT} servers as host:port, separated by commas")]
    Count,
    /// With a scheme or a path.
    #[error("server {0} must be host:port without ldap:// and without a path")]
    Scheme(usize),
    /// Without a port, or not one from 1 to 65535.
    #[error("server {0} must end in a port from 1 to 65535, for example dc1.example.com:389")]
    Port(usize),
    /// Neither a name nor an address.
    #[error("server {0} must begin with a host name, an IPv4 address, or an IPv6 address in brackets")]
    Host(usize),
    /// There twice.
    #[error("server {0} is there twice")]
    Twice(usize),
}

/// The controllers of one connection, in the order in which they are tried. Stored and shown as one text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Servers(Vec<Server>);

impl Servers {
    /// Each of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Server> {
        self.0.iter()
    }

    /// The place of the first, from 1, that TLS can not be used with.
    #[must_use]
    pub fn without_name(&self) -> Option<usize> {
        self.0.iter().position(|server| matches!(server.host, Host::Ip(_))).map(|at| at + 1)
    }

    /// The first host that both have, whatever the ports.
    #[must_use]
    pub fn shared_host(&self, other: &Self) -> Option<&Host> {
        self.0.iter().map(|server| &server.host).find(|host| other.0.iter().any(|other| other.host == **host))
    }

    /// Reads the value of a field.
    ///
    /// # Errors
    /// Names the server by its place, from 1, and says what is wrong with it.
    pub fn read(value: Value) -> Result<Self, String> {
        text(value)?.parse().map_err(|error: AddressError| error.to_string())
    }
}

impl FromStr for Servers {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let count = text.split(',').count();
        if text.trim().is_empty() || text.len() > LIMIT || count > SERVERS_LIMIT {
            return Err(AddressError::Count);
        }
        let mut servers = Vec::with_capacity(count);
        for (place, text) in (1..).zip(text.split(',')) {
            let server = server(text.trim(), place)?;
            if servers.contains(&server) {
                return Err(AddressError::Twice(place));
            }
            servers.push(server);
        }
        Ok(Self(servers))
    }
}

fn server(text: &str, place: usize) -> Result<Server, AddressError> {
    if text.contains('/') {
        return Err(AddressError::Scheme(place));
    }
    let (host, port) = text.rsplit_once(':').ok_or(AddressError::Port(place))?;
    // A bare IPv6 address has colons of its own.
    let plain = !port.is_empty() && port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit());
    let port = port.parse().ok().filter(|port| plain && *port != 0).ok_or(AddressError::Port(place))?;
    Ok(Server { host: self::host(host).ok_or(AddressError::Host(place))?, port })
}

fn host(text: &str) -> Option<Host> {
    if let Some(inner) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return inner.parse::<Ipv6Addr>().ok().map(|ip| Host::Ip(ip.into()));
    }
    if let Ok(ip) = text.parse::<Ipv4Addr>() {
        return Some(Host::Ip(ip.into()));
    }
    // The parser decodes per cent signs.
    let odd = |c: char| c.is_whitespace() || c.is_control() || c == '%';
    if text.contains(odd) {
        return None;
    }
    let url::Host::Domain(name) = url::Host::parse(text).ok()? else { return None };
    let label = |label: &str| {
        let inner = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        inner && (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-')
    };
    (name.len() <= 253 && name.split('.').all(label)).then_some(Host::Name(name))
}

impl fmt::Display for Servers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, server) in self.0.iter().enumerate() {
            let comma = if place == 0 { "" } else { "," };
            write!(f, "{comma}{server}")?;
        }
        Ok(())
    }
}

impl Serialize for Servers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Servers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
