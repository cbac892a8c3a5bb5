use anaplan_tasks::reference::{
    ActionRef, BaseUrl, Directory, FileRef, Given, Id, Kind, Path, TaskRef,
};
use proptest::prelude::*;

use crate::{task_ref, text};

const TASK_PATH: &str = "/workspaces/8a81b08e4f6d2b43014f8b11f3c20d39\
    /models/75A40874E6B64FA3AE0743278996850F/exports/116000000004\
    /tasks/4C1D90AA5E2B4F0C9B7A1D2E3F405162";

#[test]
fn an_id_is_letters_digits_dashes_and_underscores() {
    for good in ["1", "116000000004", "8a8b8c8d8e8f8g8i", "A-b_C", &"x".repeat(128)] {
        assert_eq!(Id::parse("taskId", text(good)).unwrap().as_str(), good);
    }
}

#[test]
fn hostile_ids_are_refused_by_name_and_not_repeated() {
    let too_long = "x".repeat(129);
    let hostile = [
        "",
        " ",
        ".",
        "..",
        "a/b",
        "a\\b",
        "../tasks",
        "%2e%2e",
        "%2F",
        "a?b",
        "a#b",
        "a&b",
        "a;b",
        "a b",
        "a\0",
        "a\n",
        "a\r\nHost: x",
        "ä",
        "１１６",
        "\u{202e}116",
        "\u{feff}116",
        "116\u{200b}",
        "<script>",
        "'",
        "\"",
        "${x}",
        "a:b",
        "a@b",
        "*",
        "+",
        "=",
        "~",
        ",",
        "(",
        &too_long,
    ];
    for id in hostile {
        let refused = Id::parse("taskId", text(id)).unwrap_err();
        assert_eq!(refused.argument, "taskId");
        let message = refused.to_string();
        assert!(message.starts_with("taskId: expected a string of 1 to 128"), "{message}");
        assert!(id.chars().count() < 3 || !message.contains(id), "{message} repeats the value");
    }
    let refused = Id::parse("taskId", Given::Other("a number")).unwrap_err();
    assert!(refused.to_string().ends_with("found a number"));
    assert!(Id::parse("taskId", Given::Missing).unwrap_err().to_string().ends_with("nothing"));
}

#[test]
fn a_reference_needs_exactly_one_action() {
    let with = |ids: &'static [&str]| {
        ActionRef::from_fields(&move |name: &str| match name {
            "workspaceId" | "modelId" => text("x"),
            _ if ids.contains(&name) => text("1"),
            _ => Given::Missing,
        })
    };
    for kind in Kind::ALL {
        let ids: &'static [&str] = Box::leak(Box::new([kind.field()]));
        assert_eq!(with(ids).unwrap().kind, kind);
    }
    assert!(with(&[]).unwrap_err().to_string().ends_with("found none"));
    assert!(with(&["exportId", "importId"]).unwrap_err().to_string().ends_with("more than one"));
}

#[test]
fn a_missing_id_is_named() {
    for missing in ["workspaceId", "modelId", "taskId"] {
        let field = |name: &str| match name {
            _ if name == missing => Given::Missing,
            "importId" | "processId" | "actionId" => Given::Missing,
            _ => text("x"),
        };
        assert_eq!(TaskRef::from_fields(&field).unwrap_err().argument, missing);
    }
}

#[test]
fn a_task_is_found_in_its_url() {
    let all = [
        TASK_PATH.to_owned(),
        TASK_PATH[1..].to_owned(),
        format!("{TASK_PATH}/"),
        format!("/2/0{TASK_PATH}"),
        format!("/anaplan{TASK_PATH}"),
        format!("https://api.anaplan.com/2/0{TASK_PATH}"),
        format!("http://127.0.0.1:8080/2/0{TASK_PATH}"),
    ];
    for url in all {
        assert_eq!(TaskRef::from_url(&url), Ok(task_ref()), "{url}");
    }
}

#[test]
fn other_urls_are_refused() {
    let export = TASK_PATH.split("/tasks").next().unwrap();
    let all = [
        String::new(),
        "/".to_owned(),
        "nonsense".to_owned(),
        "https://".to_owned(),
        "https://api.anaplan.com".to_owned(),
        export.to_owned(),
        format!("{export}/tasks"),
        format!("{export}/tasks/"),
        format!("{TASK_PATH}/dump"),
        format!("{TASK_PATH}?x=1"),
        format!("{TASK_PATH}#x"),
        format!("{TASK_PATH}//"),
        TASK_PATH.replace("exports", "expletives"),
        TASK_PATH.replace("/models", "/../models"),
        TASK_PATH.replace("116000000004", "..%2f"),
        TASK_PATH.replace("116000000004", ""),
    ];
    for url in all {
        assert!(TaskRef::from_url(&url).is_err(), "{url}");
    }
}

#[test]
fn paths_are_read_as_they_are_written() {
    let task = task_ref();
    let action = task.action.clone();
    let step = Id::parse("objectId", Given::Text("112000000001".to_owned())).unwrap();
    let file = FileRef::File(action.model.clone(), action.id.clone());
    let all = [
        Path::Actions(action.model.clone(), Kind::Process),
        Path::Action(action.clone()),
        Path::Tasks(action),
        Path::Task(task.clone()),
        Path::Files(task.action.model.clone()),
        Path::File(file.clone()),
        Path::File(FileRef::Dump(task.clone())),
        Path::File(FileRef::StepDump(task.clone(), step.clone())),
        Path::Chunks(file.clone()),
        Path::Chunk(file, 0),
        Path::Chunk(FileRef::Dump(task.clone()), 10),
        Path::Chunks(FileRef::StepDump(task, step)),
    ];
    for path in all {
        assert_eq!(Path::parse(&path.to_string()), Ok(Some(path)));
    }
    for number in ["", "00", "-1", "+1", "1e3", "1234567", "0x1", "%30"] {
        let path = format!("/workspaces/w/models/m/files/f/chunks/{number}");
        assert!(Path::parse(&path).is_err(), "{path}");
    }
    for path in [
        "",
        "/",
        "/workspaces/w",
        "/workspaces/w/models/m",
        "/workspaces/w/models/m/files/f/x",
        "/workspaces/w/models/m/imports/i/tasks/t/dumps",
        "/workspaces/w/models/m/exports/files",
        "/models/m/exports",
    ] {
        let known = Path::parse(path);
        assert!(!matches!(known, Ok(Some(Path::File(_) | Path::Files(_)))), "{path}: {known:?}");
    }
    assert_eq!(Path::parse("/workspaces/w"), Ok(None));
    assert_eq!(Path::parse("/models/m/exports"), Ok(None));
    assert!(Path::parse("/workspaces/w/models/m/files/..").is_err());
    assert_eq!(Path::parse("workspaces/w/models/m/exports"), Ok(None));
    assert!(Path::parse("/workspaces/w/models/m/exports/..").is_err());
}

#[test]
fn what_leads_to_a_model_is_read_as_it_is_written() {
    let workspace = task_ref().action.model.workspace_id;
    for directory in
        [Directory::Workspaces, Directory::Models(None), Directory::Models(Some(workspace))]
    {
        let path = directory.to_string();
        assert_eq!(Directory::parse(&path), Ok(Some(directory)));
        assert_eq!(Path::parse(&path), Ok(None));
    }
    for path in ["", "/", "workspaces", "/workspaces/w", "/models/m", "/workspaces/w/models/m"] {
        assert_eq!(Directory::parse(path), Ok(None), "{path}");
    }
    assert!(Directory::parse("/workspaces/../models").is_err());
}

#[test]
fn base_urls_are_https_or_loopback_or_the_pages_own() {
    let page = Some("http://intranet.example:8000");
    let good = [
        (None, "https://api.anaplan.com/2/0", "https://api.anaplan.com/2/0"),
        (None, "https://api.anaplan.com/2/0/", "https://api.anaplan.com/2/0"),
        (None, "HTTPS://API.Anaplan.com", "https://api.anaplan.com"),
        (None, "https://au1a.api2.anaplan.com:443/2/0", "https://au1a.api2.anaplan.com:443/2/0"),
        (None, "http://localhost:8080", "http://localhost:8080"),
        (None, "http://anaplan.localhost", "http://anaplan.localhost"),
        (None, "http://127.0.0.1:1/2/0", "http://127.0.0.1:1/2/0"),
        (None, "http://127.1.2.3", "http://127.1.2.3"),
        (None, "http://[::1]:8080/x", "http://[::1]:8080/x"),
        (page, "/anaplan", "http://intranet.example:8000/anaplan"),
        (page, "/", "http://intranet.example:8000"),
        (page, "http://intranet.example:8000/anaplan", "http://intranet.example:8000/anaplan"),
    ];
    for (origin, given, kept) in good {
        assert_eq!(
            BaseUrl::parse("baseUrl", given, origin).map(|url| url.to_string()),
            Ok(kept.into())
        );
    }
}

#[test]
fn hostile_base_urls_are_refused() {
    let page = Some("https://intranet.example");
    let bad = [
        "",
        " ",
        "anaplan",
        "api.anaplan.com",
        "//evil.example",
        "/\\evil.example",
        "/..",
        "/a/../b",
        "/./a",
        "/a//b",
        "http:",
        "http:/",
        "http://",
        "https://",
        "https:///x",
        "http:x",
        "http://api.anaplan.com",
        "http://10.0.0.1",
        "http://192.168.0.1",
        "http://0.0.0.0",
        "http://128.0.0.1",
        "http://127.0.0.1.evil.example",
        "http://127.0.0.256",
        "http://127.1",
        "http://localhost.evil.example",
        "http://evil.example#localhost",
        "http://[::2]",
        "http://[::1",
        "http://::1",
        "http://localhost:",
        "http://localhost:99999",
        "http://localhost:-1",
        "http://localhost:80x",
        "https://user@host",
        "https://u:p@host",
        "https://host?x",
        "https://host#x",
        "https://host/%2e%2e",
        "https://host/a b",
        "https://ho\tst",
        "https://host\n",
        "https://hôst",
        "https://host..x",
        "https://.host",
        "ftp://host",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "javascript://localhost/%0a",
        "data:text/html,x",
        "blob:https://host/x",
        "ws://localhost",
        "https:host",
        "https:\\\\host",
        "https://[::1]x",
        "https://[zz::1]",
    ];
    for given in bad {
        let refused = BaseUrl::parse("baseUrl", given, page);
        assert!(refused.is_err(), "{given:?} passed as {refused:?}");
    }
    assert!(BaseUrl::parse("baseUrl", "/anaplan", None).is_err(), "a path without a page");
}

proptest! {
    #[test]
    fn whatever_passes_as_an_id_stays_one_segment(id in ".*") {
        if let Ok(id) = Id::parse("taskId", Given::Text(id)) {
            let id = id.as_str();
            prop_assert!((1..=128).contains(&id.len()));
            prop_assert!(id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
        }
    }

    #[test]
    fn good_ids_all_pass(id in "[A-Za-z0-9_-]{1,128}") {
        prop_assert!(Id::parse("taskId", Given::Text(id)).is_ok());
    }

    #[test]
    fn no_text_makes_a_reference_panic(url in ".*", prefix in "(https?://)?.{0,20}") {
        let _ = TaskRef::from_url(&url);
        let _ = TaskRef::from_url(&format!("{prefix}{TASK_PATH}{url}"));
        let _ = Path::parse(&url);
    }

    #[test]
    fn a_base_url_says_where_it_leads(
        url in "(https?://|/|)[a-z0-9.:@/\\\\?#%\\[\\] _~-]{0,30}",
    ) {
        if let Ok(base) = BaseUrl::parse("baseUrl", &url, Some("https://page.example")) {
            let base = base.to_string();
            prop_assert!(base.starts_with("https://") || base.starts_with("http://"));
            prop_assert!(!base.ends_with('/') && !base.contains(['@', '?', '#', '\\', '%', ' ']));
            prop_assert!(!base.split('/').any(|segment| segment == ".."), "{base}");
        }
    }
}
