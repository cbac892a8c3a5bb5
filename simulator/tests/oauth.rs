//! Tokens by OAuth: refreshed, or for a device on which somebody wants to be signed in.

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
const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

fn post(driver: &mut Driver, path: &str, media: &str, body: &str) -> Reply {
    driver.send(&Request {
        method: "POST".into(),
        target: path.into(),
        headers: vec![("content-type".into(), media.into())],
        body: body.into(),
    })
}

fn ask(driver: &mut Driver, path: &str, fields: &Value) -> Reply {
    post(driver, path, "application/json", &fields.to_string())
}

fn client(driver: &Driver) -> String {
    driver.tenant["oauth"]["clientId"].as_str().unwrap().to_owned()
}

fn refresh(driver: &mut Driver, token: &str) -> Reply {
    let client = client(driver);
    let fields =
        json!({ "grant_type": "refresh_token", "client_id": client, "refresh_token": token });
    ask(driver, "/oauth/token", &fields)
}

fn good(driver: &Driver) -> String {
    driver.tenant["oauth"]["refreshToken"].as_str().unwrap().to_owned()
}

fn assert_refused(reply: &Reply, status: u16, error: &str) {
    assert_eq!((reply.status, &body(reply)["error"]), (status, &json!(error)), "{}", text(reply));
    assert!(body(reply)["error_description"].is_string());
}

fn lets_in(driver: &mut Driver, scheme: &str, token: &str) -> u16 {
    let target = driver.export(SUCCEEDS, "/tasks");
    let mut request = driver.request("GET", &target);
    request.headers = vec![("authorization".into(), format!("{scheme} {token}"))];
    driver.send(&request).status
}

#[test]
fn a_refresh_token_is_good_once_and_leads_to_the_next() {
    let mut driver = Driver::new();
    let first = good(&driver);
    let reply = refresh(&mut driver, &first);
    assert_eq!(reply.status, 200);
    let answer = body(&reply);
    assert_eq!((&answer["expires_in"], &answer["token_type"]), (&json!(2_100), &json!("Bearer")));
    let (access, second) =
        (answer["access_token"].as_str().unwrap(), answer["refresh_token"].as_str().unwrap());
    driver.advance(35 * MINUTE - 1);
    for scheme in ["AnaplanAuthToken", "Bearer"] {
        assert_eq!(lets_in(&mut driver, scheme, access), 200);
    }
    // The other host knows nothing of it.
    let mut request = driver.request("POST", "/token/refresh");
    request.headers = vec![("authorization".into(), format!("AnaplanAuthToken {access}"))];
    assert_eq!(driver.send(&request).status, 401);
    driver.advance(1);
    assert_eq!(lets_in(&mut driver, "Bearer", access), 401);

    assert_refused(&refresh(&mut driver, &first), 400, "invalid_grant");
    assert_eq!(refresh(&mut driver, second).status, 200);
    // Who asks the simulator itself gets a good one.
    driver.tenant = driver.simulator.describe(driver.now);
    let third = good(&driver);
    assert!(third != first && third != second);
    driver.advance(43_000_000);
    assert_refused(&refresh(&mut driver, &third), 400, "invalid_grant");
}

#[test]
fn a_refresh_token_that_lasts_is_answered_without_another() {
    let mut driver = Driver::with(json!({ "lastingRefreshTokens": true }));
    let token = good(&driver);
    for _ in 0..3 {
        let answer = body(&refresh(&mut driver, &token));
        assert!(answer["access_token"].is_string() && answer.get("refresh_token").is_none());
    }
}

#[test]
fn a_lost_answer_costs_the_refresh_token() {
    let mut driver = Driver::with(json!({
        "failures": [{ "answer": "noAnswer", "on": ["auth"], "executed": true, "times": 1 }],
    }));
    let token = good(&driver);
    refresh(&mut driver, &token);
    assert_refused(&refresh(&mut driver, &token), 400, "invalid_grant");
}

#[test]
fn a_device_waits_until_somebody_signs_in() {
    let mut driver = Driver::new();
    let client = client(&driver);
    let fields = json!({ "client_id": client, "scope": "openid profile email offline_access" });
    let reply = ask(&mut driver, "/oauth/device/code", &fields);
    assert_eq!(reply.status, 200);
    let device = body(&reply);
    assert_eq!((&device["expires_in"], &device["interval"]), (&json!(900), &json!(5)));
    let user_code = device["user_code"].as_str().unwrap();
    let complete = device["verification_uri_complete"].as_str().unwrap();
    assert!(complete.ends_with(user_code), "{complete}");
    let fields = json!({
        "grant_type": DEVICE_GRANT, "client_id": client, "device_code": device["device_code"],
    });
    let poll = |driver: &mut Driver| ask(driver, "/oauth/token", &fields);
    assert_refused(&poll(&mut driver), 400, "authorization_pending");
    driver.advance(4_899);
    assert_refused(&poll(&mut driver), 400, "slow_down");
    // As slow as it was told: five seconds more.
    driver.advance(9_000);
    assert_refused(&poll(&mut driver), 400, "slow_down");
    driver.advance(15_000);
    assert_refused(&poll(&mut driver), 400, "authorization_pending");

    assert!(driver.simulator.approve(driver.now, "WRONG").is_err());
    driver.simulator.approve(driver.now, &user_code.to_lowercase()).unwrap();
    assert!(driver.simulator.approve(driver.now, user_code).is_err(), "once is enough");
    // Who has signed in does not change their mind.
    driver.set(json!({ "denyUserCodes": true }));
    driver.advance(15_000);
    let answer = body(&poll(&mut driver));
    assert_eq!(lets_in(&mut driver, "Bearer", answer["access_token"].as_str().unwrap()), 200);
    assert_eq!(refresh(&mut driver, answer["refresh_token"].as_str().unwrap()).status, 200);
    driver.advance(15_000);
    assert_refused(&poll(&mut driver), 400, "invalid_grant");
}

#[test]
fn a_device_is_refused_or_forgotten() {
    let mut driver = Driver::new();
    let client = client(&driver);
    let ask_device = |driver: &mut Driver| {
        let fields = json!({ "client_id": client, "scope": "openid" });
        let device = body(&ask(driver, "/oauth/device/code", &fields));
        let user_code = device["user_code"].as_str().unwrap().to_owned();
        let fields = json!({
            "grant_type": DEVICE_GRANT, "client_id": client, "device_code": device["device_code"],
        });
        (fields, user_code)
    };
    let (first, code) = ask_device(&mut driver);
    driver.advance(900_000);
    assert!(driver.simulator.approve(driver.now, &code).is_err());
    assert_refused(&ask(&mut driver, "/oauth/token", &first), 400, "expired_token");

    let (second, _) = ask_device(&mut driver);
    driver.set(json!({ "denyUserCodes": true, "oauthErrorStatus": 403 }));
    assert_refused(&ask(&mut driver, "/oauth/token", &second), 403, "access_denied");
    driver.set(Value::Null);
    driver.advance(5_000);
    assert_refused(&ask(&mut driver, "/oauth/token", &second), 400, "access_denied");

    // Without the scope for it there is no refresh token.
    let (third, code) = ask_device(&mut driver);
    driver.simulator.approve(driver.now, &code).unwrap();
    assert_eq!(body(&ask(&mut driver, "/oauth/token", &third)).get("refresh_token"), None);
}

#[test]
fn what_is_not_understood_is_an_error_of_oauth() {
    let mut driver = Driver::new();
    let (client, token) = (client(&driver), good(&driver));
    let encoded = token.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    for (media, body, status, error) in [
        ("text/plain", "{}", 400, "invalid_request"),
        ("application/json", "[]", 400, "invalid_request"),
        ("application/json", "{}", 401, "invalid_client"),
        ("application/json", &*json!({ "client_id": 1 }).to_string(), 401, "invalid_client"),
        (
            "application/json; charset=utf-8",
            &*json!({ "client_id": client, "grant_type": "client_credentials" }).to_string(),
            400,
            "unsupported_grant_type",
        ),
        (
            "application/x-www-form-urlencoded",
            &*format!("client_id={client}&grant_type=refresh_token"),
            400,
            "invalid_grant",
        ),
    ] {
        assert_refused(&post(&mut driver, "/oauth/token", media, body), status, error);
    }
    let form = format!("grant_type=refresh_token&client_id={client}&refresh_token={encoded}");
    let reply = post(&mut driver, "/oauth/token", "application/x-www-form-urlencoded", &form);
    assert_eq!(reply.status, 200);
    assert_error(&driver.call("GET", "/oauth/token"), 405, "/oauth/token");
    assert_error(&driver.call("POST", "/oauth/authorize"), 404, "/oauth/authorize");

    driver.set(json!({ "failures": [{ "answer": 401, "on": ["auth"], "times": 1 }] }));
    assert_refused(&refresh(&mut driver, "x"), 401, "invalid_client");
}
