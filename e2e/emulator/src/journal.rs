//! What was asked: counts, and the requests themselves.

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use serde_json::{Value, json};

use crate::credentials;

/// How many requests the log keeps; the counts go on.
const KEPT: usize = 50_000;

#[derive(Debug)]
struct Entry {
    number: u64,
    at: Instant,
    method: String,
    path: String,
    query: String,
    operation: String,
    body: Value,
    /// `None` until the reply is sent, and for ever if it never was.
    status: Option<u16>,
}

#[derive(Debug, Default)]
pub(crate) struct Journal {
    total: u64,
    writes: u64,
    by_method: BTreeMap<String, u64>,
    by_operation: BTreeMap<String, u64>,
    log: VecDeque<Entry>,
    /// Not set back by a reset, so that a reply to a request from before it finds no entry.
    numbered: u64,
    /// When the first request of all came; not set back either.
    first: Option<Instant>,
}

/// A request, as the journal wants it.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) operation: &'a str,
    pub(crate) body: &'a Value,
    pub(crate) is_write: bool,
}

impl Journal {
    /// Counts and logs a request; the number is for [`Journal::replied`].
    pub(crate) fn asked(&mut self, asked: &Asked<'_>) -> u64 {
        self.total += 1;
        self.writes += u64::from(asked.is_write);
        *self.by_method.entry(asked.method.to_owned()).or_default() += 1;
        *self
            .by_operation
            .entry(asked.operation.to_owned())
            .or_default() += 1;
        self.numbered += 1;
        let at = Instant::now();
        self.first.get_or_insert(at);
        if self.log.len() == KEPT {
            self.log.pop_front();
        }
        self.log.push_back(Entry {
            number: self.numbered,
            at,
            method: asked.method.to_owned(),
            path: asked.path.to_owned(),
            query: credentials::blanked(asked.query).into_owned(),
            operation: asked.operation.to_owned(),
            body: asked.body.clone(),
            status: None,
        });
        self.numbered
    }

    pub(crate) fn replied(&mut self, number: u64, status: u16) {
        let found = self.log.binary_search_by_key(&number, |entry| entry.number);
        if let Ok(index) = found {
            self.log[index].status = Some(status);
        }
    }

    pub(crate) fn reset(&mut self) {
        *self = Journal {
            numbered: self.numbered,
            first: self.first,
            ..Journal::default()
        };
    }

    pub(crate) fn counts(&self) -> Value {
        json!({
            "total": self.total,
            "writes": self.writes,
            "byMethod": self.by_method,
            "byOperation": self.by_operation,
        })
    }

    pub(crate) fn requests(&self) -> Value {
        let describe = |entry: &Entry| {
            let since = self.first.map(|first| entry.at.duration_since(first));
            let mut described = json!({
                "at": since.unwrap_or_default().as_secs_f64(),
                "method": entry.method,
                "path": entry.path,
                "query": entry.query,
                "operation": entry.operation,
                "status": entry.status,
            });
            if !entry.body.is_null() {
                described["body"] = entry.body.clone();
            }
            described
        };
        json!(self.log.iter().map(describe).collect::<Vec<_>>())
    }
}
