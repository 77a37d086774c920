//! How a service goes: it shows when it was deleted until its operation is done, and takes its revisions
//! along.

use std::time::Duration;

use serde_json::{Value, json};

use crate::call::{Api, Call};
use crate::clock;
use crate::engine::{Answer, Engine};
use crate::identity;
use crate::operations::{Effect, Outcome};
use crate::rpc;
use crate::run::services::{check_etag, current};
use crate::run::writes::typed;

pub(super) fn delete(engine: &mut Engine, call: &Call) -> Answer {
    let before = current(engine, call)?;
    check_etag(engine, &before, call.query("etag"))?;
    let service = doomed(engine, &call.path, before.clone());
    let shown = typed(&service);
    if call.flag("validateOnly") {
        return Ok(rpc::dry_run(&call.path, &shown));
    }
    engine.store.put(Api::Run, &call.path, service);
    let target = call.path.clone();
    let metadata = shown.clone();
    let effect: Effect = Box::new(move |engine, imposed| {
        if let Some(failure) = imposed {
            engine.store.put(Api::Run, &target, before);
            return Outcome::failed(failure);
        }
        let revisions = format!("{target}/revisions/");
        let revisions: Vec<String> = engine
            .store
            .within(Api::Run, &revisions)
            .map(|(path, _)| path.to_owned())
            .collect();
        for path in revisions {
            engine.store.remove(Api::Run, &path);
        }
        engine.store.remove(Api::Run, &target);
        Outcome {
            metadata: None,
            result: Ok(shown),
        }
    });
    Ok(rpc::begin(engine, call, &call.path, &metadata, effect))
}

/// A service that is being deleted, and the time at which it would be for ever.
fn doomed(engine: &mut Engine, path: &str, mut service: Value) -> Value {
    let now = engine.clock.now();
    let month = Duration::from_hours(30 * 24);
    let generation = service["generation"]
        .as_str()
        .and_then(|it| it.parse::<u64>().ok());
    service["generation"] = json!((generation.unwrap_or(0) + 1).to_string());
    service["deleteTime"] = json!(clock::utc_time(now));
    service["expireTime"] = json!(clock::utc_time(clock::later(now, month)));
    service["etag"] = json!(identity::etag(&[path, "deleted", &engine.next()]));
    service["reconciling"] = json!(true);
    service
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::run::tests::{S, create, plain};
    use crate::testing::Bench;

    #[test]
    fn a_deleted_service_takes_its_revisions_along() {
        let mut bench = Bench::new();
        create(&mut bench, plain());
        let ended = bench.ended("DELETE", &format!("{S}?etag="), Value::Null);
        assert_eq!(ended["response"]["generation"], "2");
        assert_eq!(crate::document::get(&mut bench.engine), json!({}));
    }
}
