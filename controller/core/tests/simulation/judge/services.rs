//! What may become of a service: consent, memory, and the order of safety.

use super::*;

pub(crate) fn egress_memory(service: &Service) -> Option<EgressAnnotation> {
    EgressAnnotation::read(service)?.ok()
}

pub(crate) fn ingress_memory(service: &Service) -> Option<IngressAnnotation> {
    IngressAnnotation::read(service)?.ok()
}

/// A field that holds somebody's value is taken only with consent, and never from another set.
pub(crate) fn consent(
    was: &Service,
    will: &Service,
    patch: &ServicePatch,
    brief: &Brief<'_>,
) -> Verdict {
    let name = &was.id.name;
    let (egress, ingress) = (egress_memory(was), ingress_memory(was));
    let locked =
        |key: &str, ours: Option<bool>| was.annotations.contains_key(key) && ours != Some(true);
    let egress_ours = egress
        .as_ref()
        .map(|memory| memory.installation == UNIVERSE.ours);
    let ingress_ours = ingress
        .as_ref()
        .map(|memory| memory.installation == UNIVERSE.ours);
    let egress_changes = was.vpc_access != will.vpc_access
        || was.annotations.get(EGRESS) != will.annotations.get(EGRESS);
    let ingress_changes = was.ingress != will.ingress
        || was.annotations.get(INGRESS) != will.annotations.get(INGRESS);
    if (egress_changes && locked(EGRESS, egress_ours))
        || (ingress_changes && locked(INGRESS, ingress_ours))
    {
        return broken(format!("{name} belongs to another set"));
    }
    let adopts = |kind: AdoptionKind| {
        brief
            .links
            .iter()
            .flat_map(|link| &link.adopt)
            .any(|adoption| {
                adoption.kind == kind
                    && adoption.project == was.id.project
                    && adoption.name.as_str() == was.id.name.as_str()
            })
    };
    let by_us = was
        .vpc_access
        .as_ref()
        .and_then(VpcAccess::connector)
        .is_some_and(|c| made(c.name.as_str()));
    let may_attach = egress_ours == Some(true)
        || was.vpc_access.is_none()
        || by_us
        || adopts(AdoptionKind::ServiceEgress);
    if was.vpc_access != will.vpc_access && !may_attach {
        return broken(format!("the egress of {name} was somebody's: {patch:?}"));
    }
    let may_admit = ingress_ours == Some(true)
        || was.ingress == IngressSetting::All
        || adopts(AdoptionKind::ServiceIngress);
    if was.ingress != will.ingress && !may_admit {
        return broken(format!("the ingress of {name} was somebody's: {patch:?}"));
    }
    let named = |pick: fn(&Link) -> &privatelink_core::link::ServiceRef| {
        brief
            .links
            .iter()
            .any(|link| *pick(link) == was.id && brief.active.contains(&link.name))
    };
    let nobody_asked = (egress_changes && egress.is_none() && !named(|link| &link.source))
        || (ingress_changes && ingress.is_none() && !named(|link| &link.destination));
    if nobody_asked {
        broken(format!("nobody named {name}"))
    } else {
        Ok(())
    }
}

/// The record of a link that is declared, however badly, is never dropped from its source.
pub(crate) fn declared_links_stay(was: &Service, will: &Service, brief: &Brief<'_>) -> Verdict {
    let links = |service: &Service| {
        egress_memory(service)
            .map(|memory| memory.links)
            .unwrap_or_default()
    };
    let left = links(will);
    let dropped = links(was)
        .into_keys()
        .find(|name| brief.declared.contains(name) && !left.contains_key(name));
    match dropped {
        Some(name) => broken(format!("{name} is declared, and {} forgot it", was.id.name)),
        None => Ok(()),
    }
}

/// Nobody is cut off because a closed service leaves the network over which a link that stays reaches it, or because
/// it leaves that network before it is opened for those whose link goes.
pub(crate) fn callers_are_kept(
    entry: &Entry,
    was: &Service,
    will: &Service,
    brief: &Brief<'_>,
) -> Verdict {
    let Entry { before, after, .. } = entry;
    // Where everybody arrives, or nobody, no network is asked for.
    let open = |it: &Service| matches!(it.ingress, IngressSetting::All | IngressSetting::None);
    if was.vpc_access == will.vpc_access || open(was) || open(will) {
        return Ok(());
    }
    let recorded = ingress_memory(was).map(|memory| memory.links);
    let recorded = recorded.unwrap_or_default();
    let stays = |link: &&Link| {
        brief.active.contains(&link.name) || recorded.contains(&link.name.to_string())
    };
    let mut links = brief.links.iter().filter(stays);
    let cut_off =
        |link: &&Link| link.destination == was.id && works(before, link) && !works(after, link);
    match links.find(cut_off) {
        Some(link) => broken(format!("{} was cut off from {}", link.name, was.id.name)),
        None => Ok(()),
    }
}

/// Ingress is never tightened while a link to it has no working path, unless it gets back what it had.
pub(crate) fn tightened_only_when_proven(
    state: &State,
    was: &Service,
    will: &Service,
    brief: &Brief<'_>,
) -> Verdict {
    if will.ingress >= was.ingress || was.ingress == IngressSetting::Unknown {
        return Ok(());
    }
    for link in brief
        .links
        .iter()
        .filter(|link| brief.active.contains(&link.name))
    {
        if link.destination == was.id && link.ingress.is_some() && !works(state, link) {
            return broken(format!(
                "{} was tightened, and {} has no path",
                was.id.name, link.name
            ));
        }
    }
    Ok(())
}

/// The moment the egress of a source switches, its internet is there if its links want it.
pub(crate) fn internet_before_egress(
    state: &State,
    was: &Service,
    will: &Service,
    brief: &Brief<'_>,
) -> Verdict {
    if was.vpc_access == will.vpc_access {
        return Ok(());
    }
    let Some(access) = &will.vpc_access else {
        return Ok(());
    };
    let wanted = brief.links.iter().any(|link| {
        // One that is only reported says what it would like, and holds up nobody.
        brief.active.contains(&link.name)
            && link.policy.reconcile == Reconcile::Enforce
            && link.source == was.id
            && !matches!(link.internet, Internet::None)
    });
    let back = egress_memory(was).is_some_and(|memory| match memory.former {
        Former::Value(former) => former == Some(access.into()),
        Former::Unknown => false,
    });
    let Some(subnetwork) = carried_by(state, access).filter(|_| wanted && !back) else {
        return Ok(());
    };
    if state.nat_serving(&subnetwork).is_some() {
        return Ok(());
    }
    broken(format!(
        "{} has no internet on {}",
        was.id.name, subnetwork.name
    ))
}

/// A source is detached only after the destinations that are released with it admit what they did before.
pub(crate) fn loosened_before_detached(
    state: &State,
    was: &Service,
    will: &Service,
    brief: &Brief<'_>,
) -> Verdict {
    let through_us = |service: &Service| {
        let connector = service.vpc_access.as_ref().and_then(VpcAccess::connector);
        connector.is_some_and(|connector| made(connector.name.as_str()))
    };
    if !through_us(was) || through_us(will) {
        return Ok(());
    }
    // One that moves to another way into the network still arrives from inside.
    let moved = will.vpc_access.as_ref().is_some_and(|access| {
        access.routing == Routing::AllTraffic && carried_by(state, access).is_some()
    });
    if moved {
        return Ok(());
    }
    let Some(memory) = egress_memory(was) else {
        return Ok(());
    };
    for (name, link) in &memory.links {
        let destination = state
            .services
            .values()
            .find(|service| service.id.to_string() == link.to);
        let Some((service, kept)) = destination.and_then(|s| Some((s, ingress_memory(s)?))) else {
            continue;
        };
        let all_go = brief.undoes && kept.links.iter().all(|name| !brief.declared.contains(name));
        let wanted = brief.links.iter().any(|link| {
            link.destination == service.id
                && link.ingress.is_some()
                && brief.active.contains(&link.name)
        });
        let Former::Value(former) = kept.former else {
            continue;
        };
        let untouched = service.ingress == IngressSetting::from(kept.wrote);
        if kept.links.contains(name) && all_go && !wanted && untouched && former > service.ingress {
            return broken(format!(
                "{} was detached before {} was loosened",
                was.id.name, service.id.name
            ));
        }
    }
    Ok(())
}
