//! How much is under way at once, in all and for each client.

#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddrV4};

/// Requests under way.
#[derive(Debug)]
pub struct Clients {
    most: f64,
    most_each: f64,
    all: f64,
    each: HashMap<Client, f64>,
}

/// Who asks, as far as an address says so.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Client {
    /// One address; of IPv6 the half that a single household or machine is given.
    Address(IpAddr),
    /// Whatever a server calls it.
    Other(String),
}

/// Too many requests are under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crowded {
    /// For this client.
    Client,
    /// In all.
    All,
}

impl Client {
    /// Reads an address.
    pub fn parse(text: &str) -> Self {
        const LONGEST: usize = 64;
        // Some proxies say the port, too, and then IPv6 in brackets.
        let inner = text.strip_prefix('[').and_then(|text| text.split_once(']'));
        let bare = inner.map_or(text, |(address, _)| address);
        let bare = bare.split_once('%').map_or(bare, |(address, _)| address);
        let address = bare.parse::<IpAddr>().ok();
        let with_port = || text.parse::<SocketAddrV4>().ok().map(|socket| IpAddr::V4(*socket.ip()));
        let address = address.or_else(with_port);
        match address.map(|address| address.to_canonical()) {
            Some(IpAddr::V6(address)) => {
                let network = address.to_bits() & !u128::from(u64::MAX);
                Self::Address(IpAddr::V6(Ipv6Addr::from_bits(network)))
            }
            Some(address) => Self::Address(address),
            None => Self::Other(text.chars().take(LONGEST).collect()),
        }
    }
}

impl Clients {
    /// Nobody yet; so many may be under way in all, and for each client.
    pub fn new(most: f64, most_each: f64) -> Self {
        Self { most, most_each, all: 0.0, each: HashMap::new() }
    }

    /// One more.
    pub fn enter(&mut self, client: Option<&Client>) -> Result<(), Crowded> {
        if self.all >= self.most {
            return Err(Crowded::All);
        }
        if let Some(client) = client {
            let count = self.each.get(client).copied().unwrap_or_default();
            if count >= self.most_each {
                return Err(Crowded::Client);
            }
            self.each.insert(client.clone(), count + 1.0);
        }
        self.all += 1.0;
        Ok(())
    }

    /// One less.
    pub fn leave(&mut self, client: Option<&Client>) {
        self.all -= 1.0;
        if let Some(client) = client
            && let Some(count) = self.each.get_mut(client)
        {
            *count -= 1.0;
            if *count < 1.0 {
                self.each.remove(client);
            }
        }
    }

    /// Whether nothing is under way.
    pub fn is_empty(&self) -> bool {
        self.all < 1.0
    }
}
