//! What other people did between two writes, found by what is different then, and done on the emulator over REST as they
//! would. What REST cannot say (a mark that is gone from a subnetwork, a connector that goes to ERROR by itself) is written
//! into the emulator's state document, for that object alone, and counted apart.

use privatelink_core::fake::State;
use privatelink_core::kinds::service_ingress::google_ingress;
use privatelink_core::kinds::{
    LiveConnector, LiveNat, LiveRouter, LiveSubnetwork, RegionalRef, Revision, Route, Service,
};
use privatelink_core::link::ServiceRef;
use serde_json::{Value, json};

use crate::document;
use crate::replay::Replay;

/// How others' doings are counted: by what they went through.
pub(crate) const REST: &str = "over REST";
pub(crate) const DOCUMENT: &str = "in the document";

type Done = Result<(), String>;

impl Replay<'_> {
    /// Everything that is different; afterwards the emulator shows what is there.
    pub(crate) async fn others(&mut self, from: &State, to: &State) -> Done {
        if same(from, to) {
            return Ok(());
        }
        self.made(from, to).await?;
        // A revision that failed for want of its connector was rolled out when that was gone.
        for late in [false, true] {
            for service in from.services.values() {
                self.service(service, from, to, late).await?;
            }
            if !late {
                self.jobs(from, to).await?;
                self.connectors(from, to).await?;
            }
        }
        self.routers(from, to).await?;
        self.subnetworks(from, to).await?;
        self.routes(from, to).await?;
        self.compare(to)
            .await
            .map_err(|difference| format!("after what others did: {difference}"))
    }

    async fn rest(&mut self, what: &str, method: &str, path: &str, body: &Value) -> Done {
        let answer = self.cloud.send(method, path, body).await;
        let answer = answer.map_err(|error| format!("{what}: {error}"))?;
        if !answer["error"].is_null() {
            return Err(format!("{what}: {}", answer["error"]));
        }
        self.count(&format!("others: {what}"), REST, "done");
        Ok(())
    }

    /// What is theirs from the beginning: somebody was faster, under the very name that we would have given.
    async fn made(&mut self, from: &State, to: &State) -> Done {
        let new = |id: &&RegionalRef| !from.subnetworks.contains_key(*id);
        for id in to.subnetworks.keys().filter(new) {
            self.insert("make a subnetwork", to, id, "subnetworks")
                .await?;
        }
        let new = |id: &&RegionalRef| !from.addresses.contains_key(*id);
        for id in to.addresses.keys().filter(new) {
            let (project, region) = (&id.project, &id.region);
            let url = format!("/compute/v1/projects/{project}/regions/{region}/addresses");
            let body = json!({"name": id.name.as_str(), "addressType": "EXTERNAL"});
            self.rest("reserve an address", "POST", &url, &body).await?;
        }
        let new = |id: &&RegionalRef| !from.routers.contains_key(*id);
        for id in to.routers.keys().filter(new) {
            self.insert("make a router", to, id, "routers").await?;
        }
        Ok(())
    }

    async fn insert(&mut self, what: &str, to: &State, id: &RegionalRef, sort: &str) -> Done {
        let mut body = document::of(to)["compute"][id.compute(sort)].take();
        body["name"] = json!(id.name.as_str());
        let url = format!(
            "/compute/v1/projects/{}/regions/{}/{sort}",
            id.project, id.region
        );
        self.rest(what, "POST", &url, &body).await
    }

    /// Writes one object into the emulator's own state, or takes it out.
    async fn document(&mut self, what: &str, api: &str, path: &str, object: Option<Value>) -> Done {
        let mut document = self.cloud.state();
        let objects = document[api].as_object_mut().ok_or("no such part")?;
        match object {
            Some(object) => drop(objects.insert(path.to_owned(), object)),
            None => drop(objects.remove(path)),
        }
        let put = self.cloud.put_state(&document).await;
        put.map_err(|error| format!("{what}: {error}"))?;
        self.count(&format!("others: {what}"), DOCUMENT, "done");
        Ok(())
    }

    async fn service(&mut self, from: &Service, before: &State, to: &State, late: bool) -> Done {
        let Some(live) = to.services.get(&from.id) else {
            if late {
                return Ok(());
            }
            let path = format!("/v2/{}", from.id);
            return self
                .rest("delete a service", "DELETE", &path, &Value::Null)
                .await;
        };
        let rolled_out = |state: &State, id: &ServiceRef| -> Vec<Revision> {
            let of_it = state.revisions.values().filter(|it| it.id.service == *id);
            of_it.cloned().collect()
        };
        let known = rolled_out(before, &from.id);
        let mut made = rolled_out(to, &from.id);
        made.retain(|revision| !known.contains(revision));
        let starved = made.iter().any(starved);
        if starved != late {
            return Ok(());
        }
        let mut there = before.clone();
        for revision in made {
            there
                .revisions
                .insert(revision.id.clone(), revision.clone());
            self.deploy(&revision).await?;
            let mut earlier = there.clone();
            earlier.revisions.remove(&revision.id);
            self.learn_names(&earlier, &there).await?;
        }
        self.settings(from, live).await
    }

    /// What is beside the template, in one PATCH.
    async fn settings(&mut self, from: &Service, live: &Service) -> Done {
        let (mut mask, mut body) = (Vec::new(), json!({}));
        if live.annotations != from.annotations {
            mask.push("annotations");
            body["annotations"] = json!(live.annotations);
        }
        if live.ingress != from.ingress {
            mask.push("ingress");
            body["ingress"] = json!(google_ingress(live.ingress));
        }
        if live.traffic != from.traffic {
            mask.push("traffic");
            let mut traffic = live.traffic.clone();
            for name in traffic.iter_mut().filter_map(|line| line.revision.as_mut()) {
                *name = self.name(name);
            }
            body["traffic"] = document::traffic(&traffic);
        }
        if mask.is_empty() {
            return Ok(());
        }
        let path = format!("/v2/{}?updateMask={}", live.id, mask.join(","));
        let what = format!("change {}", mask.join(" and "));
        self.rest(&what, "PATCH", &path, &body).await
    }

    /// A new revision, which fails where it failed in the simulation for a reason of its own.
    async fn deploy(&mut self, revision: &Revision) -> Done {
        let container = json!({
            "image": document::IMAGE,
            "env": [{"name": "DEPLOYED", "value": revision.id.name}],
        });
        let mut template = json!({"containers": [container]});
        if let Some(access) = &revision.vpc_access {
            template["vpcAccess"] = document::access(access);
        }
        let broken = revision.not_ready.is_some() && !starved(revision);
        if broken {
            let failure = json!({"code": 9, "message": "the container did not start"});
            let order = json!({
                "match": {"operation": "run.projects.locations.services.patch"},
                "nth": 1,
                "effect": {"operationError": failure},
            });
            self.order(&[order]).await?;
        }
        let path = format!(
            "/v2/{}?updateMask=template.containers,template.vpcAccess",
            revision.id.service
        );
        let body = json!({"template": template});
        // The answer may tell of the failure already.
        let answer = self.cloud.send("PATCH", &path, &body).await;
        answer.map_err(|error| error.to_string())?;
        if broken {
            self.order(&[]).await?;
        }
        let what = if revision.not_ready.is_some() {
            "deploy, in vain"
        } else {
            "deploy"
        };
        self.count(&format!("others: {what}"), REST, "done");
        Ok(())
    }

    async fn jobs(&mut self, from: &State, to: &State) -> Done {
        for id in from.jobs.keys().filter(|id| !to.jobs.contains_key(*id)) {
            let url = format!("/v2/{}", id.location("jobs"));
            self.rest("delete a job", "DELETE", &url, &Value::Null)
                .await?;
        }
        for (id, job) in &to.jobs {
            let body = document::job_body(job);
            let url = match from.jobs.get(id) {
                Some(was) if was == job => continue,
                Some(_) => ("PATCH", format!("/v2/{}", id.location("jobs"))),
                None => {
                    let (project, region, name) = (&id.project, &id.region, &id.name);
                    let jobs = format!("projects/{project}/locations/{region}/jobs");
                    ("POST", format!("/v2/{jobs}?jobId={name}"))
                }
            };
            self.rest("run a job", url.0, &url.1, &body).await?;
        }
        Ok(())
    }

    async fn connectors(&mut self, from: &State, to: &State) -> Done {
        for (id, was) in &from.connectors {
            let path = id.location("connectors");
            let Some(live) = to.connectors.get(id) else {
                let url = format!("/v1/{path}");
                self.rest("delete a connector", "DELETE", &url, &Value::Null)
                    .await?;
                continue;
            };
            if (was.min_instances, was.max_instances) != (live.min_instances, live.max_instances) {
                let url = format!("/v1/{path}?updateMask=minInstances,maxInstances");
                let body =
                    json!({"minInstances": live.min_instances, "maxInstances": live.max_instances});
                self.rest("resize a connector", "PATCH", &url, &body)
                    .await?;
            }
            if was.state != live.state {
                let object = document::of(to)["vpcaccess"][&path].take();
                let what = "a connector changes its state";
                self.document(what, "vpcaccess", &path, Some(object))
                    .await?;
            }
        }
        let new = |(id, _): &(&RegionalRef, &LiveConnector)| !from.connectors.contains_key(*id);
        for (id, _) in to.connectors.iter().filter(new) {
            let path = id.location("connectors");
            let object = document::of(to)["vpcaccess"][&path].take();
            let what = "a connector is left behind";
            self.document(what, "vpcaccess", &path, Some(object))
                .await?;
        }
        Ok(())
    }

    async fn routers(&mut self, from: &State, to: &State) -> Done {
        for (id, was) in &from.routers {
            let url = format!("/compute/v1/{}", id.compute("routers"));
            let Some(live) = to.routers.get(id) else {
                self.rest("delete a router", "DELETE", &url, &Value::Null)
                    .await?;
                continue;
            };
            if was.mark != live.mark {
                let text = live
                    .mark
                    .as_ref()
                    .map(ToString::to_string)
                    .unwrap_or_default();
                let body = json!({"description": text});
                self.rest("describe a router", "PATCH", &url, &body).await?;
            }
            if was.nats != live.nats {
                self.nats(was, live, &url).await?;
            }
        }
        Ok(())
    }

    /// The whole list, as a PATCH has to have it; entries that nobody touched are as they were.
    async fn nats(&mut self, was: &LiveRouter, live: &LiveRouter, url: &str) -> Done {
        let path = live.id.compute("routers");
        let object = self.cloud.state()["compute"][&path].take();
        let there = object["nats"].as_array().cloned().unwrap_or_default();
        let entry = |nat: &LiveNat| {
            let kept = there
                .iter()
                .find(|entry| entry["name"] == nat.name.as_str());
            match kept.filter(|_| was.nats.contains(nat)) {
                Some(kept) => kept.clone(),
                None => document::nat_body(live, nat),
            }
        };
        let list: Vec<Value> = live.nats.iter().map(entry).collect();
        self.rest("change NATs", "PATCH", url, &json!({"nats": list}))
            .await
    }

    async fn subnetworks(&mut self, from: &State, to: &State) -> Done {
        for (id, was) in &from.subnetworks {
            let path = id.compute("subnetworks");
            let url = format!("/compute/v1/{path}");
            let Some(live) = to.subnetworks.get(id) else {
                self.rest("delete a subnetwork", "DELETE", &url, &Value::Null)
                    .await?;
                continue;
            };
            let (then, now) = (was.private_google_access, live.private_google_access);
            if then != now {
                let url = format!("{url}/setPrivateIpGoogleAccess");
                let body = json!({"privateIpGoogleAccess": now});
                self.rest("switch Private Google Access", "POST", &url, &body)
                    .await?;
            }
            if was.mark != live.mark {
                let LiveSubnetwork { mark, .. } = live;
                let mut object = self.cloud.state()["compute"][&path].take();
                let text = mark.as_ref().map(ToString::to_string);
                object["description"] = json!(text);
                let what = "take a subnetwork's mark";
                self.document(what, "compute", &path, Some(object)).await?;
            }
        }
        Ok(())
    }

    /// Routes cannot be changed: the same name leads elsewhere, to somebody's VPN, which only the document can name.
    async fn routes(&mut self, from: &State, to: &State) -> Done {
        let changed = |route: &&Route| !from.routes.contains(route);
        for route in to.routes.iter().filter(changed) {
            let path = format!(
                "projects/{}/global/routes/{}",
                route.id.project, route.id.name
            );
            let object = document::of(to)["compute"][&path].take();
            self.document("reroute", "compute", &path, Some(object))
                .await?;
        }
        Ok(())
    }
}

/// Did the revision fail for want of its connector or network?
fn starved(revision: &Revision) -> bool {
    let why = revision.not_ready.as_deref().unwrap_or_default();
    why.starts_with("VPC ")
}

fn same(from: &State, to: &State) -> bool {
    let serial = from.serial;
    let mut to = to.clone();
    to.serial = serial;
    for (id, service) in &mut to.services {
        if let Some(was) = from.services.get(id) {
            service.etag.clone_from(&was.etag);
        }
    }
    *from == to
}
