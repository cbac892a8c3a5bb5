use anaplan_tasks_gateway::origin::{Admitted, Origins, Sender};
use proptest::prelude::*;

const OWN: &str = "https://planning.example";
const NAMED: &str = "https://portal.example:8443";

fn origins(programs: bool) -> Origins {
    Origins::new(vec![NAMED.to_owned(), "http://localhost:3000".to_owned()], programs)
}

#[derive(Debug, PartialEq)]
enum Verdict {
    /// As a page of this site, or as no page.
    Own,
    /// The same, to look and not to change.
    Looks,
    /// As a page of an origin that was named.
    Named,
    Refused,
}

use Verdict::{Looks, Named, Own, Refused};

fn verdict(own: &str, site: Option<&str>, origin: Option<&str>) -> Verdict {
    verdict_of(&origins(false), own, site, origin)
}

fn verdict_of(origins: &Origins, own: &str, site: Option<&str>, origin: Option<&str>) -> Verdict {
    let admit = |changes| origins.admit(Sender { site, origin }, own, changes);
    match (admit(false), admit(true)) {
        (Some(Admitted::Own), Some(Admitted::Own)) => Own,
        (Some(Admitted::Own), None) => Looks,
        (Some(Admitted::Named(one)), Some(Admitted::Named(two))) => {
            assert_eq!((Some(one), Some(two)), (origin, origin), "it is told its own name");
            Named
        }
        (None, None) => Refused,
        other => panic!("{other:?}"),
    }
}

#[test]
fn who_may_ask_follows_from_what_the_browser_says() {
    let foreign = Some("https://evil.example");
    let null = Some("null");
    let all = [
        // A page of this site. Old browsers leave `Origin` out, and today's do for a GET.
        (Some("same-origin"), None, Own),
        (Some("same-origin"), Some(OWN), Own),
        // What `Sec-Fetch-Site` says is not for pages to say.
        (Some("same-origin"), null, Own),
        // A user who typed the address.
        (Some("none"), None, Looks),
        (Some("none"), Some(OWN), Refused),
        (Some("none"), foreign, Refused),
        // Others, some of them under the same registered name.
        (Some("same-site"), None, Refused),
        (Some("same-site"), Some(OWN), Refused),
        (Some("same-site"), Some("https://blog.planning.example"), Refused),
        (Some("cross-site"), None, Refused),
        (Some("cross-site"), foreign, Refused),
        (Some("cross-site"), null, Refused),
        (Some("cross-site"), Some(OWN), Refused),
        // Words that there are not.
        (Some(""), None, Refused),
        (Some("Same-Origin"), None, Refused),
        (Some("same-origin, cross-site"), None, Refused),
        (Some("same-origin "), Some(OWN), Refused),
        // A browser that does not say, and other programs.
        (None, None, Looks),
        (None, Some(OWN), Own),
        (None, foreign, Refused),
        (None, null, Refused),
        (None, Some(""), Refused),
        (None, Some("http://planning.example"), Refused),
        (None, Some("https://planning.example:8443"), Refused),
        (None, Some("https://planning.example.evil.example"), Refused),
        (None, Some("https://planning.example/"), Refused),
        (None, Some("planning.example"), Refused),
        // Origins that were named, wherever the browser sees them.
        (Some("cross-site"), Some(NAMED), Named),
        (Some("same-site"), Some(NAMED), Named),
        (Some("none"), Some(NAMED), Named),
        (None, Some(NAMED), Named),
        (None, Some("http://localhost:3000"), Named),
        // And what only looks like them.
        (Some("cross-site"), Some("https://portal.example"), Refused),
        (Some("cross-site"), Some("http://portal.example:8443"), Refused),
        (Some("cross-site"), Some("https://PORTAL.example:8443"), Refused),
        (Some("cross-site"), Some("https://portal.example:8443/"), Refused),
        (Some("cross-site"), Some("https://x.portal.example:8443"), Refused),
        (None, Some("https://localhost:3000"), Refused),
    ];
    for (site, origin, expected) in all {
        assert_eq!(verdict(OWN, site, origin), expected, "{site:?} {origin:?}");
        // Where programs may change something, that goes for those who say nothing alone.
        let with_programs = if (site, origin) == (None, None) { Own } else { expected };
        let origins = origins(true);
        assert_eq!(verdict_of(&origins, OWN, site, origin), with_programs, "{site:?} {origin:?}");
    }
}

#[test]
fn behind_a_proxy_that_ends_tls_the_page_is_https_and_the_request_is_not() {
    let own = "http://Planning.example";
    assert_eq!(verdict(own, None, Some("https://planning.example")), Own);
    assert_eq!(verdict(own, None, Some("http://Planning.example")), Own);
    assert_eq!(verdict(own, None, Some("https://planning.example:8443")), Refused);
    assert_eq!(verdict(own, None, Some("https://evil.example")), Refused);
    assert_eq!(verdict("http://[::1]:8080", None, Some("https://[::1]:8080")), Own);
    assert_eq!(verdict("http://[::1]:8080", None, Some("https://[::2]:8080")), Refused);
    // The other way round it would be anybody on the wire.
    assert_eq!(verdict("https://planning.example", None, Some("http://planning.example")), Refused);
}

#[test]
fn without_a_host_nobody_is_the_same() {
    for (own, origin) in [("", "null"), ("", "https://"), ("null", "https://x"), ("x", "https://x")]
    {
        assert_eq!(verdict(own, None, Some(origin)), Refused, "{own:?} {origin:?}");
    }
}

#[test]
fn an_origin_is_named_letter_by_letter() {
    let origins = origins(false);
    assert!(origins.names(NAMED) && origins.names("http://localhost:3000"));
    for other in ["", "*", "null", "https://portal.example", "http://localhost", "localhost:3000"] {
        assert!(!origins.names(other), "{other:?}");
    }
    assert!(!Origins::default().names(""));
    assert_eq!(Origins::new(Vec::new(), false), Origins::default(), "nobody, unless told so");
}

proptest! {
    #[test]
    fn nothing_changes_without_a_word_for_it(
        site in prop::option::of(prop_oneof![".*", "(same-origin|same-site|cross-site|none)"]),
        origin in prop::option::of(prop_oneof![".*", "https?://(planning|portal)\\.example(:8443)?"]),
        programs: bool,
    ) {
        let origins = origins(programs);
        let sender = Sender { site: site.as_deref(), origin: origin.as_deref() };
        let may_change = origins.admit(sender, OWN, true);
        let is_own = site.as_deref() == Some("same-origin")
            || (site.is_none() && origin.as_deref() == Some(OWN));
        let is_named = origin.as_deref().is_some_and(|origin| origins.names(origin));
        let is_program = programs && site.is_none() && origin.is_none();
        prop_assert_eq!(may_change.is_some(), is_own || is_named || is_program);
        if let Some(admitted) = may_change {
            prop_assert_eq!(matches!(admitted, Admitted::Named(_)), is_named);
            prop_assert_eq!(Some(admitted), origins.admit(sender, OWN, false));
        }
    }
}
