//! Cloud Run v2: services and their revisions, and jobs.

mod containers;
mod defaults;
mod deletion;
mod new_revision;
mod schema;
mod status;
mod template;
mod writes;

pub(crate) mod jobs;
pub(crate) mod revisions;
pub(crate) mod services;

use crate::rules::Rule;

pub(crate) use template::is_reserved;

/// The rules of all files of this API.
pub(crate) fn rules() -> impl Iterator<Item = &'static Rule> {
    [
        services::RULES,
        template::RULES,
        defaults::RULES,
        containers::RULES,
        writes::RULES,
        new_revision::RULES,
        status::RULES,
        revisions::RULES,
    ]
    .into_iter()
    .flatten()
    .copied()
    .chain(jobs::rules())
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::{Value, json};

    use crate::testing::{Bench, Provocation};

    pub(crate) const SERVICES: &str = "/v2/projects/p/locations/us-east1/services";
    pub(crate) const S: &str = "/v2/projects/p/locations/us-east1/services/s";

    /// A service with nothing but an image.
    pub(crate) fn plain() -> Value {
        json!({ "template": { "containers": [{ "image": "us-docker.pkg.dev/cloudrun/container/hello" }] } })
    }

    /// A service with a template of one image and these other fields.
    pub(crate) fn with(field: &str, value: Value) -> Value {
        let mut service = plain();
        service["template"][field] = value;
        service
    }

    pub(crate) fn create(bench: &mut Bench, body: Value) -> Value {
        bench.ended("POST", &format!("{SERVICES}?serviceId=s"), body)
    }

    pub(crate) fn get(bench: &mut Bench) -> Value {
        bench.ask("GET", S, Value::Null)
    }

    /// A PATCH with a mask; gives the ended operation.
    pub(crate) fn patch(bench: &mut Bench, mask: &str, body: Value) -> Value {
        bench.ended("PATCH", &format!("{S}?updateMask={mask}"), body)
    }

    pub(crate) fn provocations() -> Vec<Provocation> {
        let mut all = super::services::tests::provocations();
        all.extend(super::template::tests::provocations());
        all.extend(super::defaults::tests::provocations());
        all.extend(super::containers::tests::provocations());
        all.extend(super::writes::tests::provocations());
        all.extend(super::new_revision::tests::provocations());
        all.extend(super::status::tests::provocations());
        all.extend(super::revisions::tests::provocations());
        all.extend(super::jobs::tests::provocations());
        all
    }
}
