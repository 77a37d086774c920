//! What runs left in the project: found by its names, in lists that may show things of others.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::conformance::ledger::Certainty;
use crate::conformance::names::PREFIX;
use crate::conformance::sending::Trouble;
use crate::conformance::session::Session;
use crate::conformance::thing::{Kind, Thing};
use crate::conformance::verdict::answered;
use crate::conformance::wire::{Reply, Request};

impl Session<'_> {
    /// The things in the project whose names are those of runs: of this one, if `suffix` is its own, or of
    /// any. Of each list at most so many items are read. Nothing is recorded: a list may show things of others.
    ///
    /// # Errors
    /// If something cannot be listed, or has no end.
    pub async fn found(&self, suffix: Option<&str>, most: usize) -> Result<Vec<Thing>, String> {
        let prefix = format!("{PREFIX}{}", suffix.unwrap_or_default());
        let mut found = Vec::new();
        for kind in Kind::ALL {
            let names = self.names(kind, &prefix, most).await?;
            found.extend(names.into_iter().map(|name| Thing { kind, name }));
        }
        Ok(found)
    }

    /// The names of one kind that begin with `prefix`.
    async fn names(&self, kind: Kind, prefix: &str, most: usize) -> Result<Vec<String>, Trouble> {
        let collection = self.place.fill(kind.collection());
        let mut found = Vec::new();
        let (mut token, mut tokens, mut read) = (String::new(), BTreeSet::new(), 0_usize);
        loop {
            let page = self.page(&collection, &token).await?;
            let items = page.body[kind.items()].as_array().map_or(&[][..], |it| it);
            // A page without items counts as one, so that a list of empty pages has an end too.
            read = read.saturating_add(items.len().max(1));
            if read > most {
                return Err(format!(
                    "{collection}: the list has more than {most} items, and no more of it are read (--max-list-items)"
                ));
            }
            let names = items
                .iter()
                .filter_map(|item| item["name"].as_str()?.rsplit('/').next());
            found.extend(names.filter(|it| it.starts_with(prefix)).map(str::to_owned));
            let next = page.body["nextPageToken"].as_str().unwrap_or_default();
            if next.is_empty() {
                return Ok(found);
            }
            next.clone_into(&mut token);
            if !tokens.insert(token.clone()) {
                return Err(format!(
                    "{collection}: the list begins anew: a page token came again"
                ));
            }
        }
    }

    async fn page(&self, collection: &str, token: &str) -> Result<Reply, Trouble> {
        let token = if token.is_empty() {
            String::new()
        } else {
            let token = token
                .replace('+', "%2B")
                .replace('/', "%2F")
                .replace('=', "%3D");
            format!("?pageToken={token}")
        };
        let request = Request {
            method: "GET",
            url: format!("{collection}{token}"),
            body: Value::Null,
        };
        let reply = self.look(&request).await?;
        if reply.status == 200 {
            return Ok(reply);
        }
        Err(format!(
            "{}: {}",
            request.url,
            answered(reply.status, &reply.body)
        ))
    }

    /// Takes things over from a run that did not get to clean up.
    pub fn take_over(&self, things: impl IntoIterator<Item = Thing>) {
        for thing in things {
            self.ledger().add(thing, Certainty::Ended);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::cell::RefCell;
    use std::time::Duration;

    use serde_json::{Value, json};

    use crate::conformance::tests::{finished, place};
    use crate::conformance::{NoAnswer, Reply, Request, Sending, Session, Wire};

    /// Lists whose pages come one after the other, and then once more from the first on.
    struct Pages {
        pages: Vec<Value>,
        sent: RefCell<usize>,
    }

    impl Wire for Pages {
        fn send<'a>(&'a self, _: &'a Request) -> Sending<'a, Result<Reply, NoAnswer>> {
            let mut sent = self.sent.borrow_mut();
            let body = self.pages[*sent % self.pages.len()].clone();
            *sent += 1;
            Box::pin(std::future::ready(Ok(Reply { status: 200, body })))
        }

        fn pause(&self, _: Duration) -> Sending<'_, ()> {
            Box::pin(std::future::ready(()))
        }
    }

    /// What comes of these pages when at most so many items are read, and how many pages were asked for.
    fn found(pages: &[Value], most: usize) -> (Result<usize, String>, usize) {
        let pages = Pages {
            pages: pages.to_vec(),
            sent: RefCell::default(),
        };
        let found = finished(Session::new(&pages, place()).found(None, most));
        let sent = *pages.sent.borrow();
        (found.map(|things| things.len()), sent)
    }

    fn page(names: &[&str], next: &str) -> Value {
        let items: Vec<Value> = names.iter().map(|name| json!({ "name": name })).collect();
        json!({ "services": items, "items": items, "nextPageToken": next })
    }

    #[test]
    fn a_list_without_an_end_is_given_up() {
        let endless: Vec<Value> = (0..1_000).map(|n| page(&[], &n.to_string())).collect();
        let (refused, sent) = found(&endless, 40);
        let said = refused.unwrap_err();
        assert!(said.contains("more than 40 items"), "{said}");
        assert_eq!(sent, 41);
        for circle in [
            vec![page(&["a"], "x")],
            vec![page(&["a"], "x"), page(&["b"], "y")],
        ] {
            let (refused, sent) = found(&circle, 1_000);
            let said = refused.unwrap_err();
            assert!(said.contains("a page token came again"), "{said}");
            assert_eq!(sent, circle.len() + 1);
        }
    }

    #[test]
    fn as_many_as_are_read_may_be_there_and_no_more() {
        let ours = "projects/p/locations/l/services/pl-conformance-ab12";
        let pages = [
            page(&[ours, "theirs"], "x"),
            page(&["pl-conformance-x"], ""),
        ];
        // One thing of ours twice: services, and each of the six kinds of Compute.
        let (things, _) = found(&pages, 3);
        assert_eq!(things, Ok(14));
        let (refused, _) = found(&pages, 2);
        assert!(refused.unwrap_err().contains("more than 2 items"));
    }
}
