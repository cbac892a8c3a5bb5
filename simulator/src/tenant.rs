//! The ready tenant: a workspace with two models whose exports end in every way a client meets.

#![forbid(unsafe_code)]

use anaplan_tasks::reference::{ActionRef, Kind, ModelRef};
use serde_json::{Value, json};

use crate::action::{self, Action, Outcome};
use crate::faults::Faults;
use crate::files::{Content, Form};
use crate::random::Random;
use crate::shape;
use crate::task;
use crate::uploads::{Reading, Upload};

/// All that can be reached with the tenant's one account.
#[derive(Debug, Clone)]
pub struct Tenant {
    pub(crate) workspace_id: String,
    pub(crate) models: Vec<Model>,
    /// A model of the workspace in which the account has no role.
    pub(crate) closed_model: String,
}

/// A model and its actions.
#[derive(Debug, Clone)]
pub(crate) struct Model {
    pub(crate) id: String,
    pub(crate) name: &'static str,
    pub(crate) actions: Vec<Action>,
    pub(crate) uploads: Vec<Upload>,
}

impl Tenant {
    /// The tenant as it is at `now`, with a past for whoever asks. `user` has run most of it.
    pub(crate) fn ready(random: &mut Random, now: u64, user: &str) -> Self {
        let workspace_id = random.lower_hex();
        let models = vec![revenue_planning(random.upper_hex()), supply_chain(random.upper_hex())];
        let mut tenant = Self { workspace_id, models, closed_model: String::new() };
        if let Some(action) = tenant.models.first_mut().and_then(|model| model.actions.first_mut())
        {
            action.give_past(random, now, user);
        }
        tenant.closed_model = random.upper_hex();
        tenant
    }

    /// Whether it is the model that exists and is not for this account.
    pub(crate) fn is_closed(&self, wanted: &ModelRef) -> bool {
        wanted.workspace_id.as_str() == self.workspace_id
            && wanted.model_id.as_str() == self.closed_model
    }

    /// A model, if it is in the workspace that is named with it.
    pub(crate) fn model(&self, wanted: &ModelRef) -> Option<&Model> {
        self.models.iter().find(|model| {
            wanted.workspace_id.as_str() == self.workspace_id
                && wanted.model_id.as_str() == model.id
        })
    }

    /// A model, to change what is in it.
    pub(crate) fn model_mut(&mut self, wanted: &ModelRef) -> Option<&mut Model> {
        if wanted.workspace_id.as_str() != self.workspace_id {
            return None;
        }
        self.models.iter_mut().find(|model| model.id == wanted.model_id.as_str())
    }

    /// Adds a run of an action that is created now, if there is such an action. Imports find what
    /// was uploaded when they are started, if it was uploaded by `owner`.
    pub(crate) fn start(
        &mut self,
        wanted: &ActionRef,
        id: String,
        now: u64,
        owner: &str,
        has_uploads: bool,
        queues: bool,
    ) -> Option<()> {
        let file = self.action(wanted)?.reads;
        let model = self.model(&wanted.model)?;
        let own = model.uploads.iter().find(|upload| Some(upload.id.as_str()) == file);
        let own = own.and_then(|upload| upload.own(now));
        let own = own.filter(|own| has_uploads && own.is_whole());
        let reading = own.map(|own| Reading::of(&own.chunks));
        let place = model.actions.iter().map(|action| action.runs.len()).sum();
        let action = self.action_mut(wanted)?;
        action.start(id, now, owner);
        if let Some(run) = action.runs.last_mut() {
            (run.place, run.queues) = (place, queues);
        }
        if let Some(reading) = reading {
            action.give_reading(reading);
        }
        self.model_mut(&wanted.model).into_iter().for_each(Model::queue);
        Some(())
    }

    /// The bytes of all uploads that are held in memory.
    pub(crate) fn held(&self) -> usize {
        self.models.iter().flat_map(|model| &model.uploads).map(Upload::held).sum()
    }

    /// An action.
    pub(crate) fn action(&self, wanted: &ActionRef) -> Option<&Action> {
        self.model(&wanted.model)?
            .actions
            .iter()
            .find(|action| action.kind == wanted.kind && action.id == wanted.id.as_str())
    }

    /// An action, to run it or to cancel a run.
    pub(crate) fn action_mut(&mut self, wanted: &ActionRef) -> Option<&mut Action> {
        self.model_mut(&wanted.model)?
            .actions
            .iter_mut()
            .find(|action| action.kind == wanted.kind && action.id == wanted.id.as_str())
    }

    /// Models with their actions, as data.
    pub(crate) fn describe_models(&self) -> Value {
        self.models
            .iter()
            .map(|model| {
                let mut fields = shape::object(json!({ "modelId": model.id, "name": model.name }));
                for kind in Kind::ALL {
                    let all = model.of_kind(kind).map(|action| {
                        let mut fields = shape::object(json!({
                            kind.field(): action.id,
                            "name": action.name,
                            "outcome": action.outcome,
                        }));
                        if let Some(file) = action.reads {
                            fields.insert("fileId".into(), file.into());
                        }
                        Value::Object(fields)
                    });
                    fields.insert(kind.segment().into(), all.collect());
                }
                Value::Object(fields)
            })
            .collect()
    }

    /// The runs of all exports at `now`, as data.
    pub(crate) fn describe_tasks(&self, faults: &Faults, now: u64) -> Value {
        let mut tasks = Vec::new();
        for model in &self.models {
            for action in model.of_kind(Kind::Export) {
                tasks.extend(action.observe(now).map(|seen| {
                    json!({
                        "modelId": model.id,
                        "exportId": action.id,
                        "taskId": seen.run.id,
                        "taskState": seen.task.task_state,
                        "creationTime": faults.clock(seen.run.created),
                        "owner": seen.run.owner,
                    })
                }));
            }
        }
        Value::Array(tasks)
    }
}

impl Model {
    /// Its actions of a kind.
    pub(crate) fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &Action> {
        self.actions.iter().filter(move |action| action.kind == kind)
    }

    /// Has its runs wait for each other, after one was added or cancelled.
    pub(crate) fn queue(&mut self) {
        let mut runs: Vec<_> = self.actions.iter_mut().map(|action| &mut action.runs).collect();
        if runs.iter().any(|runs| runs.iter().any(|run| run.queues)) {
            task::queue(&mut runs);
        }
    }

    /// When all that was started in it will have ended, or has.
    pub(crate) fn free_from(&self, now: u64) -> Option<u64> {
        let runs = self.actions.iter().flat_map(|action| action.observe(now));
        runs.map(|seen| seen.end).max()
    }
}

fn revenue_planning(id: String) -> Model {
    Model {
        id,
        name: "Revenue planning",
        actions: vec![
            action::export(
                "116000000001",
                "Grid – Revenue by region.csv",
                Outcome::Succeeds,
                1_200,
            ),
            action::export(
                "116000000002",
                "Headcount – all cost centres.csv",
                Outcome::Fails,
                1_200,
            ),
            // Of many chunks.
            action::export(
                "116000000003",
                "Transactions – full history.csv",
                Outcome::TakesLong,
                60_000,
            ),
            action::export(
                "116000000004",
                "Ledger – journal for the warehouse.txt",
                Outcome::CannotBeCancelled,
                12_000,
            ),
            action::import_of_file("112000000001", "Regions from regions.txt", "113000000001"),
            action::import_that_fails("112000000002", "Load"),
            action::import_of_upload("112000000003", "Load rows from a file", "113000000001"),
            action::process("118000000001", "Nightly load"),
            action::other("117000000001", "Clear", Some("DELETE_BY_SELECTION")),
        ],
        uploads: vec![Upload::new(
            "113000000001".into(),
            "regions.txt".into(),
            Some(Content::of(Form::Commas, "113000000001", 245)),
        )],
    }
}

fn supply_chain(id: String) -> Model {
    Model {
        id,
        name: "Supply chain",
        actions: vec![
            action::export("116000000007", "Currency rates.csv", Outcome::SucceedsInSeconds, 40),
            action::export(
                "116000000008",
                "Inventory – Lagerbestände.xls",
                Outcome::ProgressUnknown,
                3_000,
            ),
            action::import_of_model(
                "112000000007",
                "Demand from Revenue planning",
                "MODULE_DATA",
                Outcome::Succeeds,
            ),
            // Some have no type.
            action::other("117000000007", "Optimise routes", None),
        ],
        uploads: Vec::new(),
    }
}
