//! Lists: what is in them, in which order, and in which pages.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic
)]

mod driver;

use driver::*;
use serde_json::{Value, json};

#[test]
fn tasks_are_those_of_all_users_oldest_first_and_brief() {
    let mut driver = Driver::new();
    let target = driver.export(SUCCEEDS, "/tasks");
    let started = driver.start(SUCCEEDS);
    let list = driver.get(&target);
    let states: Vec<&Value> =
        list["tasks"].as_array().unwrap().iter().map(|task| &task["taskState"]).collect();
    assert_eq!(states, ["COMPLETE", "COMPLETE", "CANCELLED", "COMPLETE", "NOT_STARTED"]);
    let last = list["tasks"][4].as_object().unwrap();
    assert_eq!(last.keys().collect::<Vec<_>>(), ["creationTime", "taskId", "taskState"]);
    assert!(started.ends_with(last["taskId"].as_str().unwrap()));
    let paging = json!({ "currentPageSize": 5, "totalSize": 5, "offset": 0 });
    assert_eq!(list["meta"]["paging"], paging);
    let times: Vec<u64> = list["tasks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|task| task["creationTime"].as_u64().unwrap())
        .collect();
    assert!(times.is_sorted());

    let owners = driver.simulator.describe(driver.now)["tasks"].take();
    let owners: Vec<&Value> =
        owners.as_array().unwrap().iter().map(|task| &task["owner"]).collect();
    assert!(owners.contains(&&json!("night.shift@example.com")), "{owners:?}");
}

#[test]
fn the_past_holds_every_kind_of_end() {
    let mut driver = Driver::new();
    let target = driver.export(SUCCEEDS, "/tasks");
    let mut ends = Vec::new();
    for id in ids(&driver.get(&target)) {
        let task = driver.task(&format!("{target}/{id}"));
        ends.push((task["taskState"].clone(), task["result"]["successful"].clone()));
    }
    assert_eq!(
        ends,
        [
            (json!("COMPLETE"), json!(true)),
            (json!("COMPLETE"), json!(false)),
            (json!("CANCELLED"), json!(false)),
            (json!("COMPLETE"), json!(true)),
        ]
    );
}

#[test]
fn an_empty_list_is_not_there() {
    let mut driver = Driver::new();
    for export in [FAILS, "116000009999"] {
        let target = driver.export(export, "/tasks");
        let list = driver.get(&target);
        assert_eq!(list.get("tasks"), None);
        let paging = json!({ "currentPageSize": 0, "totalSize": 0, "offset": 0 });
        assert_eq!(list["meta"]["paging"], paging);
    }
    let model = driver.model(0, "");
    let processes = driver.model(1, "/processes");
    assert_eq!(driver.get(&processes).get("processes"), None);
    let target = format!("{model}0/exports/{FAILS}/tasks");
    assert_error(&driver.call("GET", &target), 404, &target);
}

#[test]
fn lists_are_sorted_and_paged_as_asked() {
    let mut driver = Driver::new();
    let target = driver.export(SUCCEEDS, "/tasks");
    let all = ids(&driver.get(&target));
    let newest: Vec<String> = all.iter().rev().cloned().collect();
    for sort in ["-creationTime", "-creationDate", "%2DcreationTime", "unknown,-creationTime"] {
        assert_eq!(ids(&driver.get(&format!("{target}?sort={sort}"))), newest, "{sort}");
    }
    for sort in ["creationTime", "+creationTime", "%2BcreationTime", "unknown"] {
        assert_eq!(ids(&driver.get(&format!("{target}?sort={sort}"))), all, "{sort}");
    }
    let mut by_id = all.clone();
    by_id.sort();
    assert_eq!(ids(&driver.get(&format!("{target}?sort=taskId"))), by_id);
    let by_state = driver.get(&format!("{target}?sort=taskState,-creationTime"));
    assert_eq!(ids(&by_state), [2, 3, 1, 0].map(|place: usize| all[place].clone()));

    let page = driver.get(&format!("{target}?sort=-creationTime&limit=2&offset=1"));
    assert_eq!(ids(&page), newest[1..3]);
    let paging = &page["meta"]["paging"];
    assert_eq!((&paging["currentPageSize"], &paging["totalSize"]), (&json!(2), &json!(4)));
    let link = |offset: u8| {
        format!("https://api.anaplan.com{target}?sort=-creationTime&limit=2&offset={offset}")
    };
    assert_eq!((&paging["next"], &paging["previous"]), (&json!(link(3)), &json!(link(0))));
    // It leads to the next page, here, in the same order.
    let next = link(3).replace("https://api.anaplan.com", "");
    assert_eq!(ids(&driver.get(&next)), newest[3..]);
    let last = driver.get(&format!("{target}?limit=3&offset=3"));
    assert_eq!((ids(&last).len(), last["meta"]["paging"].get("next")), (1, None));
    assert_eq!(driver.get(&format!("{target}?offset=99")).get("tasks"), None);

    for wrong in ["sort=-", "sort=a,,b", "sort=a%20b", "limit=x", "limit=-1", "offset=1.5"] {
        assert_error(&driver.call("GET", &format!("{target}?{wrong}")), 400, &target);
    }
}

#[test]
fn exports_are_listed_and_described() {
    let mut driver = Driver::new();
    let target = driver.export(SUCCEEDS, "");
    let list = driver.get(target.trim_end_matches(&format!("/{SUCCEEDS}")));
    assert_eq!(list["meta"]["paging"]["totalSize"], 4);
    assert_eq!(
        list["exports"][0],
        json!({ "id": SUCCEEDS, "name": "Grid – Revenue by region.csv", "encoding": "UTF-8",
                "exportType": "TABULAR_MULTI_COLUMN", "exportFormat": "text/csv",
                "layout": "TABULAR_MULTI_COLUMN" })
    );
    let metadata = driver.get(&target)["exportMetadata"].take();
    assert_eq!((&metadata["separator"], metadata.get("id")), (&json!(","), None));

    let missing = driver.export("116000009999", "");
    assert_error(&driver.call("GET", &missing), 404, &missing);
    // On record: Anaplan fails where it could say that there is no such import.
    let missing = missing.replace("exports", "imports");
    assert_error(&driver.call("GET", &missing), 500, &missing);
}

#[test]
fn all_kinds_of_actions_are_listed_and_described() {
    let mut driver = Driver::new();
    for (place, kind, key, expected) in [
        (0, "imports", "importMetadata", vec!["112000000001", "112000000002", "112000000003"]),
        (0, "processes", "processMetadata", vec!["118000000001"]),
        (0, "actions", "action", vec!["117000000001"]),
        (1, "exports", "exportMetadata", vec!["116000000007", "116000000008"]),
        (1, "imports", "importMetadata", vec!["112000000007"]),
        (1, "actions", "action", vec!["117000000007"]),
    ] {
        let target = driver.model(place, &format!("/{kind}"));
        let list = driver.get(&target);
        let rows = list[kind].as_array().unwrap();
        let ids: Vec<&str> = rows.iter().map(|row| row["id"].as_str().unwrap()).collect();
        assert_eq!(ids, expected, "{kind}");
        let described = driver.tenant["models"][place][kind].as_array().unwrap().len();
        assert_eq!(described, ids.len(), "{kind}");
        for row in rows {
            let id = row["id"].as_str().unwrap();
            let metadata = driver.get(&format!("{target}/{id}"))[key].take();
            assert!(metadata.is_object(), "{kind} {id}");
            if key != "exportMetadata" {
                assert_eq!(metadata["name"], row["name"]);
            }
        }
    }
    let import = driver.get(&driver.model(0, "/imports/112000000001"))["importMetadata"].take();
    assert_eq!((&import["type"], &import["source"]["headerRow"]), (&json!("FILE"), &json!(1)));
    let imports = driver.get(&driver.model(0, "/imports"));
    assert_eq!(imports["imports"][0]["importDataSourceId"], "113000000001");
    assert_eq!(imports["imports"][1]["importDataSourceId"], "");
    assert_eq!(imports["imports"][2]["importDataSourceId"], "113000000001");
    let described = &driver.tenant["models"][0]["imports"];
    assert_eq!(described[2]["fileId"], "113000000001");
    assert_eq!(described[1].get("fileId"), None);
    let actions = driver.get(&driver.model(0, "/actions"));
    assert_eq!(actions["actions"][0]["actionType"], "DELETE_BY_SELECTION");
    let missing = driver.model(0, "/actions/117000009999");
    assert_error(&driver.call("GET", &missing), 404, &missing);
}

#[test]
fn what_is_no_task_is_also_there_without_its_workspace() {
    let mut driver = Driver::new();
    let task = driver.start(SUCCEEDS);
    driver.advance(60_000);
    let start = format!("/2/0/workspaces/{}", driver.tenant["workspaceId"].as_str().unwrap());
    let short = |path: &str| format!("/2/0{}", path.strip_prefix(&start).unwrap());
    for rest in [
        "/exports",
        "/imports/",
        "/processes/118000000001",
        "/actions",
        "/exports/116000000001",
        "/files",
        "/files/116000000001/chunks/",
    ] {
        let path = driver.model(0, rest);
        let same = driver.get(&short(&path));
        assert_eq!(same, driver.get(&path), "{rest}");
    }
    let chunk = driver.model(0, "/files/116000000001/chunks/1");
    assert_eq!(driver.bytes(&short(&chunk)), driver.bytes(&chunk));
    let page = driver.get(&format!("{}?limit=1", short(&driver.model(0, "/exports"))));
    let next = page["meta"]["paging"]["next"].as_str().unwrap().to_owned();
    assert!(next.starts_with("https://api.anaplan.com/2/0/models/"), "{next}");

    let tasks = short(&driver.model(0, "/exports/116000000001/tasks"));
    let dump = short(&driver.model(0, "/imports/112000000001/tasks/T/dump/chunks"));
    for (method, target) in [
        ("GET", tasks.clone()),
        ("GET", short(&task)),
        ("DELETE", short(&task)),
        ("GET", dump),
        ("DELETE", short(&driver.model(0, "/files/113000000001"))),
        ("GET", "/2/0/models/M/exports".into()),
    ] {
        assert_error(&driver.call(method, &target), 404, &target);
    }
    assert_error(&driver.post_to(&tasks, r#"{"localeName":"en_US"}"#), 404, &tasks);
    // The switches know them, too.
    driver.set(json!({ "failures": [{ "answer": 500, "on": ["list"] }] }));
    assert_eq!(driver.call("GET", &short(&driver.model(0, "/exports"))).status, 500);
    assert_eq!(driver.call("GET", &short(&driver.model(0, "/files"))).status, 200);
}

#[test]
fn a_process_says_what_its_imports_read_when_it_is_asked_to() {
    let mut driver = Driver::new();
    let process = driver.model(0, "/processes/118000000001");
    for (query, shown) in
        [("", false), ("?showImportDataSource=true", true), ("?showImportDataSource=false", false)]
    {
        let metadata = driver.get(&format!("{process}{query}"))["processMetadata"].take();
        let sources: Vec<Option<&Value>> = metadata["actions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|step| step.get("importDataSource"))
            .collect();
        let source = json!({ "type": "MODEL" });
        assert_eq!(sources, [None, shown.then_some(&source), None], "{query}");
    }
}

#[test]
fn workspaces_and_models_are_listed() {
    let mut driver = Driver::new();
    let workspace = driver.tenant["workspaceId"].as_str().unwrap().to_owned();
    let list = driver.get("/2/0/workspaces");
    assert_eq!(list["workspaces"][0]["id"], workspace);
    assert_eq!(list["meta"]["paging"]["totalSize"], 1);
    for target in ["/2/0/models".to_owned(), format!("/2/0/workspaces/{workspace}/models")] {
        let list = driver.get(&target);
        let models = list["models"].as_array().unwrap();
        assert_eq!(models.len(), 2, "{target}");
        for (row, model) in models.iter().zip(driver.tenant["models"].as_array().unwrap()) {
            assert_eq!((&row["id"], &row["name"]), (&model["modelId"], &model["name"]));
            assert_eq!(row["currentWorkspaceId"], workspace);
        }
        let last = driver.get(&format!("{target}?limit=1&offset=1"));
        assert_eq!(last["models"][0], models[1]);
    }
    let other = format!("/2/0/workspaces/0{workspace}/models");
    assert_error(&driver.call("GET", &other), 404, &other);
}

#[test]
fn a_model_without_a_role_is_not_there_but_its_lists_of_tasks_are_and_are_empty() {
    let mut driver = Driver::new();
    let open = driver.tenant["models"][0]["modelId"].as_str().unwrap().to_owned();
    let closed = driver.tenant["closedModelId"].as_str().unwrap().to_owned();
    let model = driver.model(0, "").replace(&open, &closed);
    for (kind, id) in [
        ("exports", "116000000001"),
        ("imports", "112000000001"),
        ("processes", "118000000001"),
        ("actions", "117000000001"),
    ] {
        let tasks = format!("{model}/{kind}/{id}/tasks");
        let list = driver.get(&tasks);
        assert_eq!((list.get("tasks"), &list["meta"]["paging"]["totalSize"]), (None, &json!(0)));
        for (method, target) in [
            ("GET", format!("{model}/{kind}")),
            ("GET", format!("{model}/{kind}/{id}")),
            ("GET", format!("{tasks}/T")),
            ("DELETE", format!("{tasks}/T")),
            ("GET", format!("{tasks}/T/dump")),
            ("GET", format!("{model}/files")),
            ("GET", format!("{model}/files/116000000001")),
            ("GET", format!("{model}/files/116000000001/chunks")),
            ("GET", format!("{model}/files/116000000001/chunks/0")),
        ] {
            assert_error(&driver.call(method, &target), 404, &target);
        }
        let reply = driver.post_to(&tasks, r#"{"localeName":"en_US"}"#);
        assert_error(&reply, 404, &tasks);
    }
    let workspace = driver.tenant["workspaceId"].as_str().unwrap().to_owned();
    let elsewhere = format!("{model}/exports/E/tasks").replace(&workspace, "W");
    assert_error(&driver.call("GET", &elsewhere), 404, &elsewhere);
}
