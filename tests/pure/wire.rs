use anaplan_tasks::wire::{DeviceCode, Grant, Json, Task, excerpt, said};
use proptest::prelude::*;
use serde_json::{Value, json};

fn read(text: &str) -> Json {
    from(&serde_json::from_str(text).unwrap())
}

/// As the host reads it, but for its limit of depth.
fn from(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(flag) => Json::Flag(*flag),
        Value::Number(number) => Json::Number(number.as_f64().unwrap()),
        Value::String(text) => Json::Text(text.clone()),
        Value::Array(list) => Json::List(list.iter().map(from).collect()),
        Value::Object(fields) => {
            Json::Object(fields.iter().map(|(name, value)| (name.clone(), from(value))).collect())
        }
    }
}

fn task(text: &str) -> Option<Task> {
    Task::in_answer(read(text))
}

#[test]
fn a_task_is_found_in_its_envelope_or_bare() {
    let bare = r#"{"taskId":"T","taskState":"IN_PROGRESS","progress":0.42}"#;
    let enveloped = format!(
        r#"{{"meta":{{"schema":"https://x//2/0"}},"status":{{"code":200}},"task":{bare},"new":[1]}}"#
    );
    let expected = Task {
        task_id: Some("T".into()),
        task_state: Some("IN_PROGRESS".into()),
        progress: Some(0.42),
        ..Task::default()
    };
    assert_eq!(task(bare), Some(expected.clone()));
    assert_eq!(task(&enveloped), Some(expected));
}

#[test]
fn an_answer_without_a_task_holds_none() {
    let all = [
        "null",
        "{}",
        "[]",
        "1",
        "\"x\"",
        r#"{"task":null}"#,
        r#"{"task":[]}"#,
        r#"{"task":"T"}"#,
        r#"{"task":{}}"#,
        r#"{"status":{"code":200,"message":"Success"}}"#,
    ];
    for text in all {
        assert_eq!(task(text), None, "{text}");
    }
}

#[test]
fn every_field_may_be_missing_null_or_of_another_type() {
    let names = ["currentStep", "progress", "creationTime", "result"];
    for name in names {
        for value in ["null", "[]", "{}", "[[]]", "true"] {
            let text = format!(r#"{{"task":{{"taskId":"T","{name}":{value}}}}}"#);
            let task = task(&text).unwrap();
            assert_eq!(task.task_id.as_deref(), Some("T"), "{text}");
            assert_eq!(task.progress, None, "{text}");
            assert_eq!(task.creation_time, None, "{text}");
        }
    }
    assert_eq!(task(r#"{"task":{"taskState":"COMPLETE"}}"#).unwrap().task_id, None);
}

#[test]
fn progress_is_a_number_of_either_kind() {
    for (text, progress) in [("1", 1.0), ("1.0", 1.0), ("0", 0.0), ("0.5", 0.5), ("-1.0", -1.0)] {
        let text = format!(r#"{{"task":{{"taskId":"T","progress":{text}}}}}"#);
        assert_eq!(task(&text).unwrap().progress, Some(progress));
    }
}

#[test]
fn details_are_read_with_nulls_and_an_odd_end() {
    let task = task(
        r#"{"task":{"taskId":"T","result":{"successful":false,"details":[
            null, 7, "x",
            {"localMessageText":"Not authorised ","occurrences":1,"type":"notAuthorised",
             "values":["objectName",null,"count",3,null,"lost","last"]},
            {"type":null,"values":null},
            {"values":{"a":"b","c":null}}
        ]}}}"#,
    );
    let result = task.unwrap().result.unwrap();
    assert_eq!(result.successful, Some(false));
    let values: Vec<_> = result.details.iter().map(|detail| detail.values.clone()).collect();
    let some = |text: &str| Some(text.to_owned());
    let expected = vec![
        vec![
            ("objectName".to_owned(), None),
            ("count".to_owned(), some("3")),
            ("last".to_owned(), None),
        ],
        vec![],
        vec![("a".to_owned(), some("b")), ("c".to_owned(), None)],
    ];
    assert_eq!(values, expected);
}

#[test]
fn a_name_that_is_no_field_in_javascript_is_left_out() {
    let pairs = read(r#"["__proto__", null, "a", "b"]"#).into_pairs();
    assert_eq!(pairs, [("a".to_owned(), Some("b".to_owned()))]);
}

#[test]
fn texts_are_changed_wherever_they_are() {
    let mut json = read(r#"{"s":["s",{"a":"s","n":1}],"x":null}"#);
    json.each_text(&mut |text| *text = text.replace('s', "-"));
    assert_eq!(json, read(r#"{"-":["-",{"a":"-","n":1}],"x":null}"#));
}

#[test]
fn results_nest() {
    let task = task(
        r#"{"task":{"taskId":"T","result":{"successful":false,"failureDumpAvailable":true,
            "nestedResults":[{"successful":true,"objectName":"Clear"},
                             {"successful":false,"nestedResults":[{"objectId":"1"}]}]}}}"#,
    );
    let nested = task.unwrap().result.unwrap().nested_results;
    assert_eq!(nested[0].object_name.as_deref(), Some("Clear"));
    assert_eq!(nested[1].nested_results[0].object_id.as_deref(), Some("1"));
}

#[test]
fn a_server_is_quoted_by_its_message() {
    let all = [
        (
            r#"{"status":{"code":404,"message":"Not Found"},"path":"/2/0","message":"x"}"#,
            "Not Found",
        ),
        (r#"{"status":"FAILURE_BAD_CREDENTIAL","statusMessage":"Bad"}"#, "Bad"),
        (r#"{"message":"plain"}"#, "plain"),
        (r#"{"error":"invalid_grant","error_description":"expired"}"#, "expired"),
        (r#"{"error":"invalid_grant"}"#, "invalid_grant"),
        (r#"{"status":{"message":" "},"message":"second"}"#, "second"),
    ];
    for (text, expected) in all {
        assert_eq!(said(read(text)).as_deref(), Some(expected), "{text}");
    }
    assert_eq!(said(read("{}")), None);
    assert_eq!(said(read("[]")), None);
}

#[test]
fn an_excerpt_is_one_short_line_of_text() {
    assert_eq!(
        excerpt("<html><head>\n<title>503 Service</title></head><body><h1>Try later</h1>"),
        "503 Service Try later"
    );
    assert_eq!(excerpt("a\r\nb\tc\u{0}d\u{202e}e"), "a b c d e");
    assert_eq!(excerpt("1 < 2 > 0"), "1 < 2 > 0");
    assert_eq!(excerpt(""), "");
    let long = excerpt(&"ä".repeat(100_000));
    assert_eq!(long.chars().count(), 301);
    assert!(long.ends_with('…'));
}

proptest! {
    #[test]
    fn any_json_can_be_read(json in any_json()) {
        let text = json.to_string();
        let value = read(&text);
        let _ = said(value.clone());
        if let Some(task) = Task::in_answer(value) {
            prop_assert!(task.task_id.is_some() || task.task_state.is_some());
        }
    }

    #[test]
    fn any_task_shaped_json_can_be_read(fields in prop::collection::btree_map(name(), any_json(), 0..8)) {
        let task = serde_json::json!({ "task": fields });
        let _ = Task::in_answer(read(&task.to_string()));
    }

    #[test]
    fn what_is_written_is_read_back(
        id in "[A-Z0-9]{1,8}", step in ".*", progress in 0.0..=1.0,
        values in prop::collection::vec(("[a-z]{1,4}", prop::option::of(".*")), 0..4),
    ) {
        use anaplan_tasks::wire::{Detail, TaskResult};
        let detail = Detail { values, kind: Some("x".into()), ..Detail::default() };
        let result = TaskResult { successful: Some(true), details: vec![detail], ..TaskResult::default() };
        let task = Task {
            task_id: Some(id),
            current_step: Some(step),
            progress: Some(progress),
            result: Some(result),
            ..Task::default()
        };
        let text = serde_json::to_string(&task).unwrap();
        prop_assert_eq!(Task::in_answer(read(&text)), Some(task));
    }

    #[test]
    fn an_excerpt_never_breaks_a_line(text in ".*") {
        let line = excerpt(&text);
        prop_assert!(line.chars().count() <= 301);
        prop_assert!(!line.chars().any(char::is_control));
    }
}

fn name() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "taskId",
        "taskState",
        "currentStep",
        "progress",
        "creationTime",
        "result",
        "type",
        "other",
    ])
    .prop_map(str::to_owned)
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        ".*".prop_map(Into::into),
    ];
    let key = prop_oneof![
        name(),
        prop::sample::select(vec![
            "successful",
            "details",
            "nestedResults",
            "values",
            "status",
            "message",
            "localMessageText",
            "task",
            "objectId"
        ])
        .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(5, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            prop::collection::btree_map(key.clone(), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

#[test]
fn what_oauth_says_is_read() {
    let grant = Grant::in_answer(from(&json!({
        "access_token": "a", "expires_in": 2100, "refresh_token": "r", "token_type": "Bearer",
    })));
    let expected = Grant {
        access_token: Some("a".to_owned()),
        expires_in: Some(2_100.0),
        refresh_token: Some("r".to_owned()),
    };
    assert_eq!(grant, expected);
    let none = json!({ "access_token": null, "expires_in": "2100", "refresh_token": "" });
    assert_eq!(Grant::in_answer(from(&none)), Grant::default());
}

#[test]
fn a_person_is_sent_to_safe_addresses_alone() {
    let code = |uri: &str| {
        DeviceCode::in_answer(from(&json!({
            "device_code": "d", "user_code": "ABCD-EFGH", "verification_uri": uri,
            "verification_uri_complete": uri, "expires_in": 900, "interval": 5,
        })))
    };
    let good = code("https://iam.anaplan.com/activate");
    assert_eq!(good.device_code.as_deref(), Some("d"));
    assert_eq!(good.user_code.as_deref(), Some("ABCD-EFGH"));
    assert_eq!((good.expires_in, good.interval), (Some(900.0), Some(5.0)));
    assert_eq!(good.verification_uri.as_deref(), Some("https://iam.anaplan.com/activate"));
    assert_eq!(good.verification_uri, good.verification_uri_complete);
    for uri in [
        "",
        "http://iam.anaplan.com",
        "javascript:alert(1)",
        "HTTPS//x",
        "//iam.anaplan.com",
        "data:text/html,https://",
        "https://iam.anaplan.com/ activate",
        "https://iam.anaplan.com/\u{202E}x",
    ] {
        let bad = code(uri);
        assert_eq!((bad.verification_uri, bad.verification_uri_complete), (None, None), "{uri}");
    }
}
