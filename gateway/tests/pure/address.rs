use anaplan_tasks_gateway::address::Url;
use proptest::prelude::*;

#[test]
fn an_address_is_taken_apart_where_its_parts_meet() {
    let url = Url::read("https://a.example:8443/anaplan/workspaces/w?limit=1&x=?#part?").unwrap();
    assert_eq!(url.origin, "https://a.example:8443");
    assert_eq!(url.host, "a.example:8443");
    assert_eq!(url.path, "/anaplan/workspaces/w");
    assert_eq!(url.query, "limit=1&x=?");
    let bare = Url::read("http://[::1]/").unwrap();
    assert_eq!((bare.origin, bare.host, bare.path, bare.query), ("http://[::1]", "[::1]", "/", ""));
}

#[test]
fn what_is_encoded_stays_so() {
    let url = Url::read("http://h/a%2Fb/..%2f/%00//c\\d").unwrap();
    assert_eq!(url.path, "/a%2Fb/..%2f/%00//c\\d");
}

#[test]
fn a_question_mark_or_a_hash_ends_the_path_whatever_comes_then() {
    assert_eq!(Url::read("http://h/a?b://c/d").unwrap().path, "/a");
    assert_eq!(Url::read("http://h/a#?b").unwrap().query, "");
    assert_eq!(Url::read("http://h?//x/"), None, "no path");
}

#[test]
fn what_is_no_absolute_address_is_none() {
    for text in ["", "/", "/anaplan/x", "h/x", "http:/h/x", "http://h", "://", "?", "#", "*"] {
        assert_eq!(Url::read(text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn anything_is_read_or_not_and_its_parts_are_those_of_the_text(text in any::<String>()) {
        if let Some(Url { origin, host, path, query }) = Url::read(&text) {
            prop_assert!(origin.ends_with(host));
            prop_assert!(path.starts_with('/'));
            let begins = format!("{origin}{path}");
            prop_assert!(text.starts_with(&begins));
            let rest = text.get(begins.len()..).unwrap_or_default();
            let asks = rest.strip_prefix('?').unwrap_or_default();
            prop_assert!(asks.starts_with(query));
        }
    }

    #[test]
    fn parts_that_hold_no_mark_come_back(
        host in "[a-z0-9.:-]{1,20}", path in "/[^?#]{0,40}", query in "[^#]{0,20}",
    ) {
        let text = format!("https://{host}{path}?{query}");
        let url = Url::read(&text).unwrap();
        prop_assert_eq!((url.host, url.path, url.query), (&*host, &*path, &*query));
    }
}
