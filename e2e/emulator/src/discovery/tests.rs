//! The check finds what is wrong, and only that, in a small API that is described as Google describes its own.
#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use crate::exchange::{Exchange, Reply};
use crate::resources::RESOURCES;

use super::check::Strictness;
use super::description::{Description, Document};
use super::matching;

/// An API with one thing, in the way of Compute's document.
fn described(name: &str) -> Description {
    let text = json!({ "type": "string" });
    let parameter = |kind: &str| json!({ "type": kind, "location": "query" });
    let path =
        json!({ "type": "string", "location": "path", "pattern": "[a-z]+", "required": true });
    let document = json!({
        "name": name, "version": "v1", "servicePath": "toys/v1/",
        "parameters": { "alt": { "type": "string", "location": "query", "enum": ["json", "media"] } },
        "schemas": {
            "Toy": { "id": "Toy", "type": "object", "properties": {
                "kind": { "type": "string", "default": "toys#toy" },
                "name": { "type": "string", "pattern": "[a-z]+",
                          "annotations": { "required": ["toys.boxes.insert"] } },
                "ingress": { "type": "string", "enum": ["INGRESS_TRAFFIC_ALL", "INGRESS_TRAFFIC_NONE"] },
                "size": { "type": "integer", "format": "int32" },
                "id": { "type": "string", "format": "uint64" },
                "made": { "type": "string", "format": "google-datetime" },
                "parts": { "type": "array", "items": { "$ref": "Part" } },
                "labels": { "type": "object", "additionalProperties": text },
                "detail": { "type": "object", "additionalProperties": { "type": "any" } },
            } },
            "Part": { "id": "Part", "type": "object", "properties": {
                "soft": { "type": "boolean" },
                "colour": { "type": "string", "description": "Required. As it looks." },
            } },
        },
        "resources": { "boxes": { "methods": {
            "insert": {
                "id": "toys.boxes.insert", "httpMethod": "POST", "flatPath": "boxes/{box}/toys",
                "parameters": {
                    "box": path, "requestId": parameter("string"), "count": parameter("integer"),
                    "toyId": { "type": "string", "location": "query", "description": "Required. Its name." },
                },
                "request": { "$ref": "Toy" }, "response": { "$ref": "Toy" },
            },
            "patch": {
                "id": "toys.boxes.patch", "httpMethod": "PATCH", "flatPath": "boxes/{box}/toys/{toy}",
                "parameters": { "updateMask": {
                    "type": "string", "location": "query", "format": "google-fieldmask",
                } },
                "request": { "$ref": "Toy" }, "response": { "$ref": "Toy" },
            },
            "shake": {
                "id": "toys.boxes.shake", "httpMethod": "POST", "flatPath": "boxes/{box}:shake",
                "parameters": { "box": path }, "response": { "$ref": "Toy" },
            },
        } } },
    });
    Description {
        documents: vec![Document::parse(document.to_string().as_bytes()).unwrap()],
    }
}

/// What is found in an exchange: field and text.
fn found(
    api: &str,
    request: (&str, &str),
    sent: &Value,
    status: u16,
    answer: &Value,
) -> Vec<String> {
    let (method, target) = request;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let sent = if sent.is_null() {
        String::new()
    } else {
        sent.to_string()
    };
    let exchange = Exchange {
        operation: None,
        method,
        path,
        query,
        user_agent: "",
        request: sent.as_bytes(),
        reply: Reply::Sent(status, answer),
    };
    let outcome = described(api).check(&exchange, Strictness::Always);
    let told = outcome.violations.iter().map(|it| {
        assert!(it.to_string().contains(&it.says), "{it}");
        format!("{}: {}", it.field, it.says)
    });
    told.collect()
}

const INSERT: (&str, &str) = ("POST", "/toys/v1/boxes/red/toys?toyId=t");
const PATCH: (&str, &str) = ("PATCH", "/toys/v1/boxes/red/toys/t");

fn in_request(sent: &Value) -> Vec<String> {
    found("compute", INSERT, sent, 200, &json!({}))
}

fn in_answer(answer: &Value) -> Vec<String> {
    found("compute", PATCH, &Value::Null, 200, answer)
}

fn in_query(target: &str) -> Vec<String> {
    found(
        "compute",
        ("POST", target),
        &json!({ "name": "t" }),
        200,
        &json!({}),
    )
}

#[test]
fn what_is_right_is_let_through() {
    let toy = json!({
        "kind": "toys#toy", "name": "bear", "ingress": "INGRESS_TRAFFIC_ALL", "size": 3, "id": "7",
        "made": "2026-05-04T10:00:00Z", "parts": [{ "soft": true, "colour": "brown" }],
        "labels": { "any": "word" }, "detail": { "any": ["thing"] },
    });
    let query =
        "/toys/v1/boxes/red/toys?toyId=t&count=7&requestId=r&alt=json&%24alt=json&%24apiVersion=1";
    assert_eq!(found("compute", ("POST", query), &toy, 200, &toy), [""; 0]);
    let changed = json!({ "size": null, "id": 7, "parts": [{ "soft": false }] });
    let masked = "/toys/v1/boxes/red/toys/t?updateMask=size,parts,labels.any,detail";
    assert_eq!(
        found("compute", ("PATCH", masked), &changed, 200, &toy),
        [""; 0]
    );
    let shaken = ("POST", "/toys/v1/boxes/red:shake");
    assert_eq!(found("compute", shaken, &json!({}), 200, &toy), [""; 0]);
}

#[test]
fn what_is_wrong_in_a_request_is_found_by_its_field() {
    let name = |rest: Value| {
        let mut toy = json!({ "name": "t" });
        toy.as_object_mut()
            .unwrap()
            .extend(rest.as_object().unwrap().clone());
        in_request(&toy)
    };
    assert_eq!(
        name(json!({ "nickname": 7 })),
        ["nickname: Google knows no such field"]
    );
    assert_eq!(name(json!({ "size": "big" })), ["size: an integer"]);
    assert_eq!(
        name(json!({ "size": 3_000_000_000_u32 })),
        ["size: a 32-bit integer"]
    );
    assert_eq!(
        name(json!({ "id": "-7" })),
        ["id: a 64-bit integer without a sign"]
    );
    assert_eq!(
        name(json!({ "made": "today" })),
        ["made: a time as RFC 3339 has it"]
    );
    assert_eq!(name(json!({ "labels": { "a": 7 } })), ["labels.a: a text"]);
    assert_eq!(
        name(json!({ "name": "T" })),
        ["name: a text that fits [a-z]+"]
    );
    assert_eq!(in_request(&json!({})), ["name: the field is required"]);
    let parts = json!({ "parts": [{ "colour": "red" }, { "soft": "yes", "colour": "red" }] });
    assert_eq!(name(parts), ["parts[1].soft: a value of type boolean"]);
    assert_eq!(
        name(json!({ "parts": [{}] })),
        ["parts[0].colour: the field is required"]
    );
    let ingress = "ingress: one of INGRESS_TRAFFIC_ALL, INGRESS_TRAFFIC_NONE";
    assert_eq!(name(json!({ "ingress": "SOME" })), [ingress]);
    assert_eq!(
        name(json!({ "ingress": 1 })),
        ["ingress: the name of an enum value"]
    );
    let shaken = found(
        "compute",
        ("POST", "/toys/v1/boxes/red:shake"),
        &json!(7),
        200,
        &json!({}),
    );
    assert_eq!(shaken, [": the method takes no body"]);
}

#[test]
fn what_is_wrong_in_a_query_or_a_path_is_found() {
    let path = "/toys/v1/boxes/red/toys";
    let query = |query: &str| in_query(&format!("{path}?toyId=t&{query}"));
    assert_eq!(in_query(path), ["toyId: the parameter is required"]);
    assert_eq!(
        query("verbose=1"),
        ["verbose: the method takes no such parameter"]
    );
    assert_eq!(query("count=many"), ["count: an integer"]);
    assert_eq!(query("alt=xml"), ["alt: one of json, media"]);
    assert_eq!(
        query("count=1&count=2"),
        ["count: the parameter is taken once"]
    );
    assert_eq!(
        in_query("/toys/v1/boxes/Red/toys?toyId=t"),
        ["box: a text that fits [a-z]+"]
    );
    let no_method = [": Google describes no such method"];
    assert_eq!(in_query("/toys/v1/boxes/red/games"), no_method);
    assert_eq!(in_query("/toys/v1/boxes/red:burn"), no_method);
    assert_eq!(in_query("/toys/v2/boxes/red/toys"), no_method);
    let masked = ("PATCH", "/toys/v1/boxes/red/toys/t?updateMask=size,weight");
    let masked = found("compute", masked, &json!({}), 200, &json!({}));
    assert_eq!(masked, ["updateMask: names no field of the body"]);
}

#[test]
fn what_is_wrong_in_an_answer_is_found() {
    assert_eq!(
        in_answer(&json!({ "weight": 7 })),
        ["weight: Google knows no such field"]
    );
    assert_eq!(in_answer(&json!({ "id": 7 })), ["id: a text"]);
    assert_eq!(in_answer(&json!({ "size": "7" })), ["size: an integer"]);
    assert_eq!(
        in_answer(&json!({ "name": null })),
        ["name: a value of type string"]
    );
    assert_eq!(
        in_answer(&json!({ "kind": "toys#bear" })),
        ["kind: always toys#toy"]
    );
    assert_eq!(in_answer(&json!([])), [": a value of type object"]);
    let detail = |kind: &str| in_answer(&json!({ "detail": { "@type": kind, "soft": 7 } }));
    assert_eq!(
        detail("type.googleapis.com/toys.v1.Part"),
        ["detail.soft: a value of type boolean"]
    );
    let unknown = ["detail.@type: Google describes no such message"];
    assert_eq!(detail("type.googleapis.com/toys.v1.Bear"), unknown);
    assert_eq!(
        detail("toys.v1.Part"),
        ["detail.@type: the URL of a message"]
    );
}

#[test]
fn enums_are_written_as_was_asked() {
    let numbers = |answer: Value| {
        let target = "/toys/v1/boxes/red/toys/t?%24alt=json%3Benum-encoding%3Dint";
        found(
            "run2",
            ("PATCH", target),
            &json!({ "ingress": 1 }),
            200,
            &answer,
        )
    };
    assert_eq!(numbers(json!({ "ingress": 4 })), [""; 0]);
    assert_eq!(
        numbers(json!({ "ingress": 9 })),
        ["ingress: the number of an enum value"]
    );
    let named = "ingress: the number of the enum value, as was asked for";
    assert_eq!(
        numbers(json!({ "ingress": "INGRESS_TRAFFIC_NONE" })),
        [named]
    );
    assert_eq!(
        in_answer(&json!({ "ingress": 1 })),
        ["ingress: the name of an enum value"]
    );
}

#[test]
fn errors_are_held_to_the_envelope_of_their_api() {
    let refused =
        |api: &str, error: Value| found(api, PATCH, &Value::Null, 403, &json!({ "error": error }));
    let mut compute = json!({ "code": 403, "message": "m", "errors": [
        { "message": "m", "domain": "global", "reason": "forbidden" },
    ] });
    assert_eq!(refused("compute", compute.clone()), [""; 0]);
    compute["errors"][0]["message"] = json!("n");
    compute["code"] = json!(400);
    let told = [
        "error.code: the status of the answer, 403",
        "error.errors[0].message: the error's own message",
    ];
    assert_eq!(refused("compute", compute), told);
    let details = json!([{
        "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "R", "metadata": { "a": "b" },
    }]);
    let mut run =
        json!({ "code": 403, "message": "m", "status": "PERMISSION_DENIED", "details": details });
    assert_eq!(refused("run", run.clone()), [""; 0]);
    run["status"] = json!("INVALID_ARGUMENT");
    run["details"][0]["why"] = json!("w");
    let told = [
        "error.details[0].why: Google knows no such field",
        "error.status: a code that is sent as 403",
    ];
    assert_eq!(refused("run", run), told);
    let bare = json!({ "code": 403, "message": "m" });
    assert_eq!(
        refused("run", bare),
        ["error.status: every error of this API has one"]
    );
}

/// Every method that is served is one of Google's, by the name that Google gives it.
#[test]
fn what_is_served_is_called_as_google_calls_it() {
    let Some(description) = super::documents::wanted() else {
        return;
    };
    let routes = RESOURCES
        .iter()
        .flat_map(|resource| resource.routes.iter().map(|route| (resource.api, route)));
    let mut count = 0;
    for (api, route) in routes {
        let segments = route.template.split('/').map(|segment| {
            let (name, verb) = segment.split_once(':').unwrap_or((segment, ""));
            let name = if name.starts_with('{') { "x" } else { name };
            let colon = if verb.is_empty() { "" } else { ":" };
            format!("{name}{colon}{verb}")
        });
        let path = format!("{}{}", api.prefix(), segments.collect::<Vec<_>>().join("/"));
        let verb = format!("{:?}", route.verb).to_uppercase();
        let candidates = matching::candidates(description, &verb, &path);
        let named = candidates
            .iter()
            .filter(|found| found.method.id == route.operation);
        assert_eq!(
            named.count(),
            1,
            "{} is no {verb} {path} of Google's",
            route.operation
        );
        count += 1;
    }
    assert!(count > 80, "{count}");
}
