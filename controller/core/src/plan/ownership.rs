//! Whose an aspect of a service is: nobody's yet, ours, or somebody's who has written it down.

use crate::codes::Code;
use crate::context::Context;
use crate::kinds::FieldChange;
use crate::kinds::service_egress::EgressAnnotation;
use crate::kinds::service_ingress::IngressAnnotation;
use crate::link::ServiceRef;
use crate::names::Installation;
use crate::plan::{Step, meant};
use crate::world::Remembered;

/// An annotation of ours, which says whose the aspect is that it is about.
pub(super) trait Claim {
    /// The aspect, in a word.
    const ASPECT: &'static str;
    /// What the user of two sets can do.
    const SHARED: &'static str;

    /// Who wrote it.
    fn installation(&self) -> &Installation;
    /// Does it hold the aspect for a link that is not undone?
    fn has_links(&self) -> bool;
}

impl Claim for EgressAnnotation {
    const ASPECT: &'static str = "egress";
    const SHARED: &'static str = "let one set declare all links of this source";

    fn installation(&self) -> &Installation {
        &self.installation
    }

    fn has_links(&self) -> bool {
        !self.links.is_empty()
    }
}

impl Claim for IngressAnnotation {
    const ASPECT: &'static str = "ingress";
    const SHARED: &'static str =
        "let one set declare all links to this destination, or declare `ingress: Unmanaged`";

    fn installation(&self) -> &Installation {
        &self.installation
    }

    fn has_links(&self) -> bool {
        !self.links.is_empty()
    }
}

/// Whose an aspect is.
pub(super) enum Owner<'a, T> {
    /// Nobody has written anything down.
    Nobody,
    /// We have.
    Us(&'a T),
    /// Somebody else has, or it cannot be read: this is all that is to be done about it.
    Other(Box<Step>),
}

/// Finds the owner of an aspect that would change in these fields.
pub(super) fn owner<'a, T: Claim>(
    context: &Context<'_>,
    remembered: &'a Remembered<T>,
    changes: Vec<FieldChange>,
) -> Owner<'a, T> {
    let aspect = T::ASPECT;
    match remembered {
        Remembered::Nothing => Owner::Nobody,
        Remembered::This(memory) if memory.installation() == context.ours => Owner::Us(memory),
        Remembered::This(memory) => {
            let Installation { owner, set } = memory.installation();
            let whose = format!("owner {owner}, set {set}");
            Owner::Other(Box::new(if changes.is_empty() {
                let kept = format!("{whose} keeps it, and it is as wished");
                let until = "it gets back what it had when that set's links are undone";
                // One without links is only not forgotten yet.
                let code = Some(Code::OwnedByAnother).filter(|_| memory.has_links());
                Step {
                    code,
                    ..Step::nothing(kept)
                }
                .help(format!("{until}: {}", T::SHARED))
            } else {
                let why = format!("its {aspect} belongs to {whose}");
                let refusal = Step::refuse(Code::OwnedByAnother, why);
                let run = memory.installation().run_as(context.ours);
                refusal
                    .showing(changes)
                    .help(format!("{}, or {run}", T::SHARED))
            }))
        }
        Remembered::Unintelligible(why) => {
            let why = format!("our annotation on it cannot be read: {why}");
            let help = format!(
                "use the release that wrote it, or remove the annotation privatelink.dev/{aspect}"
            );
            Owner::Other(Box::new(Step::refuse(Code::OwnedByAnother, why).help(help)))
        }
    }
}

/// The step for a service that is not there.
pub(super) fn missing(context: &Context<'_>, service: &ServiceRef) -> Step {
    let ServiceRef {
        project,
        region,
        name,
    } = service;
    let why = format!("service {name} does not exist in {region} of project {project}");
    let refusal = Step::refuse(Code::ServiceMissing, why);
    let usual = "deploy it first, or correct its name, region or project";
    refusal.help(meant::service(context.world, service, usual))
}
