//! What may pass: whatever no rule names may not.

#![forbid(unsafe_code)]

use anaplan_tasks::reference::{FileRef, Id, ModelRef, Path, TaskRef};

use crate::asked::{Asked, Operation};

/// Ids that a rule names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ids {
    /// All there are.
    All,
    /// These.
    These(Vec<Id>),
}

/// One rule. It must allow all of a request to allow it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Where.
    pub workspaces: Ids,
    /// Where.
    pub models: Ids,
    /// What. An export's id is that of its file, too.
    pub actions: Ids,
    /// What may be done.
    pub operations: Vec<Operation>,
}

/// All rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allow(Vec<Rule>);

impl Ids {
    fn hold(&self, id: &Id) -> bool {
        match self {
            Self::All => true,
            Self::These(ids) => ids.contains(id),
        }
    }
}

impl Allow {
    /// By these rules, of which any one suffices.
    pub fn new(rules: Vec<Rule>) -> Self {
        Self(rules)
    }

    /// Whether the request may pass.
    pub fn permits(&self, asked: &Asked) -> bool {
        let (model, action) = subject(&asked.path);
        self.rules(model, asked.operation).any(|rule| action.is_none_or(|id| rule.actions.hold(id)))
    }

    /// Whether a list of what is in the model may name this one.
    pub fn shows(&self, model: &ModelRef, action: &Id) -> bool {
        self.rules(model, Operation::List).any(|rule| rule.actions.hold(action))
    }

    fn rules<'a>(
        &'a self,
        model: &'a ModelRef,
        operation: Operation,
    ) -> impl Iterator<Item = &'a Rule> {
        self.0.iter().filter(move |rule| {
            rule.operations.contains(&operation)
                && rule.workspaces.hold(&model.workspace_id)
                && rule.models.hold(&model.model_id)
        })
    }
}

/// The model that a path is about, and what in it.
fn subject(path: &Path) -> (&ModelRef, Option<&Id>) {
    match path {
        Path::Actions(model, _) | Path::Files(model) => (model, None),
        Path::Action(action) | Path::Tasks(action) | Path::Task(TaskRef { action, .. }) => {
            (&action.model, Some(&action.id))
        }
        Path::File(file) | Path::Chunks(file) | Path::Chunk(file, _) | Path::Complete(file) => {
            match file {
                FileRef::File(model, id) => (model, Some(id)),
                FileRef::Dump(task) | FileRef::StepDump(task, _) => {
                    (&task.action.model, Some(&task.action.id))
                }
            }
        }
    }
}
