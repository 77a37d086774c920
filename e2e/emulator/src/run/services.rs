//! Cloud Run services: their methods. How a write goes is in `writes`.

use serde_json::{Value, json};

use crate::call::{Api, Call, Resource, Route, Verb, as_stored};
use crate::engine::{Answer, Engine};
use crate::fields::{self, Field, Inside, Reading};
use crate::masks;
use crate::pages::Window;
use crate::refusal::{Code, ErrorAnswer, Refusal};
use crate::rpc;
use crate::rules::Rule;
use crate::run::schema::SERVICE;
use crate::run::{deletion, writes};

static NOT_FOUND: Rule = Rule::guessed(
    "run.service.not-found",
    "docs/reference/google-cloud.md#run-errors; the words are recorded for jobs",
    "A service that does not exist is answered with 404, its kind and its region.",
);
static NAME: Rule = Rule::documented(
    "run.service.name",
    "docs/reference/google-cloud.md#run-service-name",
    "A service's name is at most 49 lower-case letters, digits and hyphens, beginning with a letter.",
);
static EXISTS: Rule = Rule::documented(
    "run.service.exists",
    "docs/reference/google-cloud.md#run-errors",
    "A create under a name that is taken is refused with 409.",
);
static STALE_ETAG: Rule = Rule::documented(
    "run.service.etag.stale",
    "docs/reference/google-cloud.md#run-etag",
    "A write with another etag than the present one is refused with 409 ABORTED.",
);
static MASK: Rule = Rule::documented(
    "run.service.patch.mask",
    "docs/reference/google-cloud.md#run-update-mask",
    "A mask limits a PATCH to its paths; what the request lacks at one of them is cleared.",
);
static MASK_UNKNOWN: Rule = Rule::guessed(
    "run.service.patch.mask.unknown",
    "text unrecorded",
    "A mask with a path that does not exist is refused.",
);
static REPLACE: Rule = Rule::documented(
    "run.service.patch.replace",
    "docs/reference/google-cloud.md#run-update-mask",
    "A PATCH without a mask replaces everything that the caller can set.",
);

pub(super) static RULES: &[&Rule] = &[
    &NOT_FOUND,
    &NAME,
    &EXISTS,
    &STALE_ETAG,
    &MASK,
    &MASK_UNKNOWN,
    &REPLACE,
];

pub(crate) static RESOURCE: Resource = Resource {
    api: Api::Run,
    kind: "",
    fields: SERVICE,
    homes: &["projects/{project}/locations/{location}/services/{service}"],
    routes: &[
        Route {
            verb: Verb::Get,
            template: "projects/{project}/locations/{location}/services",
            operation: "run.projects.locations.services.list",
            handler: list,
        },
        Route {
            verb: Verb::Post,
            template: "projects/{project}/locations/{location}/services",
            operation: "run.projects.locations.services.create",
            handler: create,
        },
        Route {
            verb: Verb::Get,
            template: "projects/{project}/locations/{location}/services/{service}",
            operation: "run.projects.locations.services.get",
            handler: get,
        },
        Route {
            verb: Verb::Patch,
            template: "projects/{project}/locations/{location}/services/{service}",
            operation: "run.projects.locations.services.patch",
            handler: patch,
        },
        Route {
            verb: Verb::Delete,
            template: "projects/{project}/locations/{location}/services/{service}",
            operation: "run.projects.locations.services.delete",
            handler: deletion::delete,
        },
    ],
    rules: &[],
    complete: writes::complete,
    render: as_stored,
};

fn read(engine: &Engine, call: &Call) -> Answer {
    fields::read(
        engine,
        Api::Run,
        "service",
        SERVICE,
        Reading::Whole,
        &call.body,
    )
}

/// The service that a call is about.
pub(super) fn current(engine: &Engine, call: &Call) -> Answer {
    rpc::check_location(engine, call)?;
    let service = engine.store.get(Api::Run, &call.path);
    engine.refuse_if(&NOT_FOUND, service.is_none(), || {
        let (name, region) = (call.parameter("service"), call.parameter("location"));
        let project = call.parameter("project");
        let text = format!(
            "Resource '{name}' of kind 'SERVICE' in region '{region}' in project '{project}' does not exist."
        );
        ErrorAnswer::code(Code::NotFound, text)
    })?;
    Ok(service.cloned().unwrap_or_else(|| json!({})))
}

fn get(engine: &mut Engine, call: &Call) -> Answer {
    current(engine, call)
}

fn list(engine: &mut Engine, call: &Call) -> Answer {
    rpc::check_location(engine, call)?;
    let window = Window::of(engine, call)?;
    let prefix = format!("{}/", call.path);
    let (page, next) = window.take(
        engine
            .store
            .list(Api::Run, &prefix, window.after.as_deref()),
    );
    Ok(rpc::listed(
        "services",
        page.into_iter().map(|(_, it)| it.clone()).collect(),
        next,
    ))
}

fn create(engine: &mut Engine, call: &Call) -> Answer {
    rpc::check_location(engine, call)?;
    let name = call.query("serviceId").unwrap_or_default().to_owned();
    let path = format!("{}/{name}", call.path);
    make(engine, call, &name, &path)
}

fn make(engine: &mut Engine, call: &Call, name: &str, path: &str) -> Answer {
    let mut request = read(engine, call)?;
    let valid = crate::compute::is_name(name) && name.len() <= 49;
    engine.refuse_if(&NAME, !valid, || {
        let text = format!(
            "Violation in CreateServiceRequest.service_id: '{name}' must be only lower-case letters, \
             digits and hyphens, begin with a letter, not end with a hyphen, and have less than 50 characters."
        );
        ErrorAnswer::code(Code::InvalidArgument, text).violating("CreateServiceRequest.service_id")
    })?;
    let taken = engine.store.any(Api::Run, path).is_some();
    engine.refuse_if(&EXISTS, taken, || {
        ErrorAnswer::code(Code::AlreadyExists, "Resource already exists.")
    })?;
    remove(&mut request, "etag");
    writes::write(engine, call, path, None, request)
}

fn patch(engine: &mut Engine, call: &Call) -> Answer {
    if call.flag("allowMissing") && engine.store.any(Api::Run, &call.path).is_none() {
        return make(engine, call, call.parameter("service"), &call.path);
    }
    let before = current(engine, call)?;
    let request = read(engine, call)?;
    check_etag(engine, &before, request["etag"].as_str())?;
    let mut service = before.clone();
    let mask = call.query("updateMask").filter(|mask| *mask != "*");
    match mask.filter(|_| engine.rule(&MASK, true)) {
        Some(mask) => {
            for path in masks::parse(mask) {
                if check_mask(engine, &path)? {
                    masks::copy(&path, &request, &mut service);
                }
            }
        }
        None => replace(engine, &request, &mut service),
    }
    let path = call.path.clone();
    writes::write(engine, call, &path, Some(&before), service)
}

/// Whether a path of a mask is one that the caller can set; refuses those that do not exist.
fn check_mask(engine: &Engine, path: &[String]) -> Result<bool, Refusal> {
    let unknown = || {
        let text = format!("Invalid update mask: '{}' is no field.", path.join("."));
        ErrorAnswer::code(Code::InvalidArgument, text).violating("update_mask")
    };
    let mut fields = SERVICE;
    for (depth, name) in path.iter().enumerate() {
        let field = fields
            .iter()
            .find(|(field, _)| field == name)
            .map(|(_, field)| field);
        if matches!(field, Some(Field::Output)) {
            return Ok(false);
        }
        match field.map(Field::inside) {
            Some(Inside::Fields(inner)) => fields = inner,
            Some(Inside::Anything) => break,
            found @ (Some(Inside::Nothing) | None) => {
                let whole = found.is_some() && depth + 1 == path.len();
                engine.refuse_if(&MASK_UNKNOWN, !whole, unknown)?;
                break;
            }
        }
    }
    Ok(path != ["etag"])
}

/// Everything that the caller can set is as in the request; the rest stays.
fn replace(engine: &Engine, request: &Value, service: &mut Value) {
    for (name, field) in SERVICE {
        let kept = matches!(field, Field::Output) || *name == "etag";
        let sent = request.get(name).is_some();
        if !kept && (sent || engine.rule(&REPLACE, true)) {
            masks::copy(&[(*name).to_owned()], request, service);
        }
    }
}

/// Refuses a write that is about another version of the service.
#[cfg_attr(test, track_caller)]
pub(super) fn check_etag(
    engine: &Engine,
    service: &Value,
    etag: Option<&str>,
) -> Result<(), Refusal> {
    rpc::check_etag(engine, &STALE_ETAG, service, etag)
}

fn remove(value: &mut Value, field: &str) {
    if let Some(fields) = value.as_object_mut() {
        fields.remove(field);
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::{Value, json};

    use super::{EXISTS, MASK, MASK_UNKNOWN, NAME, NOT_FOUND, REPLACE, STALE_ETAG};
    use crate::run::tests::{S, SERVICES, create, get, patch, plain, with};
    use crate::testing::{Bench, Provocation};

    pub(crate) fn provocations() -> Vec<Provocation> {
        vec![
            Provocation::new(&NOT_FOUND, |bench| bench.ask("GET", S, Value::Null)),
            Provocation::new(&NAME, |bench| {
                bench.ask("POST", &format!("{SERVICES}?serviceId=Orders"), plain())
            }),
            Provocation::new(&EXISTS, |bench| {
                create(bench, plain());
                create(bench, plain())
            }),
            Provocation::new(&STALE_ETAG, |bench| {
                create(bench, plain());
                patch(bench, "ingress", json!({ "ingress": 2, "etag": "\"old\"" }))
            }),
            Provocation::new(&STALE_ETAG, |bench| {
                create(bench, plain());
                bench.ask("DELETE", &format!("{S}?etag=old"), Value::Null)
            }),
            Provocation::new(&MASK, |bench| {
                create(bench, plain());
                patch(
                    bench,
                    "ingress",
                    json!({ "ingress": 2, "template": plain()["template"], "description": "d" }),
                )
            }),
            Provocation::new(&MASK_UNKNOWN, |bench| {
                create(bench, plain());
                patch(bench, "template.vpc", json!({}))
            }),
            Provocation::new(&REPLACE, |bench| {
                let mut described = plain();
                described["description"] = json!("d");
                create(bench, described);
                bench.ended("PATCH", S, plain());
                get(bench)
            }),
        ]
    }

    #[test]
    fn a_masked_patch_touches_nothing_else() {
        let mut bench = Bench::new();
        let mut service = with("timeout", json!("60s"));
        service["annotations"] = json!({ "team": "payments" });
        create(&mut bench, service);
        let before = get(&mut bench);
        // As the official client sends it: enums as numbers, the mask in snake case.
        let body = json!({ "ingress": 2, "etag": before["etag"] });
        patch(&mut bench, "ingress", body);
        let mut after = get(&mut bench);
        assert_eq!(after["ingress"], "INGRESS_TRAFFIC_INTERNAL_ONLY");
        assert_ne!(after["etag"], before["etag"]);
        for field in ["ingress", "etag", "generation", "observedGeneration"] {
            after[field] = before[field].clone();
        }
        assert_eq!(after, before);
    }

    #[test]
    fn clearing_vpc_access_detaches() {
        let mut bench = Bench::new();
        let interface = json!({ "networkInterfaces": [{ "network": "n" }], "egress": 1 });
        create(&mut bench, with("vpcAccess", interface));
        assert_eq!(
            get(&mut bench)["template"]["vpcAccess"]["egress"],
            "ALL_TRAFFIC"
        );
        patch(
            &mut bench,
            "template.vpc_access,template.revision",
            json!({ "template": {} }),
        );
        assert_eq!(get(&mut bench)["template"].get("vpcAccess"), None);
    }

    #[test]
    fn a_dry_run_changes_nothing() {
        let mut bench = Bench::new();
        create(&mut bench, plain());
        let before = get(&mut bench);
        let url = format!("{S}?updateMask=ingress&validateOnly=true");
        assert_eq!(
            bench.ok("PATCH", &url, json!({ "ingress": 2 }))["done"],
            true
        );
        assert_eq!(
            bench.ok("DELETE", &format!("{S}?validateOnly=true"), Value::Null)["done"],
            true
        );
        assert_eq!(get(&mut bench), before);
    }
}
