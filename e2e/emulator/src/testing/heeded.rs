//! Every parameter of every method: one that is told to have no effect has none, and every other one has.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::Value;

use super::tour;
use crate::call::{Api, Route, Verb};
use crate::document;
use crate::faults::admits;
use crate::parameters::{self, Kind};
use crate::resources::RESOURCES;
use crate::unheeded::{UNHEEDED, Unheeded};

/// Where the page is that quotes the table.
const PAGE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../docs/reference/emulator.md"
);

/// Values that should change something, if the parameter can; for one that is told to change nothing, all that it takes.
fn values(name: &str) -> &'static [&'static str] {
    match (name, parameters::kind(name)) {
        ("filter", _) => &["name=none", "done:false"],
        ("dryRun", _) => &["all"],
        ("options.requestedPolicyVersion", _) => &["2"],
        (_, Kind::Flag) => &["true", "false"],
        (_, Kind::Choice(words)) => words,
        (_, Kind::Int32 | Kind::Uint32 | Kind::Int64) => &["1"],
        (_, Kind::Text | Kind::Mask) => &["none"],
    }
}

fn unheeded(operation: &str, parameter: &str) -> bool {
    let is_it =
        |it: &&Unheeded| admits(it.methods, operation) && it.parameters.contains(&parameter);
    UNHEEDED.iter().any(|it| is_it(&it))
}

/// What a call comes to: its answer, and what is there afterwards.
fn outcome(api: Api, route: &Route, name: &str, query: &BTreeMap<&str, &str>) -> (Value, Value) {
    let mut bench = tour::busy_world();
    let answer = tour::visit(&mut bench, api, route, name, query);
    (answer, document::get(&mut bench.engine))
}

/// Whether parameters have an effect on a method, together: about something that is there, or that is not.
fn have_effect(api: Api, route: &Route, parameters: &[&'static str]) -> bool {
    let most = parameters.iter().map(|it| values(it).len()).max();
    ["x", "none"].into_iter().any(|name| {
        let usual = tour::query(route);
        let without = outcome(api, route, name, &usual);
        (0..most.unwrap_or_default()).any(|round| {
            let mut query = usual.clone();
            for parameter in parameters {
                query.insert(
                    parameter,
                    values(parameter)[round % values(parameter).len()],
                );
            }
            outcome(api, route, name, &query) != without
        })
    })
}

/// Methods whose answer has no fields to select.
fn has_no_answer(route: &Route) -> bool {
    route.verb == Verb::Delete && route.operation.contains("perations.delete")
}

#[test]
fn each_parameter_has_an_effect_or_is_told_to_have_none() {
    let mut wrong = Vec::new();
    let mut tried = BTreeSet::new();
    for resource in RESOURCES {
        for route in resource.routes {
            let (api, operation) = (resource.api, route.operation);
            let own = parameters::of(api, operation);
            let all = own.chain(parameters::of_every_method(api));
            let (told, others): (Vec<_>, Vec<_>) = all.partition(|it| unheeded(operation, it));
            if have_effect(api, route, &told) {
                wrong.push(format!("{operation}: one of {told:?} has an effect"));
            }
            for parameter in &others {
                let exempt = *parameter == "fields" && has_no_answer(route);
                if !exempt && !have_effect(api, route, &[parameter]) {
                    wrong.push(format!("{operation}: {parameter} has no effect"));
                }
            }
            let all = told.into_iter().chain(others);
            tried.extend(all.map(|parameter| (operation, parameter)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(tried.len() > 1_000, "{}", tried.len());
    for Unheeded {
        methods,
        parameters,
        ..
    } in UNHEEDED
    {
        for parameter in *parameters {
            let mut taken = tried.iter().filter(|(_, name)| name == parameter);
            let taken = taken.any(|(operation, _)| admits(methods, operation));
            assert!(taken, "no method {methods} takes {parameter}");
        }
    }
}

#[test]
fn the_page_tells_of_every_parameter_without_an_effect() {
    const FROM: &str = "<!-- parameters: written by the test -->\n";
    const TO: &str = "<!-- /parameters -->";
    let mut table = String::from("| parameters | of | why |\n| --- | --- | --- |\n");
    for it in UNHEEDED {
        let names: Vec<String> = it
            .parameters
            .iter()
            .map(|name| format!("`{name}`"))
            .collect();
        let methods = match it.methods {
            "*" => "every method".to_owned(),
            some => format!("`{some}`"),
        };
        writeln!(table, "| {} | {methods} | {} |", names.join(", "), it.why).unwrap();
    }
    let page = std::fs::read_to_string(PAGE).unwrap();
    let (before, rest) = page.split_once(FROM).unwrap();
    let (_, after) = rest.split_once(TO).unwrap();
    let fresh = format!("{before}{FROM}{table}{TO}{after}");
    if std::env::var_os("UPDATE").is_some() {
        return std::fs::write(PAGE, fresh).unwrap();
    }
    let refresh = "UPDATE=1 cargo test -p privatelink-emulator --lib the_page_tells";
    assert!(page == fresh, "refresh it with `{refresh}`:\n{table}");
}
