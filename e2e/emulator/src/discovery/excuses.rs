//! Where Google's description contradicts itself, or Google's own client.

/// A field that a document marks as required, and that is not.
pub(super) struct Excuse {
    method: &'static str,
    field: &'static str,
    /// What the same document says that it cannot mean both.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "a reason is for people to read")
    )]
    why: &'static str,
}

const EXCUSES: [Excuse; 6] = [
    Excuse {
        method: "compute.routes.insert",
        field: "priority",
        why: "its text names a default, 1000",
    },
    Excuse {
        method: "run.namespaces.services.create",
        field: "spec.template.metadata.namespace",
        why: "the metadata of a template are optional, and a revision is where its service is",
    },
    Excuse {
        method: "run.namespaces.services.replaceService",
        field: "spec.template.metadata.namespace",
        why: "the metadata of a template are optional, and a revision is where its service is",
    },
    Excuse {
        method: "run.projects.locations.services.replaceService",
        field: "spec.template.metadata.namespace",
        why: "the metadata of a template are optional, and a revision is where its service is",
    },
    Excuse {
        method: "run.namespaces.jobs.create",
        field: "spec.template.metadata.namespace",
        why: "the metadata of a template are optional, and an execution is where its job is",
    },
    Excuse {
        method: "run.namespaces.jobs.replaceJob",
        field: "spec.template.metadata.namespace",
        why: "the metadata of a template are optional, and an execution is where its job is",
    },
];

/// Whether a field may be missing although a document marks it as required.
pub(super) fn excused(method: &str, field: &str) -> bool {
    EXCUSES
        .iter()
        .any(|excuse| excuse.method == method && excuse.field == field)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::description::{Document, Schema};
    use super::*;

    fn field<'a>(document: &'a Document, schema: &'a Schema, path: &str) -> &'a Schema {
        let schema = match &schema.reference {
            Some(name) => &document.schemas[name],
            None => schema,
        };
        match path.split_once('.') {
            Some((first, rest)) => field(document, &schema.properties[first], rest),
            None if path.is_empty() => schema,
            None => field(document, &schema.properties[path], ""),
        }
    }

    #[test]
    fn every_excuse_is_needed() {
        let Some(description) = super::super::documents::wanted() else {
            return;
        };
        for Excuse {
            method,
            field: path,
            why,
        } in &EXCUSES
        {
            let of = |document: &&Document| document.methods.iter().any(|it| it.id == *method);
            let document = description.documents.iter().find(of).unwrap();
            let found = document.methods.iter().find(|it| it.id == *method).unwrap();
            let message = &document.schemas[&found.request.as_ref().unwrap().name];
            let field = field(document, message, path);
            let required = field.description.required
                || field.annotations.required.iter().any(|it| it == method);
            assert!(
                required && !why.is_empty(),
                "{method} does not require {path} any more"
            );
        }
    }
}
