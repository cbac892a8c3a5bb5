use anaplan_tasks::region::{Region, Service};

/// The three addresses of a region.
fn addresses(name: &str) -> [String; 3] {
    let region = Region::parse(name).unwrap();
    [Service::Api, Service::Auth, Service::OAuth]
        .map(|service| region.base_url(service).to_string())
}

const FIRST: [&str; 3] =
    ["https://api.anaplan.com/2/0", "https://auth.anaplan.com", "https://us1a.app.anaplan.com"];

#[test]
fn the_first_ones_share_their_hosts() {
    for name in ["us1", "us2", "us5", "us7", "eu1", "eu2", "eu4", "ap1"] {
        assert_eq!(addresses(name), FIRST, "{name}");
    }
    let default = Region::default();
    assert_eq!(default.base_url(Service::Api).to_string(), FIRST[0]);
    assert_eq!(default, Region::parse("us1").unwrap());
}

#[test]
fn the_others_have_their_own() {
    for name in ["us9", "eu3", "eu5", "gb1", "sg1", "ae1", "in1", "id1", "me1"] {
        let expected = [
            format!("https://{name}.api.anaplan.com/2/0"),
            format!("https://{name}.auth.anaplan.com"),
            format!("https://{name}.app.anaplan.com"),
        ];
        assert_eq!(addresses(name), expected);
    }
    assert_eq!(
        addresses("ca1"),
        [
            "https://ca1a.api.anaplan.com/2/0",
            "https://ca1a.auth.anaplan.com",
            "https://ca1a.app.anaplan.com"
        ]
    );
    assert_eq!(
        addresses("au1"),
        [
            "https://au1a.api2.anaplan.com/2/0",
            "https://au1a.app2.anaplan.com",
            "https://au1a.app2.anaplan.com"
        ]
    );
}

#[test]
fn an_unknown_one_is_told_which_there_are() {
    for name in ["", " ", "us3", "US1", "us", "us1 ", "us1 us2", "eu3.evil.example", "mars"] {
        let error = Region::parse(name).unwrap_err().to_string();
        assert!(error.starts_with("region: expected us1, us2, "), "{error}");
        // Each that is named there is one.
        let list = error.split("expected ").nth(1).unwrap().split(';').next().unwrap();
        let names: Vec<&str> = list.split(", ").flat_map(|part| part.split(" or ")).collect();
        assert_eq!(names.len(), 19);
        for name in names {
            assert!(Region::parse(name).is_ok(), "{name}");
        }
    }
}
