//! What a link leaves behind when it is undone and no record tells any more what there was before it.

use std::collections::BTreeMap;

use crate::codes::Code;
use crate::decide::{Orders, Wishes};
use crate::diagnostic::Diagnostic;
use crate::ids::LinkName;
use crate::kinds::{IngressSetting, Service, VpcAccess};
use crate::link::{Ingress, Link};
use crate::plan::ingress::describe;
use crate::standing::Standing;
use crate::world::{Remembered, World};

/// Links that shall be undone while only the connector of ours, through which their source leaves, tells that they were
/// ever applied: what their ends had before is unknown, so these are left as they are.
pub(crate) fn undone_without_record(
    world: &World,
    wishes: &Wishes,
    orders: &Orders,
    standings: &BTreeMap<LinkName, Standing>,
) -> Vec<Diagnostic> {
    let undone = wishes.links.iter().filter(|link| {
        orders.destroy.contains(&link.name)
            && standings.get(&link.name) == Some(&Standing::Released)
    });
    let left = undone.filter_map(|link| {
        let source = world.service(&link.source).present()?;
        let connector = on_our_connector(source, orders)?;
        let lost = world.memory(&source.id).egress == Remembered::Nothing;
        lost.then_some((link, connector))
    });
    left.flat_map(|(link, connector)| {
        [Some(attached(link, connector)), closed(link, world)]
            .into_iter()
            .flatten()
    })
    .collect()
}

fn on_our_connector<'a>(source: &'a Service, orders: &Orders) -> Option<&'a str> {
    let connector = source.vpc_access.as_ref().and_then(VpcAccess::connector)?;
    let name = connector.name.as_str();
    orders.ours.made(name).then_some(name)
}

fn attached(link: &Link, connector: &str) -> Diagnostic {
    let source = &link.source.name;
    let message = format!(
        "{source} goes on leaving through connector {connector}: our record of what its egress was before is lost"
    );
    let help = format!(
        "give {source} the egress that it should have; a later run then deletes the connector"
    );
    told(link, message, "spec.source").help(help)
}

/// Of a destination that is as the link wanted it, and that nobody remembers.
fn closed(link: &Link, world: &World) -> Option<Diagnostic> {
    let wished = link.ingress.filter(|wished| *wished != Ingress::All)?;
    let live = world.service(&link.destination).present()?;
    let as_wished = live.ingress == IngressSetting::from(wished);
    let lost = world.memory(&live.id).ingress == Remembered::Nothing;
    let name = &link.destination.name;
    let message = format!(
        "{name} goes on admitting {} traffic only: our record of what it admitted before is lost",
        describe(wished)
    );
    let help = format!(
        "set the ingress of {name} by hand to what it should be, before {} leaves the network",
        link.source.name
    );
    (as_wished && lost).then(|| told(link, message, "spec.destination.ingress").help(help))
}

fn told(link: &Link, message: String, field: &str) -> Diagnostic {
    Diagnostic::new(Code::FormerValueUnknown, link.origin.clone(), message)
        .link(&link.name)
        .field(field)
}
