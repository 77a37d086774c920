//! Revisions: read one by one, when traffic or a tag names them.

use google_cloud_gax::options::RequestOptionsBuilder as _;
use google_cloud_run_v2::model;
use google_cloud_run_v2::model::condition::State;
use privatelink_core::cloud::CloudError;
use privatelink_core::kinds::{Revision, RevisionRef};

use crate::Google;
use crate::attempt::{Api, Call};
use crate::references::{Place, Unmapped, own_name};
use crate::service_mapping::vpc_access;
use crate::words;

impl Google {
    pub(crate) async fn get_revision(
        &self,
        id: &RevisionRef,
    ) -> Result<Option<Revision>, CloudError> {
        let name = format!("{}/revisions/{}", id.service, id.name);
        let (project, region) = (&id.service.project, &id.service.region);
        let operation = "run.projects.locations.services.revisions.get";
        let call = Call::read(
            Api::Run,
            operation,
            project,
            Some(region),
            format!("read {name}"),
        );
        let found = self
            .ask_if_there(&call, || {
                self.clients
                    .revisions
                    .get_revision()
                    .with_user_agent(&*self.user_agent)
                    .set_name(&name)
                    .send()
            })
            .await?;
        found
            .map(|found| revision(&found, id))
            .transpose()
            .map_err(|why| call.unparsable(&why))
    }
}

fn revision(found: &model::Revision, id: &RevisionRef) -> Result<Revision, Unmapped> {
    let place = Place {
        project: &id.service.project,
        region: &id.service.region,
    };
    let vpc_access = found
        .vpc_access
        .as_ref()
        .map(|access| vpc_access(access, place))
        .transpose()?
        .flatten();
    // Without it the answer is none: what was not read is never taken for a revision that leaves otherwise.
    own_name(Some(&found.name), "revision")?;
    Ok(Revision {
        id: id.clone(),
        vpc_access,
        not_ready: not_ready(found),
    })
}

fn not_ready(found: &model::Revision) -> Option<String> {
    match found
        .conditions
        .iter()
        .find(|condition| condition.r#type == "Ready")
    {
        Some(ready) if ready.state == State::ConditionSucceeded => None,
        Some(ready) if !ready.message.is_empty() => Some(words::neutral(&ready.message)),
        Some(_) => Some("it is not ready".to_owned()),
        None if found.reconciling => Some("it is still being made".to_owned()),
        None => Some("Google says nothing about whether it is ready".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    // Bodies are written in place and used once.
    #![allow(clippy::unwrap_used, clippy::needless_pass_by_value)]
    use privatelink_core::link::ServiceRef;
    use serde_json::{Value, json};

    use super::*;
    use crate::references::tests::{at, project, region};

    fn read(conditions: Value) -> Revision {
        let name = "orders".parse().unwrap();
        let id = RevisionRef {
            service: ServiceRef {
                project: project(),
                region: region(),
                name,
            },
            name: "orders-00001-abc".into(),
        };
        let connector = at("c").location("connectors");
        let body = json!({"name": "orders-00001-abc", "conditions": conditions, "vpcAccess": {"connector": connector, "egress": "ALL_TRAFFIC"}});
        revision(&serde_json::from_value(body).unwrap(), &id).unwrap()
    }

    #[test]
    fn a_revision_is_ready_when_its_ready_condition_says_so() {
        let found = read(
            json!([{"type": "Active", "state": 5}, {"type": "Ready", "state": "CONDITION_SUCCEEDED"}]),
        );
        assert_eq!(found.not_ready, None);
        assert_eq!(found.vpc_access.unwrap().connector(), Some(&at("c")));
    }

    #[test]
    fn otherwise_google_s_words_say_why_not() {
        let found = read(
            json!([{"type": "Ready", "state": "CONDITION_FAILED", "message": "The image\nwas not found."}]),
        );
        assert_eq!(found.not_ready.as_deref(), Some("The image was not found."));
        assert!(read(json!([])).not_ready.is_some());
    }
}
