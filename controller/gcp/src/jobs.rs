//! Cloud Run jobs: listed, for the connectors that they leave through.

use google_cloud_run_v2::model;
use privatelink_core::cloud::{CloudError, Listing};
use privatelink_core::ids::{ProjectId, Region};
use privatelink_core::kinds::{Job, Live};

use crate::Google;
use crate::attempt::{Api, Call};
use crate::references::{Place, Unmapped, regional};
use crate::service_mapping::vpc_access;

impl Google {
    pub(crate) async fn list_jobs(
        &self,
        project: &ProjectId,
        region: &Region,
    ) -> Result<Listing, CloudError> {
        let operation = "run.projects.locations.jobs.list";
        let doing = format!("list the jobs of {project} in {region}");
        let call = Call::read(Api::Run, operation, project, Some(region), doing);
        let path = format!("/v2/projects/{project}/locations/{region}/jobs");
        let split = |page: model::ListJobsResponse| Ok((page.jobs, page.next_page_token));
        let map = |found| Ok(Live::Job(job(&found, Place { project, region })?));
        self.all_pages(&call, &path, split, map).await
    }
}

/// The template of a job's tasks is two levels down: an execution's, and in it a task's.
fn job(found: &model::Job, place: Place<'_>) -> Result<Job, Unmapped> {
    let execution = found.template.as_ref();
    let task = execution.and_then(|execution| execution.template.as_ref());
    // A job has one. Without it nobody knows how the job leaves.
    let task = task.ok_or_else(|| Unmapped::Missing(found.name.clone(), "template.template"))?;
    let access = task.vpc_access.as_ref();
    Ok(Job {
        id: regional(&found.name, "jobs", place)?,
        vpc_access: access
            .map(|access| vpc_access(access, place))
            .transpose()?
            .flatten(),
    })
}

#[cfg(test)]
mod tests {
    // Bodies are written in place and used once.
    #![allow(clippy::unwrap_used, clippy::needless_pass_by_value)]
    use serde_json::{Value, json};

    use super::*;
    use crate::references::tests::{at, project, region};

    fn read(template: Value) -> Result<Job, Unmapped> {
        let body = json!({"name": at("nightly").location("jobs"), "template": template});
        let (project, region) = (&project(), &region());
        job(
            &serde_json::from_value(body).unwrap(),
            Place { project, region },
        )
    }

    #[test]
    fn the_connector_is_that_of_its_tasks() {
        let access = json!({"connector": at("c").location("connectors")});
        let found = read(json!({"template": {"vpcAccess": access}})).unwrap();
        assert_eq!(found.id, at("nightly"));
        assert_eq!(found.vpc_access.unwrap().connector(), Some(&at("c")));
        assert_eq!(read(json!({"template": {}})).unwrap().vpc_access, None);
    }

    #[test]
    fn without_a_template_nobody_knows_how_it_leaves() {
        assert!(read(json!({})).is_err());
    }
}
