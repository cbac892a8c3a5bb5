//! Files that are uploaded, and imports that read them.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic
)]

mod driver;

use anaplan_tasks_simulator::Reply;
use driver::*;
use serde_json::{Value, json};

const HOUR: u64 = 3_600_000;
const FILE: &str = "/files/113000000001";
const OCTETS: &str = "application/octet-stream";
const JSON: &str = "application/json";
const GZIP: &str = "application/x-gzip";

fn send(driver: &mut Driver, method: &str, target: &str, media: &str, body: &[u8]) -> Reply {
    let mut request = driver.request(method, target);
    request.headers.push(("content-type".into(), media.into()));
    request.body = body.to_vec();
    driver.send(&request)
}

fn begin(driver: &mut Driver, file: &str, count: i64) -> Value {
    let body = json!({ "chunkCount": count }).to_string();
    let reply = send(driver, "POST", file, JSON, body.as_bytes());
    assert_eq!(reply.status, 200, "{}", text(&reply));
    driver::body(&reply)["file"].take()
}

fn put(driver: &mut Driver, file: &str, number: u32, bytes: &[u8]) -> u16 {
    let reply = send(driver, "PUT", &format!("{file}/chunks/{number}"), OCTETS, bytes);
    assert!(reply.status != 204 || reply.body.is_empty());
    reply.status
}

/// The bytes that were uploaded: they come as a body, for they are held anyway.
fn read(driver: &mut Driver, target: &str) -> Vec<u8> {
    let reply = driver.call("GET", target);
    assert_eq!(reply.status, 200, "{target}: {}", text(&reply));
    assert!(reply.part.is_none());
    reply.body
}

fn run(driver: &mut Driver, import: &str) -> (String, Value) {
    let import = driver.model(0, &format!("/imports/{import}"));
    let task = driver.run(&import);
    driver.advance(60_000);
    let result = driver.task(&task)["result"].take();
    (task, result)
}

fn row_of(driver: &mut Driver, id: &str) -> Value {
    let files = driver.get(&driver.model(0, "/files"));
    let rows = files["files"].as_array().unwrap();
    rows.iter().find(|row| row["id"] == id).unwrap().clone()
}

#[test]
fn chunks_make_a_file_that_its_user_reads() {
    let mut driver = Driver::new();
    let file = driver.model(0, FILE);
    let answer = begin(&mut driver, &file, 2);
    assert_eq!((&answer["id"], &answer["chunkCount"]), (&json!("113000000001"), &json!(2)));
    assert_eq!(put(&mut driver, &file, 1, b"too early"), 400);
    assert_eq!(put(&mut driver, &file, 0, b"Region\nZ\xC3"), 204);
    // Half a file is not a file, but its half can be had.
    assert_error(&driver.call("GET", &file), 404, &file);
    assert_eq!(put(&mut driver, &file, 0, b"Region\nZ\xC3"), 204, "its answer may have been lost");
    assert_eq!(put(&mut driver, &file, 1, b"\xBCrich\n"), 204);
    assert_eq!(put(&mut driver, &file, 2, b"too many"), 400);

    let list = driver.get(&format!("{file}/chunks"));
    assert_eq!(list["chunks"][1], json!({ "id": "1", "name": "Chunk 1" }));
    assert_eq!(list["meta"]["paging"]["totalSize"], 2);
    assert_eq!(read(&mut driver, &format!("{file}/chunks/1")), b"\xBCrich\n");
    assert_eq!(String::from_utf8(read(&mut driver, &file)).unwrap(), "Region\nZürich\n");
    assert_eq!(row_of(&mut driver, "113000000001")["chunkCount"], 2);
    let missing = format!("{file}/chunks/2");
    assert_error(&driver.call("GET", &missing), 404, &missing);

    // Another upload takes its place at once.
    begin(&mut driver, &file, 1);
    assert_eq!(driver.get(&format!("{file}/chunks")).get("chunks"), None);
    assert_eq!(send(&mut driver, "DELETE", &file, JSON, b"").status, 204);
    // What is there for all is there again, and of that nothing can be removed.
    assert_eq!(driver.bytes(&file).iter().filter(|byte| **byte == b'\n').count(), 246);
    assert_error(&send(&mut driver, "DELETE", &file, JSON, b""), 404, &file);
}

#[test]
fn what_nobody_counted_must_be_completed() {
    let mut driver = Driver::new();
    let (file, end) = (driver.model(0, FILE), driver.model(0, &format!("{FILE}/complete")));
    assert_error(&send(&mut driver, "POST", &end, JSON, b"{}"), 400, &end);
    assert_eq!(begin(&mut driver, &file, -1)["chunkCount"], -1);
    assert_error(&send(&mut driver, "POST", &end, JSON, b"{}"), 400, &end);
    assert_eq!(put(&mut driver, &file, 0, b"Region\nA\n"), 204);
    let (_, result) = run(&mut driver, "112000000003");
    assert_eq!(result["details"][0]["type"], "uploadedFileNoLongerAvailable");
    assert_error(&send(&mut driver, "POST", &end, "text/plain", b"{}"), 415, &end);
    for _ in 0..2 {
        let reply = send(&mut driver, "POST", &end, JSON, b"{}");
        assert_eq!((reply.status, &body(&reply)["file"]["chunkCount"]), (200, &json!(1)));
    }
    assert_eq!(put(&mut driver, &file, 1, b"too late"), 400);
    let (_, result) = run(&mut driver, "112000000003");
    assert_eq!(
        (&result["successful"], &result["details"][0]["type"]),
        (&json!(true), &json!("hierarchyRowsProcessed"))
    );
    assert_error(&driver.call("GET", &end), 405, &end);
    let elsewhere = driver.model(0, "/imports/112000000003/complete");
    assert_error(&send(&mut driver, "POST", &elsewhere, JSON, b"{}"), 404, &elsewhere);
}

#[test]
fn a_whole_file_is_put_in_one_piece() {
    let mut driver = Driver::new();
    let file = driver.model(0, FILE);
    assert_eq!(send(&mut driver, "PUT", &file, OCTETS, b"Region\nA\n").status, 204);
    assert_eq!(read(&mut driver, &file), b"Region\nA\n");
    assert_eq!(read(&mut driver, &format!("{file}/chunks/0")), b"Region\nA\n");
    assert_error(&send(&mut driver, "PUT", &file, GZIP, b""), 415, &file);
    let unknown = driver.model(0, "/files/113000009999");
    assert_error(&send(&mut driver, "PUT", &unknown, OCTETS, b"x"), 404, &unknown);
}

#[test]
fn an_id_that_nobody_knows_makes_another_file() {
    let mut driver = Driver::new();
    let unknown = driver.model(0, "/files/113000009999");
    let answer = begin(&mut driver, &unknown, 1);
    assert_eq!(answer["id"], "113000000002");
    assert_eq!(put(&mut driver, &unknown, 0, b"x"), 404);
    let file = driver.model(0, "/files/113000000002");
    assert_eq!(put(&mut driver, &file, 0, b"x"), 204);
    assert_eq!(read(&mut driver, &file), b"x");
    assert_eq!(row_of(&mut driver, "113000000002")["name"], "113000009999");
    // Nothing is there for all.
    assert_eq!(send(&mut driver, "DELETE", &file, JSON, b"").status, 204);
    assert_error(&driver.call("GET", &file), 404, &file);
    assert_eq!(row_of(&mut driver, "113000000002")["chunkCount"], 0);
}

#[test]
fn what_is_too_much_or_of_another_kind_is_refused() {
    let mut driver = Driver::new();
    let file = driver.model(0, FILE);
    for count in [json!(0), json!(-2), json!(1_001), json!("1"), json!(1.5), Value::Null] {
        let body = json!({ "chunkCount": count }).to_string();
        assert_error(&send(&mut driver, "POST", &file, JSON, body.as_bytes()), 400, &file);
    }
    assert_error(&send(&mut driver, "POST", &file, OCTETS, b"{}"), 415, &file);
    assert_error(&send(&mut driver, "POST", &file, JSON, b"["), 400, &file);
    let chunk = format!("{file}/chunks/0");
    assert_error(&send(&mut driver, "PUT", &chunk, OCTETS, b"no count"), 400, &chunk);
    begin(&mut driver, &file, 3);
    assert_error(&send(&mut driver, "PUT", &chunk, JSON, b"{}"), 415, &chunk);
    assert_error(&send(&mut driver, "PUT", &chunk, GZIP, b"no gzip"), 400, &chunk);
    let large = vec![b'x'; 50_000_001];
    assert_error(&send(&mut driver, "PUT", &chunk, OCTETS, &large), 400, &chunk);
    assert_eq!(put(&mut driver, &file, 0, &large[1..]), 204);
    assert_eq!(put(&mut driver, &file, 1, &large[1..]), 204);
    // Anaplan has more room than this memory.
    assert_eq!(put(&mut driver, &file, 2, &large[1..]), 413);
    begin(&mut driver, &file, 1);
    assert_eq!(put(&mut driver, &file, 0, &large[1..]), 204);

    let export = driver.model(0, "/files/116000000001");
    let reply = send(&mut driver, "POST", &export, JSON, br#"{"chunkCount":1}"#);
    assert_error(&reply, 405, &export);
    let closed = driver.tenant["closedModelId"].as_str().unwrap().to_owned();
    let elsewhere = file.replace(driver.tenant["models"][0]["modelId"].as_str().unwrap(), &closed);
    let reply = send(&mut driver, "POST", &elsewhere, JSON, br#"{"chunkCount":1}"#);
    assert_error(&reply, 404, &elsewhere);
}

#[test]
fn gzip_is_unpacked() {
    let mut driver = Driver::new();
    let file = driver.model(0, FILE);
    begin(&mut driver, &file, 1);
    // `printf 'Region\\nA\\n' | gzip -n`
    let packed = [
        0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 0x0B, 0x4A, 0x4D, 0xCF, 0xCC, 0xCF, 0xE3, 0x72, 0xE4,
        2, 0,
    ];
    let sum = [0x58, 0x8D, 0xF7, 0x87];
    let length = [9, 0, 0, 0];
    let packed = [&packed[..], &sum, &length].concat();
    let target = format!("{file}/chunks/0");
    assert_eq!(send(&mut driver, "PUT", &target, GZIP, &packed).status, 204);
    assert_eq!(read(&mut driver, &file), b"Region\nA\n");
}

#[test]
fn an_import_finds_what_was_uploaded_and_refuses_rows_without_a_name() {
    let mut driver = Driver::new();
    let (task, result) = run(&mut driver, "112000000003");
    assert_eq!(
        (&result["successful"], &result["details"][0]["type"]),
        (&json!(false), &json!("uploadedFileNoLongerAvailable"))
    );
    let dump = format!("{task}/dump");
    assert_error(&driver.call("GET", &dump), 404, &dump);

    let file = driver.model(0, FILE);
    let text = "Region,Month,Revenue\nA,Jan,1\n,Feb,2\nC,Mar,3\n";
    begin(&mut driver, &file, 2);
    put(&mut driver, &file, 0, &text.as_bytes()[..30]);
    put(&mut driver, &file, 1, &text.as_bytes()[30..]);
    for import in ["112000000003", "112000000001"] {
        let (task, result) = run(&mut driver, import);
        assert_eq!(
            (&result["successful"], &result["failureDumpAvailable"]),
            (&json!(true), &json!(true))
        );
        let [first, second] = result["details"].as_array().unwrap().as_slice() else {
            panic!("{result}");
        };
        assert_eq!(first["type"], "hierarchyRowsProcessedWithFailures");
        assert_eq!(first["values"], json!(["successRowCount", "2", "failedCount", "1"]));
        assert!(first["localMessageText"].as_str().unwrap().contains(": 3 (2/3) rows"), "{first}");
        assert_eq!(
            (&second["type"], &second["occurrences"]),
            (&json!("hierarchyImportInvalidName"), &json!(1))
        );
        let rows = "_Status_,Region,Month,Revenue,_Line_,_Error_1_\n\
                    E,,Feb,2,3,The first column is empty\n";
        let reply = driver.call("GET", &format!("{task}/dump"));
        assert_eq!((reply.status, reply.header("content-type")), (200, Some("text/plain")));
        assert_eq!(driver::text(&reply), rows);
        driver.set(json!({ "chunkSize": 10 }));
        let list = driver.get(&format!("{task}/dump/chunks"));
        let count = list["chunks"].as_array().unwrap().len();
        assert_eq!(count, rows.len().div_ceil(10));
        let chunks: Vec<Vec<u8>> = (0..count)
            .map(|number| read(&mut driver, &format!("{task}/dump/chunks/{number}")))
            .collect();
        assert_eq!(chunks.concat(), rows.as_bytes());
        driver.set(Value::Null);
        // A run that refused nothing takes it away.
        if import == "112000000001" {
            send(&mut driver, "PUT", &file, OCTETS, b"Region\nA\n");
            let (clean, result) = run(&mut driver, import);
            assert_eq!(result["failureDumpAvailable"], false);
            for task in [clean, task] {
                let dump = format!("{task}/dump");
                assert_error(&driver.call("GET", &dump), 404, &dump);
            }
        }
    }
    send(&mut driver, "PUT", &file, OCTETS, b"Region\n\"\"\n");
    assert_eq!(run(&mut driver, "112000000003").1["successful"], false);
    send(&mut driver, "PUT", &file, OCTETS, b"Region\n");
    let (_, result) = run(&mut driver, "112000000003");
    assert_eq!(
        (&result["successful"], &result["details"][0]["type"]),
        (&json!(true), &json!("hierarchyNoChanges"))
    );
}

#[test]
fn what_was_uploaded_is_kept_for_two_days_after_somebody_read_it() {
    let mut driver = Driver::new();
    let file = driver.model(0, FILE);
    begin(&mut driver, &file, 2);
    put(&mut driver, &file, 0, b"Region\n");
    put(&mut driver, &file, 1, b"A\n");
    driver.advance(48 * HOUR - 1);
    driver.log_in();
    assert_eq!(read(&mut driver, &format!("{file}/chunks/0")), b"Region\n");
    driver.advance(48 * HOUR - 1);
    driver.log_in();
    // Lists are no reading.
    let list = driver.get(&format!("{file}/chunks"));
    assert_eq!(list["meta"]["paging"]["totalSize"], 2);
    driver.advance(1);
    assert!(driver.call("GET", &file).part.is_some(), "what is there for all");
    let (_, result) = run(&mut driver, "112000000003");
    assert_eq!(result["details"][0]["type"], "uploadedFileNoLongerAvailable");
}

#[test]
fn uploads_fail_and_wait_like_other_calls() {
    let mut driver = Driver::new();
    let file = driver.model(0, FILE);
    let chunk = format!("{file}/chunks/0");
    let end = format!("{file}/complete");
    driver.set(json!({ "failures": [{ "answer": 503, "on": ["upload"] }] }));
    for (method, target) in
        [("POST", &file), ("PUT", &file), ("DELETE", &file), ("PUT", &chunk), ("POST", &end)]
    {
        assert_eq!(
            send(&mut driver, method, target, OCTETS, b"x").status,
            503,
            "{method} {target}"
        );
    }
    assert_eq!(driver.call("GET", &chunk).status, 200);
    // The answer is lost, but not the chunk.
    driver.set(json!({ "failures": [
        { "answer": "noAnswer", "on": ["upload"], "executed": true, "times": 2 },
    ] }));
    send(&mut driver, "POST", &file, JSON, br#"{"chunkCount":1}"#);
    put(&mut driver, &file, 0, b"Region\n");
    assert_eq!(read(&mut driver, &file), b"Region\n");

    driver.set(json!({ "blockFiles": true }));
    driver.start(SUCCEEDS);
    driver.advance(1_500);
    for (method, target, media, body) in [
        ("POST", &file, JSON, &br#"{"chunkCount":-1}"#[..]),
        ("PUT", &chunk, OCTETS, b"Region\n"),
        ("POST", &end, JSON, b"{}"),
        ("PUT", &file, OCTETS, b"Region\n"),
        ("DELETE", &file, JSON, b""),
    ] {
        let reply = send(&mut driver, method, target, media, body);
        assert!(reply.status < 300, "{method} {target}: {}", text(&reply));
        assert_eq!(reply.delay, 40_000, "{method} {target}");
    }
}
