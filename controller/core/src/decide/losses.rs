//! What sources would lose by being moved onto their path: the internet, or everything. They stay as they are.

use std::collections::BTreeMap;

use crate::callers::{self, Loss};
use crate::codes::Code;
use crate::context::Context;
use crate::decide::left_behind::left_behind;
use crate::decide::wanted_access;
use crate::diagnostic::{Diagnostic, Severity};
use crate::ids::LinkName;
use crate::kinds::RegionalRef;
use crate::link::{Internet, Link, NetworkRef, Reconcile, ServiceRef};
use crate::nats::{misplaced, served_by_another};
use crate::path;

/// Blocks the links whose source would lose something. `subnetworks` are those that their traffic leaves from.
pub(super) fn block(
    context: &mut Context<'_>,
    subnetworks: &BTreeMap<LinkName, RegionalRef>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let mut loses = without_internet(context, subnetworks, diagnostics);
    loses.extend(in_anothers_router(context, subnetworks, diagnostics));
    loses.extend(cut_off(context, diagnostics));
    loses.extend(left_behind(context, diagnostics));
    cutting_off(context, &mut loses, diagnostics);
    context.stays_put = sources_that_stay(context, &loses);
    context.blocked.extend(loses);
}

/// Links that rely on a NAT of others which is not there: their source would lose the internet.
fn without_internet(
    context: &Context<'_>,
    subnetworks: &BTreeMap<LinkName, RegionalRef>,
    diagnostics: &mut Vec<Diagnostic>,
) -> BTreeMap<LinkName, String> {
    let mut blocked = BTreeMap::new();
    for (name, link) in &context.links {
        let (Internet::Existing, Some(subnetwork)) = (&link.internet, subnetworks.get(*name))
        else {
            continue;
        };
        if !is_served(context, &link.network, subnetwork) {
            let message = format!("no Cloud NAT serves {}", subnetwork.compute("subnetworks"));
            let help = "make one, or let the link make it with `internet: {nat: {}}`, or do without with `internet: {none: {}}`";
            diagnostics.push(
                Diagnostic::new(Code::NatMissing, link.origin.clone(), message.clone())
                    .link(name)
                    .field("spec.internet.existing")
                    .help(help),
            );
            blocked.insert((*name).clone(), message);
        }
    }
    blocked
}

/// Links that name a router of another network for their NAT: their source would lose the internet.
fn in_anothers_router(
    context: &Context<'_>,
    subnetworks: &BTreeMap<LinkName, RegionalRef>,
    diagnostics: &mut Vec<Diagnostic>,
) -> BTreeMap<LinkName, String> {
    let mut blocked = BTreeMap::new();
    for (name, link) in &context.links {
        let (Internet::Nat(choice), Some(subnetwork)) = (&link.internet, subnetworks.get(*name))
        else {
            continue;
        };
        let (world, ours) = (context.world, context.ours);
        let Some(why) = misplaced::why(world, &link.network, subnetwork, choice, ours) else {
            continue;
        };
        let found = Diagnostic::new(Code::NetworkUnfit, link.origin.clone(), why.clone());
        let help = "name a router of the link's own network, or leave `internet.nat.router` out";
        let field = "spec.internet.nat.router";
        diagnostics.push(found.link(name).field(field).help(help));
        blocked.insert((*name).clone(), why);
    }
    blocked
}

/// Does a NAT serve the subnetwork, now and after this pass?
fn is_served(context: &Context<'_>, network: &NetworkRef, subnetwork: &RegionalRef) -> bool {
    let world = context.world;
    // One of ours counts only while some link wants it: it goes with the last one.
    let ours_stays =
        || world.nat_covering(network, subnetwork).is_some() && context.nat_wanted(subnetwork);
    served_by_another(world, network, subnetwork, context.ours).is_some() || ours_stays()
}

/// Links whose source would be cut off by being moved onto its path.
fn cut_off(context: &Context<'_>, diagnostics: &mut Vec<Diagnostic>) -> BTreeMap<LinkName, String> {
    let mut blocked = BTreeMap::new();
    for (name, link) in &context.links {
        let wanted = wanted_access(&context.graph, link);
        let found = wanted.and_then(|wanted| path::cut_off(link, &wanted, context.world));
        let Some((code, found)) = found else {
            continue;
        };
        let message = format!(
            "{} is not moved onto this path, because it would be cut off: {found}",
            link.source.name
        );
        // That the network is missing is told of the network.
        if code != Code::NetworkMissing {
            let diagnostic = Diagnostic::new(code, link.origin.clone(), message.clone());
            let diagnostic = diagnostic.severity(Severity::Error).link(name);
            diagnostics.push(diagnostic.field("spec.network.name").help(STAYS));
        }
        blocked.insert((*name).clone(), message);
    }
    blocked
}

/// Links whose source would leave the network of another project over which it is reached itself.
fn cutting_off(
    context: &Context<'_>,
    blocked: &mut BTreeMap<LinkName, String>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let mut found = Vec::new();
    for link in context.links.values() {
        let wanted = wanted_access(&context.graph, link);
        let source = context.world.service(&link.source).present();
        let moved = source.filter(|source| source.vpc_access != wanted);
        let loss = moved.and_then(|source| callers::cut_off(context, source, Some(&link.network)));
        found.extend(loss.map(|loss| (*link, loss)));
    }
    let message = |link: &Link, loss: &Loss| {
        let (code, why) = loss.told();
        let name = &link.source.name;
        (code, format!("{name} is not moved onto this path: {why}"))
    };
    for (link, loss) in &found {
        blocked.insert(link.name.clone(), message(link, loss).1);
    }
    let waits_in_vain = |other: &str| {
        let name = other.parse::<LinkName>();
        name.is_ok_and(|name| blocked.contains_key(&name) || context.blocked.contains_key(&name))
    };
    for (link, loss) in found {
        let loss = match loss {
            Loss::Until(other) if waits_in_vain(&other) => Loss::Link(other),
            Loss::Until(_) => continue,
            loss => loss,
        };
        let (code, message) = message(link, &loss);
        let diagnostic = Diagnostic::new(code, link.origin.clone(), message);
        let diagnostic = diagnostic.severity(Severity::Error).link(&link.name);
        let diagnostic = diagnostic.field("spec.network.name");
        diagnostics.push(match loss.help(false) {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        });
    }
}

const STAYS: &str = "mend that first; until then the source stays as it is";

/// Sources that would lose something by being moved, with what: one link's loss is the source's, whatever its other
/// links wish. A link that is only reported has no say.
fn sources_that_stay(
    context: &Context<'_>,
    loses: &BTreeMap<LinkName, String>,
) -> BTreeMap<ServiceRef, String> {
    let losing = loses.iter().filter_map(|(name, why)| {
        let link = context.link(name)?;
        let enforced = link.policy.reconcile == Reconcile::Enforce;
        enforced.then(|| (link.source.clone(), format!("{name}: {why}")))
    });
    losing.collect()
}
