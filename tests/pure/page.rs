use anaplan_tasks::reference::Kind;
use anaplan_tasks::wire::{FILE, Json, Page, metadata, shaped, summary};
use proptest::prelude::*;

fn json(text: &str) -> Json {
    fn read(value: serde_json::Value) -> Json {
        use serde_json::Value;
        match value {
            Value::Null => Json::Null,
            Value::Bool(flag) => Json::Flag(flag),
            Value::Number(number) => Json::Number(number.as_f64().unwrap()),
            Value::String(text) => Json::Text(text),
            Value::Array(list) => Json::List(list.into_iter().map(read).collect()),
            Value::Object(fields) => {
                Json::Object(fields.into_iter().map(|(name, value)| (name, read(value))).collect())
            }
        }
    }
    read(serde_json::from_str(text).unwrap())
}

fn written(json: &Json) -> serde_json::Value {
    serde_json::to_value(json).unwrap()
}

#[test]
fn rows_are_found_in_every_form_on_record() {
    let row = r#"{"taskId":"T"}"#;
    for (answer, rows, received) in [
        (format!(r#"{{"tasks":[{row},{row}]}}"#), 2, 2),
        (format!(r#"{{"tasks":[{row},null,7,[],"x"]}}"#), 1, 5),
        (format!(r#"{{"tasks":{row}}}"#), 1, 1),
        (format!(r#"{{"task":{row}}}"#), 1, 1),
        (format!(r#"{{"tasks":null,"task":[{row}]}}"#), 1, 1),
        (row.to_owned(), 1, 1),
        (r#"{"tasks":"none"}"#.to_owned(), 0, 1),
        (r#"{"tasks":[]}"#.to_owned(), 0, 0),
        (r#"{"status":{"code":200}}"#.to_owned(), 0, 0),
        (r#"{"taskId":7}"#.to_owned(), 0, 0),
        ("[]".to_owned(), 0, 0),
        ("null".to_owned(), 0, 0),
    ] {
        let page = Page::in_answer(json(&answer), "tasks", "task");
        assert_eq!((page.rows.len(), page.received), (rows, received), "{answer}");
    }
    // Other lists are no tasks.
    for answer in [row, r#"{"task":{"id":"1"}}"#, r#"{"":[{"id":"1"}],"files":null}"#] {
        let page = Page::in_answer(json(answer), "exports", "");
        assert_eq!((page.rows.len(), page.received), (0, 0), "{answer}");
    }
}

#[test]
fn a_total_is_a_number() {
    for (paging, total) in [
        (r#"{"paging":{"totalSize":7}}"#, Some(7.0)),
        (r#"{"paging":{"totalSize":"7"}}"#, None),
        (r#"{"paging":{"totalSize":null}}"#, None),
        (r#"{"paging":7}"#, None),
        ("null", None),
        ("[]", None),
    ] {
        let page = Page::in_answer(json(&format!(r#"{{"meta":{paging}}}"#)), "files", "");
        assert_eq!(page.total_size, total, "{paging}");
    }
}

#[test]
fn a_field_of_another_kind_is_left_out() {
    let row = r#"{"id":113,"name":["x"],"chunkCount":"12","format":{},"headerRow":"-1","firstDataRow":1.5,"delimiter":null,"more":1}"#;
    assert_eq!(
        written(&shaped(json(row), FILE)),
        serde_json::json!({ "id": "113", "chunkCount": 12.0, "firstDataRow": 1.5 })
    );
    for text in ["null", "[]", "7", "{}"] {
        assert_eq!(shaped(json(text), FILE), Json::Object(Vec::new()), "{text}");
    }
}

#[test]
fn metadata_is_under_the_key_of_its_kind() {
    let keys = [
        (Kind::Export, "exportMetadata"),
        (Kind::Import, "importMetadata"),
        (Kind::Process, "processMetadata"),
        (Kind::Action, "action"),
    ];
    for (kind, key) in keys {
        for (_, other) in keys {
            let found = metadata(json(&format!(r#"{{"{other}":{{}}}}"#)), kind);
            assert_eq!(found.is_some(), other == key, "{key} {other}");
        }
        for value in ["null", "[]", "[{}]", "7", "\"\""] {
            assert_eq!(metadata(json(&format!(r#"{{"{key}":{value}}}"#)), kind), None, "{value}");
        }
    }
}

#[test]
fn lists_are_there_and_what_is_no_text_keeps_its_place() {
    let answer = json(r#"{"exportMetadata":{"headerNames":["a",null,{},1,true],"dataTypes":"x"}}"#);
    assert_eq!(
        written(&metadata(answer, Kind::Export).unwrap()),
        serde_json::json!({ "headerNames": ["a", "", "", "1", "true"], "dataTypes": [], "listNames": [] })
    );
    let answer = json(r#"{"processMetadata":{"actions":[null,{"id":1,"x":2},"x"]}}"#);
    assert_eq!(
        written(&metadata(answer, Kind::Process).unwrap()),
        serde_json::json!({ "actions": [{ "id": "1" }] })
    );
}

fn any_json() -> impl Strategy<Value = Json> {
    let names = prop::sample::select(vec![
        "id",
        "name",
        "tasks",
        "task",
        "taskId",
        "meta",
        "paging",
        "totalSize",
        "headerNames",
        "source",
        "actions",
        "exportMetadata",
        "importMetadata",
        "processMetadata",
        "action",
        "chunkCount",
        "",
    ]);
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::Flag),
        any::<f64>().prop_map(Json::Number),
        "[a-z0-9é.-]{0,6}".prop_map(Json::Text),
    ];
    leaf.prop_recursive(5, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Json::List),
            prop::collection::vec((names.clone().prop_map(str::to_owned), inner), 0..6)
                .prop_map(Json::Object),
        ]
    })
}

proptest! {
    /// Whatever comes is read, as no more rows than came, and with the fields that were asked for alone.
    #[test]
    fn nothing_is_too_strange(answer in any_json()) {
        for (key, single) in [("tasks", "task"), ("exports", ""), ("task", "tasks")] {
            let page = Page::in_answer(answer.clone(), key, single);
            prop_assert!(page.rows.len() <= page.received);
            prop_assert!(page.rows.iter().all(|row| matches!(row, Json::Object(_))));
        }
        for kind in [Kind::Export, Kind::Import, Kind::Process, Kind::Action] {
            let fields = shaped(answer.clone(), summary(kind));
            let Json::Object(fields) = fields else { panic!("no object") };
            prop_assert!(fields.iter().all(|(_, value)| matches!(value, Json::Text(_))));
            let _ = metadata(answer.clone(), kind);
        }
    }
}
