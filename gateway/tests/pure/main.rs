//! The pure rooms of the gateway: no browser, no network, no server.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod address;
mod allow;
mod asked;
mod clients;
mod keys;
mod origin;
mod reply;
mod start;
mod whole;

use anaplan_tasks::reference::{Given, Id, Kind, ModelRef};
use anaplan_tasks::wire::Json;
use anaplan_tasks_gateway::allow::{Allow, Ids, Rule};
use anaplan_tasks_gateway::asked::Operation;
use serde_json::Value;

fn id(text: &str) -> Id {
    Id::parse("id", Given::Text(text.to_owned())).unwrap()
}

fn ids(texts: &[&str]) -> Ids {
    Ids::These(texts.iter().map(|text| id(text)).collect())
}

fn model(workspace: &str, model: &str) -> ModelRef {
    ModelRef { workspace_id: id(workspace), model_id: id(model) }
}

/// One rule for all workspaces and models.
fn rule(actions: Ids, operations: &[Operation]) -> Allow {
    let operations = operations.to_vec();
    Allow::new(vec![Rule { workspaces: Ids::All, models: Ids::All, actions, operations }])
}

/// As the host reads it, but for its limit of depth.
fn json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(flag) => Json::Flag(*flag),
        Value::Number(number) => Json::Number(number.as_f64().unwrap()),
        Value::String(text) => Json::Text(text.clone()),
        Value::Array(list) => Json::List(list.iter().map(json).collect()),
        Value::Object(fields) => {
            Json::Object(fields.iter().map(|(name, value)| (name.clone(), json(value))).collect())
        }
    }
}

/// Every form that a path has, and what can be done there.
fn every_path() -> Vec<(String, &'static [Operation])> {
    use Operation::{Cancel, Download, List, Start, Status, Tasks};
    let mut paths: Vec<(String, &'static [Operation])> = Vec::new();
    for kind in Kind::ALL {
        let all = format!("/workspaces/w/models/m/{}", kind.segment());
        let task = format!("{all}/a/tasks/t");
        for dump in [format!("{task}/dump"), format!("{task}/dumps/o")] {
            paths.push((format!("{dump}/chunks"), &[Download]));
            paths.push((format!("{dump}/chunks/0"), &[Download]));
        }
        paths.push((task, &[Status, Cancel]));
        paths.push((format!("{all}/a/tasks"), &[Tasks, Start]));
        paths.push((format!("{all}/a"), &[List]));
        paths.push((all, &[List]));
    }
    paths.push(("/workspaces/w/models/m/files/a/chunks".to_owned(), &[Download]));
    paths.push(("/workspaces/w/models/m/files/a/chunks/999999".to_owned(), &[Download]));
    paths
}
