use anaplan_tasks_gateway::start::Start;
use proptest::prelude::*;
use serde_json::{Value, json};

fn read(body: &str) -> Result<String, String> {
    Start::read(body.as_bytes()).map(|start| start.write())
}

fn refused(body: &str) -> String {
    let text = read(body).unwrap_err();
    assert!(text.starts_with("expected JSON like {\"localeName\":\"en_US\"}"), "{text}");
    assert!(text.contains("; found"), "{text} says what was found");
    assert!(!text.chars().any(char::is_control), "{text}");
    text
}

#[test]
fn a_locale_is_enough() {
    for locale in ["en_US", "en-GB", "ja", "zh_Hans_CN", &"x".repeat(35)] {
        let body = format!("{{\"localeName\":\"{locale}\"}}");
        assert_eq!(read(&body), Ok(body));
    }
}

#[test]
fn the_fields_are_written_in_the_order_that_anaplan_shows() {
    let body = r#" { "mappingParameters" : [ { "importId": "112", "entityName": "Q3 \"x\"",
        "entityType": "Version" }, { "entityName": "\u00e4/", "entityType": "Time" } ],
        "localeName" : "en_US" } "#;
    let written = "{\"localeName\":\"en_US\",\"mappingParameters\":[\
        {\"entityType\":\"Version\",\"entityName\":\"Q3 \\\"x\\\"\",\"importId\":\"112\"},\
        {\"entityType\":\"Time\",\"entityName\":\"\u{e4}/\"}]}";
    assert_eq!(read(body).unwrap(), written);
}

#[test]
fn what_is_null_counts_as_left_out() {
    let plain = r#"{"localeName":"en_US"}"#;
    assert_eq!(read(r#"{"localeName":"en_US","mappingParameters":null}"#).unwrap(), plain);
    let without =
        r#"{"localeName":"en_US","mappingParameters":[{"entityType":"a","entityName":"b"}]}"#;
    let with = without.replace("\"b\"", "\"b\",\"importId\":null");
    assert_eq!(read(&with).unwrap(), without);
    let empty = r#"{"localeName":"en_US","mappingParameters":[]}"#;
    assert_eq!(read(empty).unwrap(), empty);
}

#[test]
fn what_is_no_json_is_refused_by_its_place() {
    let broken =
        ["", " ", "{", "nonsense", "{'localeName':'x'}", "{\"localeName\":\"en_US\"", "<a>"];
    for body in broken {
        assert!(refused(body).contains("no JSON at line 1 column"), "{body}");
    }
    let behind = refused(r#"{"localeName":"en_US"} {}"#);
    assert!(behind.contains("no JSON at line 1 column 24"), "{behind}");
    assert!(Start::read(b"{\"localeName\":\"en_US\xff\"}").is_err());
    assert!(Start::read(b"\xef\xbb\xbf{\"localeName\":\"en_US\"}").is_err());
}

#[test]
fn a_field_is_refused_by_its_name() {
    let all = [
        (r#"{}"#, "missing field `localeName`"),
        (r#"{"mappingParameters":[]}"#, "missing field `localeName`"),
        (r#"{"localeName":"a","localeName":"b"}"#, "duplicate field `localeName`"),
        (r#"{"localeName":"a","x":1}"#, "unknown field `x`"),
        (r#"{"localeName":"a","__proto__":{}}"#, "unknown field `__proto__`"),
        (r#"{"localeName":"a","mappingParameters":[{}]}"#, "missing field `entityType`"),
        (
            r#"{"localeName":"a","mappingParameters":[{"entityType":"a"}]}"#,
            "missing field `entityName`",
        ),
        (
            r#"{"localeName":"a","mappingParameters":[{"entityType":"a","entityName":"b","y":1}]}"#,
            "unknown field `y`",
        ),
    ];
    for (body, expected) in all {
        assert!(refused(body).contains(expected), "{}", refused(body));
    }
    let long = refused(&format!("{{\"{}\":1}}", "x".repeat(10_000)));
    assert!(long.len() < 300, "{long}");
    refused("{\"\\u0000\\r\\n\":1}");
}

#[test]
fn another_type_is_refused_by_its_place() {
    let all = [
        "null",
        "1",
        "\"en_US\"",
        "true",
        r#"{"localeName":null}"#,
        r#"{"localeName":1}"#,
        r#"{"localeName":["en_US"]}"#,
        r#"{"localeName":{"a":"b"}}"#,
        r#"{"localeName":"en_US","mappingParameters":{}}"#,
        r#"{"localeName":"en_US","mappingParameters":"x"}"#,
        r#"{"localeName":"en_US","mappingParameters":[1]}"#,
        r#"{"localeName":"en_US","mappingParameters":["a"]}"#,
        r#"{"localeName":"en_US","mappingParameters":[{"entityType":1,"entityName":"b"}]}"#,
    ];
    for body in all {
        assert!(refused(body).contains("a value of another type at line 1 column"), "{body}");
    }
}

#[test]
fn a_list_is_no_object() {
    refused("[]");
    for body in [
        r#"["en_US"]"#,
        r#"["en_US",[]]"#,
        r#"{"localeName":"en_US","mappingParameters":[["Version","Actual"]]}"#,
        r#"{"localeName":"en_US","mappingParameters":[["Version","Actual","112"]]}"#,
    ] {
        assert!(refused(body).ends_with("found a list instead of an object"), "{body}");
    }
}

#[test]
fn a_value_that_speaks_of_a_field_is_not_repeated() {
    let text = refused(r#"{"localeName":"en_US","mappingParameters":"missing field `s3cr3t`"}"#);
    assert!(text.contains("a value of another type at line 1 column"), "{text}");
}

#[test]
fn a_locale_is_a_short_word() {
    let too_long = "x".repeat(36);
    for locale in ["", " ", "en US", "en_US ", "en/US", "en.US", "en_US\\n", "\u{e4}", &too_long] {
        let text = refused(&format!("{{\"localeName\":\"{locale}\"}}"));
        assert!(text.ends_with("found another localeName"), "{text}");
    }
}

#[test]
fn nesting_ends_before_the_stack_does() {
    let deep = "[".repeat(1_000_000);
    for body in [
        deep.clone(),
        format!("{{\"localeName\":{deep}"),
        format!("{{\"localeName\":\"en_US\",\"mappingParameters\":{deep}"),
        format!("{{\"x\":{deep}"),
        "{\"localeName\":".repeat(100_000),
    ] {
        refused(&body);
    }
}

/// JSON in which texts are as telling as this one.
fn secretive(secret: &'static str) -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        Just(secret.to_owned()),
        Just(format!("missing field `{secret}`")),
        Just(format!("\n{secret}`")),
        Just("en_US".to_owned()),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i32>().prop_map(Value::from),
        text.prop_map(Value::from)
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::vec(
                (
                    prop::sample::select(vec![
                        "localeName",
                        "mappingParameters",
                        "entityType",
                        "entityName",
                        "importId",
                        "other",
                    ]),
                    inner,
                ),
                0..4,
            )
            .prop_map(|fields| {
                Value::Object(fields.into_iter().map(|(name, it)| (name.to_owned(), it)).collect())
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_error_repeats_a_value(value in secretive("s3cr3t"), locale in any::<bool>()) {
        let body = match value {
            Value::Object(mut fields) if locale => {
                fields.insert("localeName".to_owned(), json!("en_US"));
                Value::Object(fields)
            }
            other => other,
        };
        match Start::read(body.to_string().as_bytes()) {
            Ok(start) => prop_assert!(body.is_object(), "{} was taken: {}", body, start.write()),
            Err(text) => prop_assert!(!text.contains("s3cr3t"), "{}", text),
        }
    }

    #[test]
    fn what_is_written_reads_as_itself(
        locale in "[A-Za-z0-9_-]{1,35}",
        parameters in prop::option::of(prop::collection::vec((".*", ".*", prop::option::of(".*")), 0..4)),
    ) {
        let mut body = json!({ "localeName": locale });
        if let Some(parameters) = parameters {
            let one = |(kind, name, import): (String, String, Option<String>)| match import {
                Some(import) => json!({ "entityType": kind, "entityName": name, "importId": import }),
                None => json!({ "entityType": kind, "entityName": name }),
            };
            body["mappingParameters"] = parameters.into_iter().map(one).collect();
        }
        let start = Start::read(body.to_string().as_bytes()).unwrap();
        let written: Value = serde_json::from_str(&start.write()).unwrap();
        prop_assert_eq!(&written, &body);
        prop_assert_eq!(Start::read(start.write().as_bytes()), Ok(start));
    }

    #[test]
    fn any_bytes_are_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Start::read(&body);
    }
}
