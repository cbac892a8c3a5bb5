use anaplan_tasks_gateway::allow::{Allow, Ids, Rule};
use anaplan_tasks_gateway::asked::{Asked, Operation};
use proptest::prelude::*;

use crate::{every_path, id, ids, model, rule};

fn ask(operation: Operation, path: &str) -> Asked {
    let asked = Asked::read(operation.method(), path).unwrap();
    assert_eq!(asked.operation, operation);
    asked
}

/// All that can be asked, of these ids.
fn everything() -> Vec<Asked> {
    let each = |(path, operations): (String, &'static [Operation])| {
        operations.iter().map(move |operation| ask(*operation, &path))
    };
    every_path().into_iter().flat_map(each).collect()
}

#[test]
fn without_rules_nothing_may_pass() {
    let nothing = Allow::new(Vec::new());
    for asked in everything() {
        assert!(!nothing.permits(&asked), "{asked:?}");
    }
    assert!(!nothing.shows(&model("w", "m"), &id("a")));
}

#[test]
fn an_empty_list_names_nothing() {
    let full =
        Rule { workspaces: Ids::All, models: Ids::All, actions: Ids::All, operations: vec![] };
    let operations = Operation::ALL.to_vec();
    let none = || Ids::These(Vec::new());
    for asked in everything() {
        let rules = [
            full.clone(),
            Rule { workspaces: none(), operations: operations.clone(), ..full.clone() },
            Rule { models: none(), operations: operations.clone(), ..full.clone() },
        ];
        assert!(!Allow::new(rules.to_vec()).permits(&asked), "{asked:?}");
        let all = Rule { operations: operations.clone(), ..full.clone() };
        assert!(Allow::new(vec![all]).permits(&asked), "{asked:?}");
    }
}

#[test]
fn two_rules_that_allow_a_half_each_allow_nothing() {
    let here = |workspace, model, actions, operations: &[Operation]| Rule {
        workspaces: ids(&[workspace]),
        models: ids(&[model]),
        actions,
        operations: operations.to_vec(),
    };
    let all = Operation::ALL.as_slice();
    let status = ask(Operation::Status, "/workspaces/w/models/m/exports/a/tasks/t");
    let halves = [
        [here("w", "x", Ids::All, all), here("x", "m", Ids::All, all)],
        [here("w", "m", ids(&["x"]), all), here("w", "x", ids(&["a"]), all)],
        [here("w", "m", ids(&["x"]), all), here("x", "m", ids(&["a"]), all)],
        [
            here("w", "m", ids(&["x"]), &[Operation::Status]),
            here("w", "m", ids(&["a"]), &[Operation::Cancel]),
        ],
    ];
    for rules in halves {
        assert!(!Allow::new(rules.to_vec()).permits(&status), "{rules:?}");
    }
    let whole = here("w", "m", ids(&["a"]), &[Operation::Status]);
    assert!(Allow::new(vec![here("x", "x", Ids::All, all), whole]).permits(&status));
}

#[test]
fn a_file_and_a_dump_go_by_the_id_of_the_action() {
    let named = rule(ids(&["116"]), &[Operation::Download]);
    let model = "/workspaces/w/models/m";
    let permits = |path: &str| named.permits(&ask(Operation::Download, &format!("{model}{path}")));
    for rest in ["/chunks", "/chunks/3"] {
        assert!(permits(&format!("/files/116{rest}")));
        assert!(permits(&format!("/imports/116/tasks/t/dump{rest}")));
        assert!(permits(&format!("/processes/116/tasks/t/dumps/o{rest}")));
        assert!(!permits(&format!("/files/117{rest}")));
        assert!(!permits(&format!("/imports/117/tasks/116/dump{rest}")), "a task's id is none");
        assert!(!permits(&format!("/processes/117/tasks/t/dumps/116{rest}")), "nor is a step's");
    }
}

#[test]
fn ids_count_as_they_are_spelled() {
    let named = rule(ids(&["Ab"]), &Operation::ALL);
    for other in ["ab", "AB", "A", "Abc", "-Ab"] {
        let asked = ask(Operation::List, &format!("/workspaces/w/models/m/exports/{other}"));
        assert!(!named.permits(&asked), "{other}");
    }
}

#[test]
fn a_list_shows_what_a_rule_with_list_names() {
    let rules = vec![
        Rule {
            workspaces: ids(&["w"]),
            models: ids(&["m"]),
            actions: ids(&["a"]),
            operations: vec![Operation::List],
        },
        Rule {
            workspaces: ids(&["w"]),
            models: ids(&["m"]),
            actions: ids(&["b"]),
            operations: vec![Operation::Status, Operation::Tasks, Operation::Download],
        },
        Rule {
            workspaces: ids(&["w"]),
            models: ids(&["other"]),
            actions: Ids::All,
            operations: vec![Operation::List],
        },
    ];
    let allow = Allow::new(rules);
    let here = model("w", "m");
    assert!(allow.permits(&ask(Operation::List, "/workspaces/w/models/m/exports")));
    assert!(allow.shows(&here, &id("a")));
    assert!(!allow.shows(&here, &id("b")), "one may ask for its tasks, and not see it listed");
    assert!(!allow.shows(&here, &id("c")));
    assert!(allow.shows(&model("w", "other"), &id("c")));
    assert!(!allow.shows(&model("x", "m"), &id("a")));
}

#[derive(Debug, Clone)]
struct Names(Option<Vec<&'static str>>);

impl Names {
    fn hold(&self, text: &str) -> bool {
        self.0.as_ref().is_none_or(|names| names.contains(&text))
    }

    fn ids(&self) -> Ids {
        self.0.as_ref().map_or(Ids::All, |names| ids(names))
    }
}

fn names() -> impl Strategy<Value = Names> {
    let some = prop::sample::subsequence(vec!["1", "2", "3"], 0..=3);
    prop_oneof![1 => Just(Names(None)), 4 => some.prop_map(|names| Names(Some(names)))]
}

type Words = (Names, Names, Names, Vec<Operation>);

fn words() -> impl Strategy<Value = Words> {
    (names(), names(), names(), prop::sample::subsequence(Operation::ALL.to_vec(), 0..=6))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn what_passes_is_named_whole_by_one_rule(
        rules in prop::collection::vec(words(), 0..5),
        workspace in "[123]",
        model_id in "[123]",
        action in "[123]",
        form in prop::sample::select(every_path()),
    ) {
        let allow = Allow::new(rules.iter().map(|(workspaces, models, actions, operations)| Rule {
            workspaces: workspaces.ids(),
            models: models.ids(),
            actions: actions.ids(),
            operations: operations.clone(),
        }).collect());
        let (path, operations) = form;
        // Another id than the task's and the step's, which rules do not look at.
        let path = path
            .replace("/w/", &format!("/{workspace}/"))
            .replace("/m/", &format!("/{model_id}/"))
            .replace("/a", &format!("/{action}"))
            .replace(&format!("/{action}ctions"), "/actions");
        let names_an_action = path.split('/').count() > 6;
        let named = |operation: Operation, names_an_action: bool| {
            rules.iter().any(|(workspaces, models, actions, operations)| {
                workspaces.hold(&workspace)
                    && models.hold(&model_id)
                    && (!names_an_action || actions.hold(&action))
                    && operations.contains(&operation)
            })
        };
        for operation in operations {
            let asked = ask(*operation, &path);
            prop_assert_eq!(allow.permits(&asked), named(*operation, names_an_action), "{}", path);
        }
        let shows = allow.shows(&model(&workspace, &model_id), &id(&action));
        prop_assert_eq!(shows, named(Operation::List, true));
    }
}
