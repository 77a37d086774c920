//! What a Compute mutation begins: an operation that makes, changes or removes resources when it is done.

use serde_json::{Value, json};

use crate::call::{Api, Call};
use crate::clock;
use crate::compute::{VISIBLE_WHEN_DONE, url};
use crate::engine::{Engine, REQUEST_OPERATION, compute_scope};
use crate::identity;
use crate::operations::{Beginning, Effect, Failure, Outcome};

/// Begins an insert: the name is taken at once, reads show the resource when the operation is done.
pub(crate) fn insert(engine: &mut Engine, call: &Call, path: &str, resource: Value) -> Value {
    insert_with(engine, call, path, resource, Vec::new(), None)
}

/// Begins an insert that brings other resources (path and value) with it, or that is going to fail.
pub(crate) fn insert_with(
    engine: &mut Engine,
    call: &Call,
    path: &str,
    resource: Value,
    companions: Vec<(String, Value)>,
    doom: Option<Failure>,
) -> Value {
    let mut made = vec![(path.to_owned(), resource)];
    made.extend(companions);
    let hidden = doom.is_some() || engine.rule(&VISIBLE_WHEN_DONE, true);
    let mut paths = Vec::new();
    for (path, value) in made {
        if hidden {
            engine.store.put_hidden(Api::Compute, &path, value);
        } else {
            engine.store.put(Api::Compute, &path, value);
        }
        paths.push(path);
    }
    let effect: Effect = Box::new(move |engine, imposed| match imposed.or(doom) {
        None => {
            for path in &paths {
                engine.store.reveal(Api::Compute, path);
            }
            Outcome::done()
        }
        Some(failure) => {
            for path in &paths {
                engine.store.remove(Api::Compute, path);
            }
            Outcome::failed(failure)
        }
    });
    begin(engine, call, "insert", path, effect)
}

/// Begins a change: the resource becomes `resource` when the operation is done.
pub(crate) fn replace(
    engine: &mut Engine,
    call: &Call,
    operation_type: &str,
    path: &str,
    resource: Value,
) -> Value {
    let effect = replacement(path, resource);
    begin(engine, call, operation_type, path, effect)
}

/// Makes a change whose operation is answered when it is already done.
pub(crate) fn at_once(
    engine: &mut Engine,
    call: &Call,
    operation_type: &str,
    path: &str,
    resource: Value,
) -> Value {
    let latency = std::mem::take(&mut engine.latency);
    let body = replace(engine, call, operation_type, path, resource);
    engine.latency = latency;
    engine.settle();
    let name = body["name"].as_str().unwrap_or_default();
    let operation = format!("{}/operations/{name}", compute_scope(path));
    engine
        .operations
        .get(Api::Compute, &operation)
        .cloned()
        .unwrap_or(body)
}

/// Begins a delete: the resource is gone when the operation is done.
pub(crate) fn remove(engine: &mut Engine, call: &Call, path: &str) -> Value {
    let target = path.to_owned();
    let effect: Effect = Box::new(move |engine, imposed| match imposed {
        None => {
            engine.store.remove(Api::Compute, &target);
            Outcome::done()
        }
        Some(failure) => Outcome::failed(failure),
    });
    begin(engine, call, "delete", path, effect)
}

fn replacement(path: &str, resource: Value) -> Effect {
    let target = path.to_owned();
    Box::new(move |engine, imposed| match imposed {
        None => {
            engine.store.put(Api::Compute, &target, resource);
            Outcome::done()
        }
        Some(failure) => Outcome::failed(failure),
    })
}

/// Begins any operation on the resource at `target`, which is stored.
pub(crate) fn begin(
    engine: &mut Engine,
    call: &Call,
    operation_type: &str,
    target: &str,
    effect: Effect,
) -> Value {
    let now = engine.clock.now();
    let time = clock::compute_time(now);
    let number = engine.next();
    let parts = [target, operation_type, &number];
    let hex = identity::hex(&parts, 29);
    let (first, second, third) = (&hex[..13], &hex[13..21], &hex[21..29]);
    let name = format!(
        "operation-{}-{first}-{second}-{third}",
        now.as_millisecond()
    );
    let scope = compute_scope(target);
    let path = format!("{scope}/operations/{name}");
    let target_id = engine
        .store
        .any(Api::Compute, target)
        .map_or(Value::Null, |it| it["id"].clone());
    let mut body = json!({
        "kind": "compute#operation",
        "id": identity::id(&parts),
        "name": name,
        "operationType": operation_type,
        "targetLink": url(target),
        "targetId": target_id,
        "status": "RUNNING",
        "user": "user@example.com",
        "progress": 0,
        "insertTime": time,
        "startTime": time,
        "selfLink": url(&path),
    });
    if scope.contains("/regions/") {
        body["region"] = json!(url(&scope));
    }
    if let Some(request) = call.query("requestId")
        && engine.rule(&REQUEST_OPERATION, true)
    {
        body["clientOperationId"] = json!(request);
    }
    let target = target.to_owned();
    engine.begin(
        call,
        Beginning {
            api: Api::Compute,
            path,
            target,
            body,
            effect,
        },
    )
}
