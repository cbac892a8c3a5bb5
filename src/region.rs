//! Where Anaplan keeps tenants, and by which hosts each of these places answers.

#![forbid(unsafe_code)]

use crate::reference::{BaseUrl, Invalid};

/// One of Anaplan's data centres, by name; the first ones have none, for they share their hosts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Region(&'static str);

/// What answers there, each by a host of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// The API itself.
    Api,
    /// The authentication service: users, passwords, certificates.
    Auth,
    /// OAuth.
    OAuth,
}

/// All there are. The first eight share their hosts.
const ALL: &str = "us1 us2 us5 us7 eu1 eu2 eu4 ap1 us9 eu3 eu5 gb1 sg1 ae1 in1 id1 me1 ca1 au1";
const FIRST: usize = 8;

impl Region {
    /// Parses a region's name, as Anaplan's pages spell it.
    pub fn parse(name: &str) -> Result<Self, Invalid> {
        const EXPECTED: &str = "us1, us2, us5, us7, eu1, eu2, eu4, ap1, us9, eu3, eu5, gb1, sg1, ae1, \
             in1, id1, me1, ca1 or au1; for another, give baseUrl, authUrl and oauthUrl";
        match ALL.split(' ').enumerate().find(|(_, known)| *known == name) {
            Some((at, _)) if at < FIRST => Ok(Self::default()),
            Some((_, known)) => Ok(Self(known)),
            None => Err(Invalid::new("region", EXPECTED, "another word")),
        }
    }

    /// Where a service answers.
    pub fn base_url(self, service: Service) -> BaseUrl {
        let (plain, path) = match service {
            Service::Api => ("api", "/2/0"),
            Service::Auth => ("auth", ""),
            Service::OAuth => ("app", ""),
        };
        // Those of ca1 and au1 are as clients have them, not as Anaplan's pages do.
        let (more, word) = match (self.0, service) {
            ("", Service::OAuth) => ("us1a.", plain),
            ("", _) => ("", plain),
            ("ca1", _) => ("a.", plain),
            ("au1", Service::Api) => ("a.", "api2"),
            ("au1", _) => ("a.", "app2"),
            _ => (".", plain),
        };
        let mut url = "https://".to_owned();
        for part in [self.0, more, word, ".anaplan.com", path] {
            url.push_str(part);
        }
        BaseUrl::known(url)
    }
}
