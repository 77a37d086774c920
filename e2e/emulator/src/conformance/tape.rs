//! What was sent and answered, and how it becomes a recording that can be shown to others.

use serde_json::{Value, json};

use crate::conformance::names::Place;
use crate::conformance::redaction::{Redaction, TIME};
use crate::conformance::thing::Thing;
use crate::conformance::wire::{Reply, Request};

/// The exchanges of a run, in order. Headers are never kept.
#[derive(Clone, Debug, Default)]
pub struct Tape {
    exchanges: Vec<Exchange>,
}

#[derive(Clone, Debug)]
struct Exchange {
    request: Request,
    reply: Reply,
    at_once: bool,
}

impl Tape {
    pub(crate) fn record(&mut self, request: &Request, reply: &Reply, at_once: bool) {
        self.exchanges.push(Exchange {
            request: request.clone(),
            reply: reply.clone(),
            at_once,
        });
    }

    /// Adds how an operation ended, if that which began it is there.
    pub(crate) fn record_end(&mut self, began: (&Request, &Reply), look: &Request, end: &Reply) {
        if self.position(began).is_some() {
            self.record(look, end, false);
        }
    }

    /// Takes the last exchange like this one out again, and what came after it: that was sent while the operation ran
    /// which it began.
    pub(crate) fn take_back(&mut self, exchange: (&Request, &Reply)) {
        if let Some(at) = self.position(exchange) {
            self.exchanges.truncate(at);
        }
    }

    fn position(&self, (request, reply): (&Request, &Reply)) -> Option<usize> {
        let mut exchanges = self.exchanges.iter();
        exchanges.rposition(|it| it.request == *request && it.reply == *reply)
    }

    /// Whether it shows that a thing was made.
    pub(crate) fn shows_making_of(&self, thing: &Thing) -> bool {
        let mut made = self
            .exchanges
            .iter()
            .filter(|it| it.request.method == "POST" && it.reply.status == 200)
            .filter_map(|it| Thing::made_by(&it.request.url, &it.request.body));
        made.any(|made| made == *thing)
    }

    /// How many exchanges there are.
    pub fn len(&self) -> usize {
        self.exchanges.len()
    }

    /// Whether nothing was recorded.
    pub fn is_empty(&self) -> bool {
        self.exchanges.is_empty()
    }

    /// A HAR file without anything that says whose project it was.
    pub fn redacted(&self, place: &Place) -> Value {
        let bodies = self
            .exchanges
            .iter()
            .flat_map(|it| [&it.request.body, &it.reply.body]);
        let redaction = Redaction::new(&place.project, &place.prefix(), bodies);
        let entries = self
            .exchanges
            .iter()
            .map(|it| entry(&redaction, it))
            .collect::<Vec<_>>();
        let creator = json!({ "name": "privatelink", "version": env!("CARGO_PKG_VERSION") });
        json!({ "log": { "version": "1.2", "creator": creator, "entries": entries } })
    }
}

/// One entry. What HAR wants and nobody reads has no value of its own.
fn entry(redaction: &Redaction, exchange: &Exchange) -> Value {
    let Exchange {
        request,
        reply,
        at_once,
    } = exchange;
    let content = |body: &Value| {
        let text = if body.is_null() {
            String::new()
        } else {
            redaction.body(body).to_string()
        };
        json!({ "mimeType": "application/json", "text": text, "size": text.len() })
    };
    let url = redaction.text(&request.url);
    let mut sent = json!({
        "method": request.method, "url": url, "httpVersion": "HTTP/2",
        "cookies": [], "headers": [], "queryString": [], "headersSize": -1, "bodySize": -1,
    });
    if !request.body.is_null() {
        sent["postData"] = content(&request.body);
    }
    let mut entry = json!({
        "startedDateTime": TIME, "time": 0, "cache": {},
        "timings": { "send": 0, "wait": 0, "receive": 0 },
        "request": sent,
        "response": {
            "status": reply.status, "statusText": "", "httpVersion": "HTTP/2",
            "cookies": [], "headers": [], "content": content(&reply.body),
            "redirectURL": "", "headersSize": -1, "bodySize": -1,
        },
    });
    if *at_once {
        entry["_atOnce"] = json!(true);
    }
    entry
}
