//! Logging in, and who is let in.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic
)]

mod driver;

use anaplan_tasks_simulator::{Reply, Request};
use driver::*;
use serde_json::{Value, json};

const MINUTE: u64 = 60_000;

fn ask(driver: &mut Driver, method: &str, path: &str, authorization: Option<&str>) -> Reply {
    driver.send(&Request {
        method: method.into(),
        target: path.into(),
        headers: authorization
            .map(|value| ("Authorization".to_owned(), value.to_owned()))
            .into_iter()
            .collect(),
        body: Vec::new(),
    })
}

/// `user:password` of the ready tenant, in base64.
fn basic(driver: &Driver) -> String {
    let pair = format!(
        "{}:{}",
        driver.tenant["user"].as_str().unwrap(),
        driver.tenant["password"].as_str().unwrap()
    );
    format!("Basic {}", encode(pair.as_bytes()))
}

fn encode(bytes: &[u8]) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let bits = three.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte))
            << (8 * (3 - three.len()));
        for place in 0..4 {
            text.push(if place > three.len() {
                '='
            } else {
                char::from(DIGITS[(bits >> (18 - 6 * place) & 63) as usize])
            });
        }
    }
    text
}

#[test]
fn a_password_gives_a_token_that_is_let_in_for_35_minutes() {
    let mut driver = Driver::new();
    let basic = basic(&driver);
    let reply = ask(&mut driver, "POST", "/token/authenticate", Some(&basic));
    assert_eq!(reply.status, 201);
    let login = body(&reply);
    assert_eq!(login["status"], "SUCCESS");
    assert_eq!(login["statusMessage"], "Login successful");
    let info = &login["tokenInfo"];
    assert_eq!(info["expiresAt"], START + 35 * MINUTE);
    let names: Vec<&String> = info.as_object().unwrap().keys().collect();
    assert_eq!(names, ["expiresAt", "refreshTokenId", "tokenId", "tokenValue"]);

    let token = info["tokenValue"].as_str().unwrap();
    let target = driver.export(SUCCEEDS, "/tasks");
    driver.advance(35 * MINUTE - 1);
    for scheme in ["AnaplanAuthToken", "Bearer", "bearer"] {
        let header = format!("{scheme} {token}");
        assert_eq!(ask(&mut driver, "GET", &target, Some(&header)).status, 200, "{scheme}");
    }
    driver.advance(1);
    let header = format!("AnaplanAuthToken {token}");
    assert_error(&ask(&mut driver, "GET", &target, Some(&header)), 401, &target);
}

#[test]
fn the_printed_address_may_be_taken_for_the_host() {
    let mut driver = Driver::new();
    let basic = basic(&driver);
    let reply = ask(&mut driver, "POST", "/token/token/authenticate", Some(&basic));
    assert_eq!(reply.status, 201);
    let missing = ask(&mut driver, "POST", "/token/token", None);
    assert_eq!((missing.status, &body(&missing)["path"]), (404, &json!("/token/token")));
}

#[test]
fn nobody_else_is_let_in() {
    let mut driver = Driver::new();
    let (target, token) = (driver.export(SUCCEEDS, "/tasks"), driver.token().to_owned());
    for header in [
        None,
        Some(String::new()),
        Some(token.clone()),
        Some(format!("Basic {token}")),
        Some(format!("AnaplanAuthToken {token}x")),
        Some(format!("AnaplanAuthToken x {token}")),
    ] {
        let reply = ask(&mut driver, "GET", &target, header.as_deref());
        assert_error(&reply, 401, &target);
    }
}

#[test]
fn a_refresh_keeps_the_value_and_moves_the_end() {
    let mut driver = Driver::new();
    let header = format!("AnaplanAuthToken {}", driver.token());
    driver.advance(30 * MINUTE);
    let reply = ask(&mut driver, "POST", "/token/refresh", Some(&header));
    assert_eq!(reply.status, 200);
    let refreshed = body(&reply);
    assert_eq!(refreshed["statusMessage"], "Token refreshed");
    assert_eq!(refreshed["tokenInfo"]["tokenValue"], driver.token());
    assert_eq!(refreshed["tokenInfo"]["expiresAt"], START + 65 * MINUTE);

    driver.advance(30 * MINUTE);
    let reply = ask(&mut driver, "GET", "/token/validate", Some(&header));
    assert_eq!(reply.status, 200);
    let valid = body(&reply);
    assert_eq!(valid["statusMessage"], "Token validated");
    assert_eq!(valid["userInfo"]["userId"], driver.tenant["user"]);
    assert_eq!(valid["tokenInfo"].get("tokenValue"), None);

    driver.advance(5 * MINUTE);
    for (method, path) in [("GET", "/token/validate"), ("POST", "/token/refresh")] {
        let reply = ask(&mut driver, method, path, Some(&header));
        assert_eq!(
            (reply.status, &body(&reply)["status"]),
            (401, &json!("FAILURE_BAD_CREDENTIAL"))
        );
    }
}

#[test]
fn a_logged_out_token_is_refused_everywhere() {
    let mut driver = Driver::new();
    let header = format!("AnaplanAuthToken {}", driver.token());
    let reply = ask(&mut driver, "POST", "/token/logout", Some(&header));
    assert_eq!((reply.status, reply.body.len()), (204, 0));
    for (method, path) in [
        ("POST", "/token/logout".to_owned()),
        ("GET", "/token/validate".to_owned()),
        ("GET", driver.export(SUCCEEDS, "/tasks")),
    ] {
        assert_eq!(ask(&mut driver, method, &path, Some(&header)).status, 401, "{path}");
    }
    // Who asks the simulator itself gets a good one.
    driver.tenant = driver.simulator.describe(driver.now);
    let target = driver.export(SUCCEEDS, "/tasks");
    assert_eq!(driver.call("GET", &target).status, 200);
}

#[test]
fn a_malformed_header_has_the_status_that_each_call_gives_it() {
    let mut driver = Driver::new();
    let token = driver.token().to_owned();
    for (method, path, status) in [
        ("POST", "/token/authenticate", 401),
        ("POST", "/token/refresh", 400),
        ("GET", "/token/validate", 400),
        ("POST", "/token/logout", 401),
    ] {
        for header in [None, Some("x"), Some("Basic ?"), Some(&*format!("Bearer {token}"))] {
            let reply = ask(&mut driver, method, path, header);
            assert_eq!(reply.status, status, "{path} {header:?}");
            assert_eq!(body(&reply)["status"], "FAILURE_BAD_HEADER");
        }
    }
    for wrong in ["Basic YTpi", "CACertificate YTpi"] {
        let reply = ask(&mut driver, "POST", "/token/authenticate", Some(wrong));
        assert_eq!(
            (reply.status, &body(&reply)["status"]),
            (401, &json!("FAILURE_BAD_CREDENTIAL"))
        );
    }
    assert_error(&ask(&mut driver, "GET", "/token/refresh", None), 405, "/token/refresh");
    assert_error(&ask(&mut driver, "GET", "/token/x", None), 404, "/token/x");
    assert_error(&ask(&mut driver, "GET", "/tokens", None), 404, "/tokens");
    assert_error(&ask(&mut driver, "GET", "/2/00", None), 404, "/2/00");
}

const PEM: &str = "-----BEGIN CERTIFICATE-----\nMIIB\nAAAA\n-----END CERTIFICATE-----\n";

/// The body of a login by certificate.
fn signed(time: Option<u64>, random: usize, signature: usize) -> Value {
    let mut data = time.map(u64::to_be_bytes).map(Vec::from).unwrap_or_default();
    data.extend(vec![7; random]);
    json!({
        "encodedData": encode(&data),
        "encodedSignedData": encode(&vec![9; signature]),
        "encodedDataFormat": "v2",
    })
}

fn present(driver: &mut Driver, pem: &str, body: &Value) -> Reply {
    driver.send(&Request {
        method: "POST".into(),
        target: "/token/authenticate".into(),
        headers: vec![
            ("authorization".into(), format!("CACertificate {}", encode(pem.as_bytes()))),
            ("content-type".into(), "application/json".into()),
        ],
        body: body.to_string().into(),
    })
}

#[test]
fn a_certificate_gives_a_token_whatever_the_unit_of_its_time() {
    let mut driver = Driver::new();
    for time in [START, START / 1_000, START - 300_000, START + 300_000, START / 1_000 + 299] {
        let reply = present(&mut driver, PEM, &signed(Some(time), 100, 256));
        assert_eq!(reply.status, 201, "{time}: {}", text(&reply));
        let token = body(&reply)["tokenInfo"]["tokenValue"].as_str().unwrap().to_owned();
        let target = driver.export(SUCCEEDS, "/tasks");
        let header = format!("AnaplanAuthToken {token}");
        assert_eq!(ask(&mut driver, "GET", &target, Some(&header)).status, 200);
    }
}

#[test]
fn a_certificate_that_is_none_and_data_of_another_form_are_refused() {
    let mut driver = Driver::new();
    let good = signed(Some(START), 100, 256);
    let changed = |name: &str, value: Value| {
        let mut body = good.clone();
        body[name] = value;
        body
    };
    for (pem, sent) in [
        ("certificate", &good),
        ("-----BEGIN CERTIFICATE-----\nYTpi\n-----END CERTIFICATE-----", &good),
        ("-----BEGIN CERTIFICATE-----\nMIIB", &good),
        (PEM, &json!([])),
        (PEM, &signed(Some(START), 99, 256)),
        (PEM, &signed(Some(START), 100, 127)),
        (PEM, &signed(Some(START - 300_001), 100, 256)),
        (PEM, &signed(Some(START / 1_000 + 301), 100, 256)),
        (PEM, &signed(None, 150, 256)),
        (PEM, &changed("encodedDataFormat", json!("v1"))),
        (PEM, &changed("encodedDataFormat", Value::Null)),
        (PEM, &changed("encodedData", json!("?"))),
        (PEM, &changed("encodedSignedData", json!(5))),
    ] {
        let reply = present(&mut driver, pem, sent);
        let status = (reply.status, body(&reply)["status"].clone());
        assert_eq!(status, (401, json!("FAILURE_BAD_CREDENTIAL")), "{pem} {sent}");
    }
    let mut request = driver.request("POST", "/token/authenticate");
    let header = format!("CACertificate {}", encode(PEM.as_bytes()));
    request.headers = vec![("authorization".into(), header)];
    request.body = good.to_string().into();
    assert_error(&driver.send(&request), 415, "/token/authenticate");
}

#[test]
fn the_format_without_a_time_is_let_in_by_its_switch() {
    let mut driver = Driver::new();
    let mut sent = signed(None, 150, 256);
    sent.as_object_mut().unwrap().remove("encodedDataFormat");
    assert_eq!(present(&mut driver, PEM, &sent).status, 401);
    driver.set(json!({ "certificateV1": true }));
    assert_eq!(present(&mut driver, PEM, &sent).status, 201);
    assert_eq!(present(&mut driver, PEM, &signed(Some(START), 100, 256)).status, 201);
}

#[test]
fn tokens_can_be_ended_at_once() {
    let mut driver = Driver::new();
    let target = driver.export(SUCCEEDS, "/tasks");
    driver.set(json!({ "expireTokens": true }));
    assert_eq!(driver.call("GET", &target).status, 401);
    let basic = basic(&driver);
    let login = body(&ask(&mut driver, "POST", "/token/authenticate", Some(&basic)));
    let header = format!("Bearer {}", login["tokenInfo"]["tokenValue"].as_str().unwrap());
    assert_eq!(ask(&mut driver, "GET", &target, Some(&header)).status, 200);
}

#[test]
fn the_budget_is_the_tenants_and_refills() {
    let mut driver = Driver::new();
    let target = driver.export(SUCCEEDS, "/tasks");
    for _ in 0..600 {
        assert_eq!(driver.call("GET", &target).status, 200);
    }
    let reply = driver.call("GET", &target);
    assert_error(&reply, 429, &target);
    assert_eq!(reply.header("retry-after"), Some("1"));
    // Whoever is not let in costs nothing, and logging in is another host's business.
    assert_eq!(ask(&mut driver, "GET", &target, None).status, 401);
    let header = format!("AnaplanAuthToken {}", driver.token());
    assert_eq!(ask(&mut driver, "GET", "/token/validate", Some(&header)).status, 200);
    driver.advance(100);
    assert_eq!(driver.call("GET", &target).status, 200);
    assert_eq!(driver.call("GET", &target).status, 429);

    driver.set(json!({ "requestsPerMinute": 2 }));
    let statuses = [(); 3].map(|()| driver.call("GET", &target).status);
    assert_eq!(statuses, [200, 200, 429]);
    assert_eq!(driver.call("GET", &target).header("retry-after"), Some("30"));
}
