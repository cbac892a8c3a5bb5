use anaplan_tasks_gateway::asked::{Asked, Misunderstood, Operation, Part};
use proptest::prelude::*;

use crate::every_path;

const METHODS: [&str; 7] = ["GET", "POST", "DELETE", "HEAD", "PUT", "PATCH", "OPTIONS"];

#[test]
fn each_path_takes_its_methods_and_no_others() {
    for (path, operations) in every_path() {
        for method in METHODS {
            let expected = operations.iter().find(|operation| operation.method() == method);
            match (Asked::read(method, &path), expected) {
                (Ok(asked), Some(operation)) => {
                    assert_eq!(asked.operation, *operation, "{method} {path}");
                    assert_eq!(asked.path.to_string(), path);
                }
                (Err(Misunderstood::Method(methods)), None) => {
                    let known: Vec<_> = operations.iter().map(|one| one.method()).collect();
                    assert_eq!(methods, known.join(", "), "{method} {path}");
                }
                (read, _) => panic!("{method} {path}: {read:?}"),
            }
        }
    }
}

#[test]
fn a_method_is_spelled_in_capitals() {
    for method in ["get", "Get", "GET ", " GET", "", "GET,POST", "GET\0"] {
        let read = Asked::read(method, "/workspaces/w/models/m/exports");
        assert_eq!(read, Err(Misunderstood::Method("GET")), "{method:?}");
    }
}

#[test]
fn what_is_no_path_of_tasks_is_not_there() {
    let all = [
        "",
        "/",
        "/workspaces",
        "/workspaces/w",
        "/workspaces/w/models",
        "/workspaces/w/models/m",
        "/workspaces/w/models/m/",
        "/workspaces/w/models/m/files",
        "/workspaces/w/models/m/files/a",
        "/workspaces/w/models/m/lists",
        "/workspaces/w/models/m/Exports",
        "/workspaces/w/models/m/exports/",
        "/workspaces/w/models/m/exports/a/",
        "/workspaces/w/models/m/exports/a/tasks/",
        "/workspaces/w/models/m/exports/a/tasks/t/",
        "/workspaces/w/models/m/exports/a/tasks/t/x",
        "/workspaces/w/models/m/exports/a/tasks/t/dump",
        "/workspaces/w/models/m/exports/a/tasks/t/dumps/chunks",
        "/workspaces/w/models/m/exports/a/tasks/t/dumps/o/chunks/0/x",
        "/workspaces/w/models/m/files/a/chunks/",
        "/workspaces/w/models/m/files/a/chunks/01",
        "/workspaces/w/models/m/files/a/chunks/-1",
        "/workspaces/w/models/m/files/a/chunks/1000000",
        "workspaces/w/models/m/exports",
        "//workspaces/w/models/m/exports",
        "/2/0/workspaces/w/models/m/exports",
        "/workspaces//models/m/exports",
        "/workspaces/w/models/m/../m/exports",
        "/workspaces/w/models/./exports",
        "/workspaces/w/models/%6d/exports",
        "/workspaces/w/models/m%2Fexports",
        "/workspaces/w/models/m\\exports",
        "/workspaces/w/models/m/exports?x=1",
        "/workspaces/w/models/m/exports#x",
        "/workspaces/w/models/m/exports/a;x=1",
        "/workspaces/w/models/m/exports/a\r\nHost: x",
        "/workspaces/w/models/m/exports/\u{e4}",
        "https://api.anaplan.com/2/0/workspaces/w/models/m/exports",
    ];
    for path in all {
        for method in ["GET", "DELETE", "PUT"] {
            assert_eq!(Asked::read(method, path), Err(Misunderstood::Path), "{method} {path}");
        }
    }
    let too_long = format!("/workspaces/w/models/m/exports/{}", "x".repeat(129));
    assert_eq!(Asked::read("GET", &too_long), Err(Misunderstood::Path));
}

#[test]
fn an_operation_goes_by_one_word() {
    let words = ["status", "cancel", "start", "tasks", "list", "download"];
    assert_eq!(Operation::ALL.map(Operation::as_str), words);
    for operation in Operation::ALL {
        let told = serde_json::to_value(operation).unwrap();
        assert_eq!(told, operation.as_str(), "rules and events use the same");
        let is_change = matches!(operation, Operation::Cancel | Operation::Start);
        assert_eq!(operation.changes(), is_change);
        assert_eq!(operation.method() == "GET", !is_change, "a GET changes nothing");
    }
}

#[test]
fn a_part_is_written_in_one_way() {
    let all = [
        ("", ""),
        ("limit=5", "?limit=5"),
        ("offset=20&limit=007", "?limit=7&offset=20"),
        ("limit=0&offset=999999999", "?limit=0&offset=999999999"),
        ("limit=1&limit=2", "?limit=2"),
        ("sort=creationTime", "?sort=%2BcreationTime"),
        ("sort=+creationTime", "?sort=%2BcreationTime"),
        ("sort=%2BcreationTime", "?sort=%2BcreationTime"),
        ("sort=%2bcreationTime", "?sort=%2BcreationTime"),
        ("sort=-creationTime", "?sort=-creationTime"),
        ("sort=-taskId", "?sort=-taskId"),
        ("sort=taskState", "?sort=%2BtaskState"),
        ("sort=-progress&limit=1&offset=2", "?limit=1&offset=2&sort=-progress"),
        ("x=1&&limit&=&token=secret&LIMIT=9&limit%20=3", ""),
    ];
    for (query, expected) in all {
        assert_eq!(Part::read(query).unwrap().query(), expected, "{query}");
    }
}

#[test]
fn a_wrong_part_is_refused_by_its_name() {
    let numbers =
        ["", "-1", "+1", "1.5", "1e3", " 1", "0x1", "\u{661}", "%31", "1000000000", "all"];
    for wrong in numbers {
        for name in ["limit", "offset"] {
            assert_eq!(Part::read(&format!("{name}={wrong}")), Err(name), "{wrong}");
            assert_eq!(Part::read(&format!("{name}=1&x=y&{name}={wrong}")), Err(name), "{wrong}");
        }
    }
    let fields = [
        "",
        "-",
        "+",
        "%2B",
        "--creationTime",
        "+-creationTime",
        "%2B%2BcreationTime",
        "creationtime",
        "name",
        "creationTime,taskId",
        "creationTime%0d%0aHost:x",
        "%2DcreationTime",
    ];
    for wrong in fields {
        assert_eq!(Part::read(&format!("sort={wrong}")), Err("sort"), "{wrong}");
    }
}

#[test]
fn a_part_of_a_list_that_is_here_begins_where_it_should() {
    let all = [
        ("", 0, 0..5),
        ("limit=2", 0, 0..2),
        ("offset=2", 2, 2..5),
        ("offset=1&limit=2", 1, 1..3),
        ("offset=4&limit=2", 4, 4..5),
        ("limit=5", 0, 0..5),
        ("limit=0", 0, 0..0),
        ("offset=5", 5, 5..5),
        ("offset=999999999&limit=999999999", 999_999_999, 5..5),
        ("sort=-taskId&limit=1", 0, 0..1),
    ];
    for (query, offset, expected) in all {
        let part = Part::read(query).unwrap();
        assert_eq!(part.offset(), offset, "{query}");
        assert_eq!(part.of(vec![0, 1, 2, 3, 4]), expected.collect::<Vec<_>>(), "{query}");
        assert_eq!(part.of(Vec::<u8>::new()), Vec::<u8>::new(), "{query}");
    }
    let many: Vec<u32> = (0..5_000).collect();
    assert_eq!(Part::default().of(many.clone()), many, "all, unless a limit is asked for");
}

/// What paths are made of, right and wrong.
fn segment() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => prop::sample::select(vec![
            "workspaces", "models", "exports", "imports", "processes", "actions", "files", "tasks",
            "dump", "dumps", "chunks", "0", "7", "00", "a", "B-_9", "..", ".", "", "%2e%2e", "a b",
        ])
        .prop_map(str::to_owned),
        1 => ".{0,6}",
        1 => "[A-Za-z0-9_-]{1,130}",
    ]
}

/// Paths, and what is nearly one.
fn path() -> impl Strategy<Value = String> {
    let joined = |segments: Vec<String>| segments.iter().map(|s| format!("/{s}")).collect();
    let model = prop::collection::vec(segment(), 0..9).prop_map(move |rest| {
        let rest: String = joined(rest);
        format!("/workspaces/w/models/m{rest}")
    });
    let known = prop::sample::select(every_path()).prop_map(|(path, _)| path);
    let bent = (known.clone(), any::<prop::sample::Index>(), any::<char>()).prop_map(
        |(mut path, at, c)| {
            path.insert(at.index(path.len()), c);
            path
        },
    );
    prop_oneof![".*", prop::collection::vec(segment(), 0..14).prop_map(joined), model, known, bent]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_is_understood_is_written_as_it_was_asked(
        method in prop_oneof![prop::sample::select(METHODS.to_vec()).prop_map(str::to_owned), ".{0,9}"],
        path in path(),
    ) {
        if let Ok(asked) = Asked::read(&method, &path) {
            prop_assert_eq!(asked.path.to_string(), path.clone(), "nothing is added or lost");
            prop_assert_eq!(asked.operation.method(), method.clone());
            let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_');
            prop_assert!(path.chars().all(is_plain), "{} could mean another thing", path);
            prop_assert_eq!(Asked::read(&method, &path), Ok(asked));
        }
    }

    #[test]
    fn any_query_gives_a_part_that_reads_as_itself_or_a_name(
        query in prop_oneof![
            ".*",
            "((limit|offset|sort|x)=(-|\\+|%2B)?([0-9]{0,10}|creationTime|taskId|progress|.)&?){0,4}",
        ],
    ) {
        match Part::read(&query) {
            Ok(part) => {
                let written = part.query();
                let is_plain = |c: char| c.is_ascii_alphanumeric() || "?&=-%".contains(c);
                prop_assert!(written.chars().all(is_plain), "{}", written);
                let again = Part::read(written.strip_prefix('?').unwrap_or_default());
                prop_assert_eq!(again, Ok(part));
            }
            Err(name) => prop_assert!(["limit", "offset", "sort"].contains(&name)),
        }
    }

    #[test]
    fn parts_one_after_the_other_are_the_whole(count in 0..30_usize, limit in 1..8_usize) {
        let rows: Vec<usize> = (0..count).collect();
        let mut seen = Vec::new();
        for offset in (0..=count).step_by(limit) {
            let part = Part::read(&format!("offset={offset}&limit={limit}")).unwrap();
            let rows = part.of(rows.clone());
            prop_assert!(rows.len() <= limit);
            seen.extend(rows);
        }
        prop_assert_eq!(seen, rows);
    }
}

#[test]
fn the_subject_names_ids_as_references_do() {
    let of = |path: &str| {
        let asked = Asked::read("GET", path).unwrap();
        serde_json::to_value(asked.subject()).unwrap()
    };
    let model = "/workspaces/w/models/m";
    let task = serde_json::json!({
        "workspaceId": "w", "modelId": "m", "importId": "i", "taskId": "t"
    });
    assert_eq!(of(&format!("{model}/imports/i/tasks/t")), task);
    assert_eq!(of(&format!("{model}/imports/i/tasks/t/dump/chunks/0")), task);
    let export = serde_json::json!({ "workspaceId": "w", "modelId": "m", "exportId": "e" });
    assert_eq!(of(&format!("{model}/exports/e/tasks")), export);
    assert_eq!(of(&format!("{model}/files/e/chunks")), export);
    let whole = serde_json::json!({ "workspaceId": "w", "modelId": "m" });
    assert_eq!(of(&format!("{model}/processes")), whole);
}
