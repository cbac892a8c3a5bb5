//! What runs leave behind: files of exports, and rows that imports refused.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic
)]

mod driver;

use anaplan_tasks_simulator::Ending;
use driver::*;
use serde_json::{Value, json};

const HOUR: u64 = 3_600_000;
const REFUSES_ROWS: &str = "/imports/112000000001";
const LOAD: &str = "112000000002";

/// The path of what an export writes, and what follows.
fn file(driver: &Driver, export: &str, rest: &str) -> String {
    driver.export(export, "").replace("/exports/", "/files/") + rest
}

fn chunk_ids(list: &Value) -> Vec<String> {
    let rows = list["chunks"].as_array().map(Vec::as_slice).unwrap_or_default();
    rows.iter().map(|row| row["id"].as_str().unwrap().into()).collect()
}

/// All chunks of a file or dump, in the order of their list.
fn chunks(driver: &mut Driver, file: &str) -> Vec<Vec<u8>> {
    let list = driver.get(&format!("{file}/chunks"));
    let ids = chunk_ids(&list);
    ids.iter().map(|id| driver.bytes(&format!("{file}/chunks/{id}"))).collect()
}

fn assert_no_file(driver: &mut Driver, export: &str) {
    let target = file(driver, export, "");
    let list = driver.get(&format!("{target}/chunks"));
    assert_eq!((list.get("chunks"), &list["meta"]["paging"]["totalSize"]), (None, &json!(0)));
    for rest in ["/chunks/0", ""] {
        let target = format!("{target}{rest}");
        assert_error(&driver.call("GET", &target), 404, &target);
    }
}

#[test]
fn a_file_is_there_as_soon_as_its_run_has_succeeded() {
    let mut driver = Driver::new();
    assert_no_file(&mut driver, TAKES_LONG);
    driver.start(TAKES_LONG);
    driver.advance(12 * 60_000 + 1_499);
    assert_no_file(&mut driver, TAKES_LONG);
    driver.advance(1);
    let target = file(&driver, TAKES_LONG, "/chunks");
    let list = driver.get(&target);
    assert_eq!(list["chunks"][0], json!({ "id": "0", "name": "Chunk 0" }));
    assert_eq!(list["chunks"][53], json!({ "id": "53", "name": "Chunk 53" }));
    let paging = json!({ "currentPageSize": 54, "totalSize": 54, "offset": 0 });
    assert_eq!(list["meta"]["paging"], paging);
    assert!(list["meta"]["schema"].as_str().unwrap().ends_with("/objects/chunk"));

    let reply = driver.call("GET", &format!("{target}/53"));
    assert_eq!(reply.header("content-type"), Some("application/octet-stream"));
    for number in ["54", "999999"] {
        let target = format!("{target}/{number}");
        assert_error(&driver.call("GET", &target), 404, &target);
    }
    // A failed export leaves nothing.
    driver.start(FAILS);
    driver.advance(60_000);
    assert_no_file(&mut driver, FAILS);
}

#[test]
fn characters_are_split_between_chunks_and_whole_when_those_are_joined() {
    let mut driver = Driver::new();
    driver.start(TAKES_LONG);
    driver.advance(15 * 60_000);
    let target = file(&driver, TAKES_LONG, "");
    let chunks = chunks(&mut driver, &target);
    let whole = chunks.concat();
    assert!(chunks[..53].iter().all(|chunk| chunk.len() == 100_000));
    assert_eq!(whole.len(), 21 + 60_000 * 89);
    assert_eq!(driver.bytes(&target), whole);
    let text = String::from_utf8(whole).unwrap();
    assert_eq!(text.lines().count(), 60_001);
    // Of two, three and four bytes.
    let mut split: Vec<usize> = Vec::new();
    for end in (1..chunks.len()).map(|number| number * 100_000) {
        let start = (0..4).map(|back| end - back).find(|&at| text.is_char_boundary(at)).unwrap();
        if start < end {
            split.push(text[start..].chars().next().unwrap().len_utf8());
        }
    }
    split.sort_unstable();
    split.dedup();
    assert_eq!(split, [2, 3, 4]);
}

#[test]
fn another_run_replaces_the_file_when_it_has_succeeded() {
    let mut driver = Driver::new();
    let target = file(&driver, SUCCEEDS, "");
    driver.start(SUCCEEDS);
    driver.advance(60_000);
    let first = driver.bytes(&target);
    assert_eq!(driver.bytes(&target), first);

    driver.start(SUCCEEDS);
    driver.advance(20_000);
    assert_eq!(driver.bytes(&target), first, "it is not yet written");
    driver.advance(40_000);
    let second = driver.bytes(&target);
    assert_ne!(second, first);

    let cancelled = driver.start(SUCCEEDS);
    driver.advance(20_000);
    driver.call("DELETE", &cancelled);
    driver.advance(60_000);
    assert_eq!(driver.state(&cancelled), "CANCELLED");
    assert_eq!(driver.bytes(&target), second);

    driver.set(json!({ "staleFile": true }));
    assert_eq!(driver.bytes(&target), first);
    assert_eq!(chunks(&mut driver, &target).concat(), first);
    driver.start(IN_SECONDS);
    driver.advance(10_000);
    assert_no_file(&mut driver, IN_SECONDS);
}

#[test]
fn a_file_is_its_users_alone_and_kept_for_two_days_after_it_was_read() {
    let mut driver = Driver::new();
    // Of the runs in the past, one is too long ago and one is somebody else's.
    assert_no_file(&mut driver, SUCCEEDS);
    driver.start(SUCCEEDS);
    driver.advance(41_500 + 48 * HOUR - 1);
    driver.log_in();
    let chunk = file(&driver, SUCCEEDS, "/chunks/1");
    let list = file(&driver, SUCCEEDS, "/chunks");
    driver.bytes(&chunk);
    driver.advance(48 * HOUR - 1);
    driver.log_in();
    // Lists are no reading.
    assert_eq!(chunk_ids(&driver.get(&list)), ["0", "1"]);
    driver.advance(1);
    assert_no_file(&mut driver, SUCCEEDS);
}

#[test]
fn files_are_listed_with_how_many_chunks_they_have() {
    let mut driver = Driver::new();
    let target = driver.model(0, "/files");
    let count = |list: &Value| -> Vec<(String, u64)> {
        let rows = list["files"].as_array().unwrap();
        rows.iter()
            .map(|row| (row["id"].as_str().unwrap().into(), row["chunkCount"].as_u64().unwrap()))
            .collect()
    };
    let list = driver.get(&target);
    assert_eq!(
        list["files"][0],
        json!({ "id": SUCCEEDS, "name": "Grid – Revenue by region.csv", "chunkCount": 0,
                "firstDataRow": 0, "headerRow": 0 })
    );
    assert_eq!(
        list["files"][4],
        json!({ "id": "113000000001", "name": "regions.txt", "chunkCount": 1, "delimiter": "\"",
                "encoding": "UTF-8", "firstDataRow": 2, "format": "txt", "headerRow": 1,
                "separator": "," })
    );
    assert_eq!(list["meta"]["paging"]["totalSize"], 5);
    driver.start(SUCCEEDS);
    driver.start(CANNOT_BE_CANCELLED);
    driver.advance(62_000);
    let counts = count(&driver.get(&target));
    let counts: Vec<u64> = counts.into_iter().map(|(_, count)| count).collect();
    assert_eq!(counts, [2, 0, 0, 11, 1]);
    let last = driver.get(&format!("{target}?sort=-id&limit=1&offset=4"));
    assert_eq!(count(&last), [("113000000001".to_owned(), 1)]);

    let uploaded = String::from_utf8(driver.bytes(&format!("{target}/113000000001"))).unwrap();
    assert_eq!(uploaded.lines().count(), 246);
    for unknown in ["113000009999", "112000000001"] {
        for rest in ["", "/chunks", "/chunks/0"] {
            let target = format!("{target}/{unknown}{rest}");
            assert_error(&driver.call("GET", &target), 404, &target);
        }
    }
}

#[test]
fn exports_of_other_formats_have_bytes_of_those() {
    let mut driver = Driver::new();
    driver.start(CANNOT_BE_CANCELLED);
    driver.start(PROGRESS_UNKNOWN);
    driver.advance(120_000);
    let target = file(&driver, CANNOT_BE_CANCELLED, "");
    let text = String::from_utf8(driver.bytes(&target)).unwrap();
    assert!(text.starts_with("Region\tMonth\tRevenue\n\""), "{}", &text[..40]);
    let target = file(&driver, PROGRESS_UNKNOWN, "");
    let workbook = driver.bytes(&target);
    assert_eq!(workbook[..4], [0xD0, 0xCF, 0x11, 0xE0]);
    assert!(String::from_utf8(workbook.clone()).is_err());
    assert_eq!(chunks(&mut driver, &target).concat(), workbook);
}

#[test]
fn lists_of_chunks_are_paged() {
    let mut driver = Driver::with(json!({ "chunkSize": 1_000 }));
    driver.start(SUCCEEDS);
    driver.advance(60_000);
    let target = file(&driver, SUCCEEDS, "/chunks");
    let page = driver.get(&format!("{target}?limit=3&offset=9"));
    assert_eq!(chunk_ids(&page), ["9", "10", "11"]);
    let paging = &page["meta"]["paging"];
    assert_eq!((&paging["totalSize"], &paging["currentPageSize"]), (&json!(107), &json!(3)));
    assert!(paging["next"].as_str().unwrap().ends_with("/chunks?limit=3&offset=12"));
    assert!(driver.get(&format!("{target}?offset=107")).get("chunks").is_none());
    assert_error(&driver.call("GET", &format!("{target}?limit=x")), 400, &target);

    driver.set(json!({ "pageSize": 40 }));
    let page = driver.get(&target);
    let paging = &page["meta"]["paging"];
    assert_eq!((chunk_ids(&page).len(), &paging["totalSize"]), (40, &json!(107)));
    driver.set(json!({ "withoutEnvelope": true }));
    assert_eq!(driver.get(&target).as_object().unwrap().keys().collect::<Vec<_>>(), ["chunks"]);
}

#[test]
fn a_file_is_as_large_as_one_wants_and_cut_as_one_wants() {
    let mut driver = Driver::new();
    driver.start(IN_SECONDS);
    driver.advance(10_000);
    let target = file(&driver, IN_SECONDS, "");
    assert_eq!(chunks(&mut driver, &target).len(), 1);
    driver.set(json!({ "chunkSize": 7 }));
    let pieces = chunks(&mut driver, &target);
    assert_eq!(pieces.len(), (21_usize + 40 * 89).div_ceil(7));
    assert_eq!(pieces.concat(), driver.bytes(&target));

    // Nearly nine gigabytes, and the last bytes are there at once.
    driver.set(json!({ "fileRows": 100_000_000, "chunkSize": 10_000_000 }));
    let list = driver.get(&format!("{target}/chunks"));
    assert_eq!(list["meta"]["paging"]["totalSize"], 891);
    let last = driver.call("GET", &format!("{target}/chunks/890")).part.unwrap();
    let whole = driver.call("GET", &target).part.unwrap();
    assert_eq!((last.size(), whole.size()), (21, 21 + 89 * 100_000_000));
    let end = String::from_utf8(whole.read(whole.size() - 89, 1_000)).unwrap();
    assert!(end.contains(" 099999999\"") && end.as_bytes().ends_with(&last.read(0, 100)), "{end}");

    driver.set(json!({ "fileRows": 0 }));
    assert_no_file(&mut driver, IN_SECONDS);
    assert_eq!(driver.get(&driver.model(1, "/files"))["files"][0]["chunkCount"], 0);
}

#[test]
fn bytes_are_sent_whatever_is_accepted_and_lists_are_json() {
    let mut driver = Driver::new();
    driver.start(SUCCEEDS);
    driver.advance(60_000);
    let target = file(&driver, SUCCEEDS, "");
    for (rest, accept, status) in [
        ("/chunks/0", "application/octet-stream", 200),
        ("/chunks/0", "application/json", 200),
        ("/chunks/0", "text/plain", 200),
        ("", "application/octet-stream", 200),
        ("/chunks", "application/json", 200),
        ("/chunks", "application/octet-stream", 406),
    ] {
        let mut request = driver.request("GET", &format!("{target}{rest}"));
        request.headers.push(("accept".into(), accept.into()));
        assert_eq!(driver.send(&request).status, status, "{rest} {accept}");
    }
    for method in ["POST", "PUT", "DELETE"] {
        for rest in ["", "/chunks", "/chunks/0"] {
            let target = format!("{target}{rest}");
            let reply = driver.call(method, &target);
            assert_error(&reply, 405, &target);
            assert_eq!(reply.header("allow"), Some("GET"));
        }
    }
    let target = format!("{target}/chunks/00");
    assert_error(&driver.call("GET", &target), 404, &target);
}

#[test]
fn chunks_that_are_listed_and_lost() {
    let mut driver = Driver::with(json!({ "lostChunks": true }));
    driver.start(SUCCEEDS);
    driver.advance(60_000);
    let target = file(&driver, SUCCEEDS, "");
    assert_eq!(chunk_ids(&driver.get(&format!("{target}/chunks"))), ["0", "1"]);
    for rest in ["", "/chunks/0", "/chunks/1"] {
        let target = format!("{target}{rest}");
        assert_error(&driver.call("GET", &target), 404, &target);
    }
}

#[test]
fn files_that_wait_until_the_model_is_free() {
    let mut driver = Driver::with(json!({ "blockFiles": true, "latency": 5 }));
    let target = file(&driver, SUCCEEDS, "/chunks");
    assert_eq!(driver.call("GET", &target).delay, 5);
    driver.start(SUCCEEDS);
    let refuses = driver.model(0, REFUSES_ROWS);
    let dump = driver.run(&refuses) + "/dump";
    driver.advance(22_000);
    for (target, delay) in [
        (target.clone(), 19_505),
        (file(&driver, SUCCEEDS, "/chunks/0"), 19_505),
        (file(&driver, SUCCEEDS, ""), 19_505),
        (driver.model(0, "/files"), 19_505),
        // Not of these, and not of another model.
        (driver.export(SUCCEEDS, "/tasks"), 5),
        (dump, 5),
        (driver.model(1, "/files"), 5),
    ] {
        let reply = driver.call("GET", &target);
        assert_eq!((reply.status, reply.delay), (200, delay), "{target}");
    }
    // What it says is what it will be then.
    assert_eq!(chunk_ids(&driver.get(&target)), ["0", "1"]);
    driver.set(json!({ "blockFiles": false }));
    assert_no_file(&mut driver, SUCCEEDS);
    driver.set(json!({ "blockFiles": true }));
    driver.advance(19_500);
    assert_eq!(driver.call("GET", &target).delay, 5);
}

#[test]
fn an_import_that_refuses_rows_succeeds_and_has_a_dump() {
    let mut driver = Driver::new();
    let import = driver.model(0, REFUSES_ROWS);
    let task = driver.run(&import);
    let dump = format!("{task}/dump");
    assert_error(&driver.call("GET", &dump), 404, &dump);
    driver.advance(30_000);
    let result = driver.task(&task)["result"].take();
    assert_eq!(
        (&result["successful"], &result["failureDumpAvailable"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(result["details"][0]["type"], "hierarchyRowsProcessedWithFailures");
    assert_eq!(
        result["details"][0]["values"],
        json!(["successRowCount", "228", "failedCount", "12"])
    );

    let reply = driver.call("GET", &dump);
    assert_eq!((reply.status, reply.header("content-type")), (200, Some("text/plain")));
    let whole = bytes(&reply);
    let text = String::from_utf8(whole.clone()).unwrap();
    let mut lines = text.lines();
    let header = lines.next().unwrap();
    assert_eq!(header, "_Status_,Region,Month,Revenue,_Line_,_Error_1_,_Error_2_");
    let status: String = lines.map(|line| &line[..2]).collect();
    assert_eq!((status.matches("E,").count(), status.matches("W,").count()), (12, 5));
    assert_eq!(chunks(&mut driver, &dump).concat(), whole);
    driver.set(json!({ "chunkSize": 10 }));
    let pieces = chunks(&mut driver, &dump);
    assert!(pieces.len() > 100 && pieces.iter().any(|piece| std::str::from_utf8(piece).is_err()));
    assert_eq!(pieces.concat(), whole);
    let reply = driver.call("GET", &format!("{dump}/chunks/0"));
    assert_eq!(reply.header("content-type"), Some("text/plain"));
    let missing = format!("{dump}/chunks/{}", pieces.len());
    assert_error(&driver.call("GET", &missing), 404, &missing);
}

#[test]
fn a_dump_is_that_of_the_last_run_and_kept_for_two_days() {
    let mut driver = Driver::new();
    let import = driver.model(0, REFUSES_ROWS);
    let first = driver.run(&import);
    driver.advance(30_000);
    let bytes = driver.bytes(&format!("{first}/dump"));
    let second = driver.run(&import);
    driver.advance(10_000);
    driver.call("DELETE", &second);
    driver.advance(10_000);
    assert_eq!(driver.state(&second), "CANCELLED");
    assert_eq!(driver.bytes(&format!("{first}/dump")), bytes, "a cancelled run has none");
    let third = driver.run(&import);
    driver.advance(30_000);
    assert_ne!(driver.bytes(&format!("{third}/dump")), bytes);
    for gone in [&first, &second] {
        let dump = format!("{gone}/dump");
        assert_error(&driver.call("GET", &dump), 404, &dump);
    }
    // The word of the task stays.
    assert_eq!(driver.task(&first)["result"]["failureDumpAvailable"], true);
    driver.advance(48 * HOUR);
    driver.log_in();
    let dump = format!("{third}/dump");
    assert_error(&driver.call("GET", &dump), 404, &dump);
    assert_eq!(driver.task(&third)["result"]["failureDumpAvailable"], true);
}

#[test]
fn a_dump_that_is_not_there_in_every_form() {
    for (answer, statuses) in [("notFound", [404, 404, 404]), ("noContent", [204, 400, 404])] {
        let mut driver = Driver::with(json!({ "lostDumps": true, "dumpAnswer": answer }));
        let import = driver.model(0, REFUSES_ROWS);
        let task = driver.run(&import);
        driver.advance(30_000);
        assert_eq!(driver.task(&task)["result"]["failureDumpAvailable"], true);
        for (rest, status) in ["/dump", "/dump/chunks", "/dump/chunks/0"].iter().zip(statuses) {
            let target = format!("{task}{rest}");
            let reply = driver.call("GET", &target);
            assert_eq!(reply.status, status, "{target}");
            if status == 204 {
                assert!(reply.body.is_empty() && reply.part.is_none());
            } else {
                assert_error(&reply, status, &target);
            }
        }
        driver.set(json!({ "lostDumps": false }));
        assert_eq!(driver.call("GET", &format!("{task}/dump")).status, 200);
        // A task that nobody knows is another matter.
        let unknown = driver.model(0, &format!("{REFUSES_ROWS}/tasks/T/dump/chunks"));
        assert_error(&driver.call("GET", &unknown), 404, &unknown);
    }
}

#[test]
fn a_process_has_a_dump_for_the_step_that_refused_rows() {
    let mut driver = Driver::new();
    let process = driver.model(0, "/processes/118000000001");
    let task = driver.run(&process);
    driver.advance(60_000);
    let result = driver.task(&task)["result"].take();
    assert_eq!(result["failureDumpAvailable"], true);
    let steps = result["nestedResults"].as_array().unwrap();
    let flags: Vec<&Value> = steps.iter().map(|step| &step["failureDumpAvailable"]).collect();
    assert_eq!(flags, [&json!(false), &json!(true)]);
    assert_eq!(steps[0]["details"][0]["type"], "deleteFromSelectionSucceeded");

    let dump = format!("{task}/dumps/{LOAD}");
    let text = String::from_utf8(driver.bytes(&dump)).unwrap();
    assert_eq!(text.lines().count(), 4);
    assert_eq!(chunks(&mut driver, &dump).concat(), text.into_bytes());
    for wrong in ["/dump", "/dumps/117000000001", "/dumps/118000000001", "/dumps/112000000001"] {
        let target = format!("{task}{wrong}/chunks");
        assert_error(&driver.call("GET", &target), 404, &target);
    }
    // By itself, the step is an import that fails.
    let import = driver.model(0, &format!("/imports/{LOAD}"));
    let alone = driver.run(&import);
    driver.advance(60_000);
    let task = driver.task(&alone);
    assert_eq!(
        (&task["currentStep"], &task["result"]["successful"]),
        (&json!("Failed."), &json!(false))
    );
    assert_eq!(
        String::from_utf8(driver.bytes(&format!("{alone}/dump"))).unwrap().lines().count(),
        4
    );
    let steps = format!("{alone}/dumps/{LOAD}");
    assert_error(&driver.call("GET", &steps), 404, &steps);
}

#[test]
fn other_actions_run_and_leave_nothing() {
    let mut driver = Driver::new();
    for (place, action) in
        [(0, "/actions/117000000001"), (1, "/actions/117000000007"), (1, "/imports/112000000007")]
    {
        let action = driver.model(place, action);
        let task = driver.run(&action);
        driver.advance(60_000);
        let result = driver.task(&task)["result"].take();
        assert_eq!(result["successful"], true, "{action}");
        assert_eq!(result["failureDumpAvailable"], false, "{action}");
        let dump = format!("{task}/dump");
        assert_error(&driver.call("GET", &dump), 404, &dump);
    }
    let cancelled = driver.run(&driver.model(1, "/imports/112000000007"));
    driver.advance(5_000);
    driver.call("DELETE", &cancelled);
    driver.advance(10_000);
    let task = driver.task(&cancelled);
    assert_eq!(task["result"]["details"][0]["type"], "msgImportCancelled");
}

#[test]
fn a_chunk_breaks_off_in_its_middle() {
    let mut driver = Driver::new();
    driver.start(SUCCEEDS);
    driver.advance(60_000);
    let (list, chunk) = (file(&driver, SUCCEEDS, "/chunks"), file(&driver, SUCCEEDS, "/chunks/0"));
    let whole = driver.bytes(&chunk);
    for (answer, ending, length) in [
        ("reset", Ending::Reset, Some(100_000)),
        ("stall", Ending::Stall, Some(100_000)),
        ("noAnswer", Ending::NoAnswer, None),
        ("truncated", Ending::Whole, Some(50_000)),
        ("empty", Ending::Whole, None),
    ] {
        driver.set(json!({ "failures": [{ "answer": answer, "on": ["download"], "times": 1 }] }));
        assert_eq!(chunk_ids(&driver.get(&list)), ["0", "1"], "{answer}");
        let reply = driver.call("GET", &chunk);
        assert_eq!((reply.status, reply.ending), (200, ending), "{answer}");
        assert_eq!(reply.part.map(|part| part.size()), length, "{answer}");
        if let Some(part) = reply.part {
            assert_eq!(part.read(0, 100), whole[..100]);
        }
        assert_eq!(driver.bytes(&chunk), whole);
    }
}
