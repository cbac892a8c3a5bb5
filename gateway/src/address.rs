//! The address of a request.

#![forbid(unsafe_code)]

/// An address, taken apart and not decoded: what is encoded in it has no place here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Url<'a> {
    /// Scheme, host and port.
    pub origin: &'a str,
    /// Host and port.
    pub host: &'a str,
    /// From its first slash on.
    pub path: &'a str,
    /// Without its question mark; empty where there is none.
    pub query: &'a str,
}

impl<'a> Url<'a> {
    /// Reads an absolute address.
    pub fn read(url: &'a str) -> Option<Self> {
        let url = url.split_once('#').map_or(url, |(url, _)| url);
        let (address, query) = url.split_once('?').unwrap_or((url, ""));
        let (_scheme, rest) = address.split_once("://")?;
        let slash = rest.find('/')?;
        let (host, path) = rest.split_at_checked(slash)?;
        let origin = address.get(..address.len().checked_sub(path.len())?)?;
        Some(Self { origin, host, path, query })
    }
}
