//! When a refusal asks us to slow down, and when a quota of things is used up.

use google_cloud_gax::error::Error;
use google_cloud_gax::error::rpc::Status;
use serde_json::{Value, json};

use super::Failure;

const WORDS: &str = "Quota exceeded for CONNECTORS per project per region.";

fn too_many(message: &str, details: &Value) -> Failure {
    let error = json!({"code": 429, "message": message, "status": "RESOURCE_EXHAUSTED", "details": details});
    let bytes = json!({"error": error}).to_string().into_bytes().into();
    match Status::try_from(&bytes) {
        Ok(said) => Error::service_with_http_metadata(said, Some(429), None),
        Err(_) => Error::http(429, reqwest::header::HeaderMap::new(), bytes),
    }
    .into()
}

fn info(reason: &str, metadata: &Value) -> Value {
    json!([{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "metadata": metadata}])
}

#[test]
fn too_many_requests_is_a_rate_limit_whatever_its_words() {
    for words in ["Quota exceeded", WORDS, "slow down", ""] {
        let failure = too_many(words, &json!([]));
        assert!(failure.is_rate_limit(), "{words}");
        assert!(failure.is_worth_another_try(), "{words}");
    }
}

#[test]
fn details_that_blame_a_quota_of_things_hold_a_write_but_never_a_read() {
    let violation = json!({"subject": "project:1", "description": "no more connectors"});
    for details in [
        info("QUOTA_EXCEEDED", &json!({"quota_metric": "CONNECTORS"})),
        info("X", &json!({"quota_limit": "ConnectorsPerProject"})),
        json!([{"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [violation]}]),
    ] {
        let mut failure = too_many(WORDS, &details);
        assert!(!failure.is_worth_another_try(), "{details}");
        assert!(failure.is_quota(), "{details}");
        failure.reading = true;
        assert!(failure.is_rate_limit(), "{details}");
    }
}

#[test]
fn details_that_name_a_rate_hold_nothing() {
    for metadata in [
        json!({"quota_limit": "WritesPerMinutePerProject"}),
        json!({"quota_limit": "Writes", "quota_unit": "1/min/{project}"}),
        json!({"quota_limit": "Writes per 100 seconds"}),
    ] {
        let failure = too_many("Quota exceeded", &info("QUOTA_EXCEEDED", &metadata));
        assert!(failure.is_rate_limit(), "{metadata}");
    }
}
