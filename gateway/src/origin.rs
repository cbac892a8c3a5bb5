//! Whose pages may ask. A browser sends a page's request with whatever session its user has, so what
//! changes something must come from a page of this very site, or of one that was named.

#![forbid(unsafe_code)]

/// What a browser says of where a request comes from. Pages cannot change it; other programs say
/// what they like, and have no user's session.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sender<'a> {
    /// `Sec-Fetch-Site`.
    pub site: Option<&'a str>,
    /// `Origin`.
    pub origin: Option<&'a str>,
}

/// Origins that were named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origins {
    named: Vec<String>,
    /// Whether programs, which are no browsers, may change something.
    programs: bool,
}

/// A request that may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admitted<'a> {
    /// From this site, or from no page.
    Own,
    /// From a page of an origin that was named, which must be told so.
    Named(&'a str),
}

impl Origins {
    /// Takes origins as browsers write them.
    pub fn new(named: Vec<String>, programs: bool) -> Self {
        Self { named, programs }
    }

    /// Whether pages of this origin may ask, beside those of this site.
    pub fn names(&self, origin: &str) -> bool {
        self.named.iter().any(|named| named == origin)
    }

    /// Decides on a request to `own`, which is its scheme, host and port.
    pub fn admit<'a>(&self, sender: Sender<'a>, own: &str, changes: bool) -> Option<Admitted<'a>> {
        let Sender { site, origin } = sender;
        if let Some(origin) = origin.filter(|origin| self.names(origin)) {
            return Some(Admitted::Named(origin));
        }
        let is_own = match (site, origin) {
            (Some("same-origin"), _) => true,
            // A user who typed the address. Nobody types what changes something.
            (Some("none"), None) => !changes,
            (Some(_), _) => false,
            (None, Some(origin)) => is_same(origin, own),
            // No browser of today.
            (None, None) => !changes || self.programs,
        };
        is_own.then_some(Admitted::Own)
    }
}

/// Whether these are one origin. Before a proxy that ends TLS, the page's is https and ours is not.
fn is_same(origin: &str, own: &str) -> bool {
    let host = |text: &'_ str| text.split_once("://").map(|(_, host)| host.to_ascii_lowercase());
    origin == own || (origin.starts_with("https://") && host(origin) == host(own))
}
