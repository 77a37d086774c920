//! Whether a write of a service makes a revision, and under which name.

use serde_json::Value;

use crate::call::Api;
use crate::compute::name_of;
use crate::engine::Engine;
use crate::identity;
use crate::refusal::{Code, ErrorAnswer, Refusal};
use crate::rules::Rule;
use crate::run::revisions;

static REVISION_CLASH: Rule = Rule::guessed(
    "run.service.revision.clash",
    "docs/reference/google-cloud.md#run-revision-name; reported",
    "A template that names an existing revision and differs from it is refused.",
);
static REVISION_NAME: Rule = Rule::documented(
    "run.service.revision.name",
    "docs/reference/google-cloud.md#run-revision-name",
    "A revision's name begins with its service's name and a hyphen.",
);
static NO_REVISION: Rule = Rule::guessed(
    "run.service.revision.only-for-templates",
    "docs/reference/google-cloud.md#run-revision-per-template",
    "A change outside the template makes no revision, nor does clearing the revision's name alone.",
);
static FORCED: Rule = Rule::documented(
    "run.service.revision.forced",
    "docs/reference/google-cloud.md#run-revision-per-template",
    "With forceNewRevision a PATCH makes a revision though the template is as it was.",
);

pub(super) static RULES: &[&Rule] = &[&REVISION_CLASH, &REVISION_NAME, &NO_REVISION, &FORCED];

/// Whether a write makes a revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NewRevision {
    None,
    /// With the name that the template gives it.
    Named(String),
    Automatic,
}

/// A service before and after a write.
pub(super) struct Change<'a> {
    pub(super) before: Option<&'a Value>,
    pub(super) after: &'a Value,
    /// Whether a revision is wanted in any case.
    pub(super) forced: bool,
}

/// Whether the write of the service at `path` makes a revision.
pub(super) fn of(engine: &Engine, path: &str, change: &Change<'_>) -> Result<NewRevision, Refusal> {
    let (before, service) = (change.before, change.after);
    let configuration = revisions::configuration(&service["template"]);
    let same =
        before.is_some_and(|before| revisions::configuration(&before["template"]) == configuration);
    let same = engine.rule(&NO_REVISION, same) && !engine.rule(&FORCED, same && change.forced);
    let Some(name) = service["template"]["revision"]
        .as_str()
        .filter(|name| !name.is_empty())
    else {
        return Ok(if same {
            NewRevision::None
        } else {
            NewRevision::Automatic
        });
    };
    let fits = name
        .strip_prefix(name_of(path))
        .is_some_and(|rest| rest.starts_with('-'));
    engine.refuse_if(&REVISION_NAME, !fits, || {
        let text = format!("Revision name '{name}' must be prefixed by the name of its service.");
        ErrorAnswer::code(Code::InvalidArgument, text)
    })?;
    let existing = engine
        .store
        .any(Api::Run, &format!("{path}/revisions/{name}"));
    let clash = existing.is_some_and(|existing| {
        let fields = configuration.as_object();
        fields
            .into_iter()
            .flatten()
            .any(|(field, value)| existing[field] != *value)
    });
    engine.refuse_if(&REVISION_CLASH, clash, || {
        let text = format!("Revision named '{name}' with different configuration already exists.");
        ErrorAnswer::code(Code::AlreadyExists, text)
    })?;
    Ok(match existing {
        Some(_) => NewRevision::None,
        None => NewRevision::Named(name.to_owned()),
    })
}

/// Such as `orders-00002-kwc`.
pub(super) fn automatic_name(engine: &mut Engine, path: &str, generation: u64) -> String {
    let made = engine.next();
    let end = identity::letters(&["revision", path, &made], 3);
    format!("{}-{generation:05}-{end}", name_of(path))
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::{Value, json};

    use super::{FORCED, NO_REVISION, REVISION_CLASH, REVISION_NAME};
    use crate::run::tests::{S, create, get, patch, plain, with};
    use crate::testing::{Bench, Provocation};

    /// The revisions of a service that was written as it was, with these parameters.
    fn rewritten(bench: &mut Bench, parameters: &str) -> Vec<String> {
        create(bench, plain());
        let service = get(bench);
        bench.ended("PATCH", &format!("{S}?{parameters}"), service);
        let shown = bench.ok("GET", &format!("{S}/revisions"), Value::Null);
        let names = shown["revisions"].as_array().into_iter().flatten();
        let names = names
            .filter_map(|it| it["name"].as_str())
            .map(crate::compute::name_of);
        names
            .map(|name| name[..name.len() - 4].to_owned())
            .collect()
    }

    pub(crate) fn provocations() -> Vec<Provocation> {
        vec![
            Provocation::new(&REVISION_NAME, |bench| {
                create(bench, with("revision", json!("other")))
            }),
            Provocation::new(&REVISION_CLASH, |bench| {
                create(bench, with("revision", json!("s-one")));
                patch(
                    bench,
                    "template.timeout",
                    json!({ "template": { "timeout": "60s" } }),
                )
            }),
            Provocation::new(&NO_REVISION, |bench| {
                create(bench, plain());
                patch(bench, "annotations", json!({ "annotations": { "a": "b" } }));
                get(bench)["latestCreatedRevision"].clone()
            }),
            Provocation::new(&FORCED, |bench| {
                json!(rewritten(bench, "forceNewRevision=true"))
            }),
        ]
    }

    #[test]
    fn a_revision_is_made_of_the_same_template_where_that_is_wanted() {
        let first = ["s-00001"];
        assert_eq!(
            rewritten(&mut Bench::new(), "forceNewRevision=false"),
            first
        );
        let both = ["s-00001", "s-00002"];
        assert_eq!(rewritten(&mut Bench::new(), "forceNewRevision=true"), both);
    }

    #[test]
    fn only_a_template_change_makes_a_revision() {
        let mut bench = Bench::new();
        create(&mut bench, plain());
        let first = get(&mut bench)["latestCreatedRevision"].clone();
        let internal = json!({ "ingress": "INGRESS_TRAFFIC_INTERNAL_ONLY" });
        patch(&mut bench, "ingress", internal);
        let second = get(&mut bench);
        assert_eq!(
            (&second["latestCreatedRevision"], &second["generation"]),
            (&first, &json!("2"))
        );
        patch(
            &mut bench,
            "template.timeout",
            json!({ "template": { "timeout": "60s" } }),
        );
        let third = get(&mut bench);
        assert!(
            third["latestCreatedRevision"]
                .as_str()
                .is_some_and(|it| it.contains("/s-00003-"))
        );
    }

    #[test]
    fn a_mask_that_clears_the_revision_name_avoids_the_clash() {
        let mut bench = Bench::new();
        create(&mut bench, with("revision", json!("s-one")));
        let body = json!({ "template": { "timeout": "60s" } });
        let clash = patch(&mut bench, "template.timeout", body.clone());
        let text = "Revision named 's-one' with different configuration already exists.";
        assert_eq!(
            (&clash["error"]["code"], &clash["error"]["message"]),
            (&json!(409), &json!(text))
        );
        let ended = patch(&mut bench, "template.timeout,template.revision", body);
        assert_eq!(ended["done"], true);
        assert_eq!(get(&mut bench)["template"].get("revision"), None);
    }
}
