//! Where things stand in a document: fields, items, and fields written twice.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use privatelink_core::codes::Code;
use privatelink_core::diagnostic::{Diagnostic, Origin};
use serde::de::{self, Deserialize, Deserializer};
use serde_json::Value;
use serde_saphyr::Spanned;
use serde_saphyr::options::DuplicateKeyPolicy;

use super::text::{chunks, lines_before_content, moved, options};

/// A field that is written again, and where.
pub(super) struct Repeated {
    path: String,
    line: u32,
    column: u32,
}

impl Repeated {
    pub(super) fn diagnostic(&self, document: &Origin) -> Diagnostic {
        let Self { path, line, column } = self;
        let message = format!("`{path}` is written twice");
        Diagnostic::new(
            Code::DuplicateField,
            moved(document, *line, *column),
            message,
        )
        .field(path)
        .help(if path == "apiVersion" {
            "keep one of them, or put `---` between two documents"
        } else {
            "keep one of them"
        })
    }
}

/// More fields written twice than this are not looked for in one document.
const MOST_REPEATED: usize = 1_000;

/// The value of a document with fields written twice, the later one counting, and those fields.
pub(super) fn repeated(chunk: &str) -> Option<(Value, Vec<Repeated>)> {
    let last = options(DuplicateKeyPolicy::LastWins);
    let value = serde_saphyr::from_str_with_options(chunk, last).ok()?;
    let mut repeated = Vec::new();
    let before = lines_before_content(chunk);
    tree(chunk)?.repeated("", &mut |path, key| {
        let line = key.line.saturating_sub(1 + before);
        repeated.push(Repeated {
            path: path.to_owned(),
            line,
            column: key.column,
        });
        repeated.len() < MOST_REPEATED
    });
    Some((value, repeated))
}

/// The lines of the items of a `List`, within the chunk and counted from its first content.
pub(super) fn item_lines(chunk: &str) -> Vec<u32> {
    let before = lines_before_content(chunk);
    let place = tree(chunk);
    place.as_ref().map_or_else(Vec::new, |place| {
        place
            .items()
            .iter()
            .map(|item| item.at.line.saturating_sub(1 + before))
            .collect()
    })
}

/// Where an item of a `List` starts.
pub(super) fn item_origin(document: &Origin, line: Option<u32>) -> Origin {
    line.map_or_else(|| document.clone(), |line| moved(document, line, 1))
}

/// Which document of a text a finding is in: the line that the document, or the item of a `List`, starts at.
pub(super) type Document = u32;

/// One text, taken apart once however many findings are placed in it: a text may have as many as it has lines.
pub(super) struct Located<'a> {
    lines: Vec<&'a str>,
    chunks: Vec<(u32, &'a str)>,
    /// What stands where, by chunk; only those that were asked for.
    trees: BTreeMap<usize, Option<Tree>>,
}

/// A chunk, and which item of its `List` starts at a line.
struct Tree {
    root: Place,
    items: BTreeMap<u32, usize>,
    /// Lines of the tree count from the chunk's start, which may be above its first content.
    above: u32,
}

impl<'a> Located<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            lines: text.lines().collect(),
            chunks: chunks(text),
            trees: BTreeMap::new(),
        }
    }

    /// Moves a finding to its field, adds the line of text, and says which document it is in.
    pub(super) fn place(&mut self, diagnostic: &mut Diagnostic) -> Document {
        let Origin::File {
            path: _,
            line,
            column,
        } = &mut diagnostic.origin
        else {
            return 0;
        };
        if *line == 0 {
            return 0;
        }
        let on_name = matches!(diagnostic.code, Code::UnknownField | Code::NotInThisVersion);
        let is_placed = *column != 1 || diagnostic.code == Code::DuplicateField;
        let document = if is_placed {
            self.chunk(*line)
                .map_or(*line, |index| self.chunks[index].0)
        } else {
            *line
        };
        if let Some(field) = diagnostic.field.as_deref().filter(|_| !is_placed)
            && let Some(at) = self.place_of(field, *line, on_name)
        {
            (*line, *column) = (at.line, at.column);
        }
        let text = self.lines.get(line.saturating_sub(1) as usize);
        diagnostic.snippet = text
            .filter(|line| line.len() <= WIDEST)
            .map(|line| (*line).to_owned());
        document
    }

    /// The chunk that a line is in.
    fn chunk(&self, line: u32) -> Option<usize> {
        self.chunks
            .partition_point(|(first, _)| *first <= line)
            .checked_sub(1)
    }

    /// Where a field of the document at a line stands, or the nearest thing around it that is written.
    fn place_of(&mut self, field: &str, document: u32, on_name: bool) -> Option<At> {
        let index = self.chunk(document)?;
        let (first, chunk) = *self.chunks.get(index)?;
        let tree = self
            .trees
            .entry(index)
            .or_insert_with(|| Tree::new(first, chunk));
        let tree = tree.as_ref()?;
        let root = tree.declaration_at(document.checked_sub(tree.above)?);
        let at = root.find(field, on_name)?;
        Some(At {
            line: at.line + tree.above,
            column: at.column,
        })
    }
}

impl Tree {
    fn new(first: u32, chunk: &str) -> Option<Self> {
        let above = first.checked_sub(lines_before_content(chunk) + 1)?;
        let root = tree(chunk)?;
        let mut items = BTreeMap::new();
        for (index, item) in root.items().iter().enumerate() {
            items.entry(item.at.line).or_insert(index);
        }
        Some(Self { root, items, above })
    }

    /// The item of a `List` that starts at a line, or the document itself.
    fn declaration_at(&self, line: u32) -> &Place {
        let item = self.items.get(&line);
        item.and_then(|index| self.root.items().get(*index))
            .unwrap_or(&self.root)
    }
}

/// A line longer than this, in bytes, helps nobody and is not shown.
const WIDEST: usize = 400;

/// Line and column, from 1.
#[derive(Clone, Copy)]
struct At {
    line: u32,
    column: u32,
}

/// What stands at a place, without its values.
struct Place {
    at: At,
    shape: Shape,
}

enum Shape {
    Scalar,
    List(Vec<Place>),
    Fields(Fields),
}

/// Fields as they are written, and where the last one of each name is among them.
#[derive(Default)]
struct Fields {
    written: Vec<(String, At, Place)>,
    last: BTreeMap<String, usize>,
}

fn tree(chunk: &str) -> Option<Place> {
    let options = options(DuplicateKeyPolicy::PassThrough);
    serde_saphyr::from_str_with_options::<Spanned<Shape>>(chunk, options)
        .ok()
        .map(Place::from)
}

impl Place {
    fn field(&self, name: &str) -> Option<(At, &Place)> {
        match &self.shape {
            Shape::Fields(fields) => {
                let (_, at, place) = fields.written.get(*fields.last.get(name)?)?;
                Some((*at, place))
            }
            Shape::Scalar | Shape::List(_) => None,
        }
    }

    /// The items of a `List`; none when it is something else.
    fn items(&self) -> &[Place] {
        match self.field("items").map(|(_, items)| &items.shape) {
            Some(Shape::List(items)) => items,
            Some(Shape::Scalar | Shape::Fields(_)) | None => &[],
        }
    }

    /// The value of a field when it is a scalar, otherwise its name.
    fn find(&self, path: &str, on_name: bool) -> Option<At> {
        let (mut here, mut name) = (self, None);
        for step in steps(path) {
            let next = match step {
                Step::Field(field) => here.field(field).map(|(at, place)| (Some(at), place)),
                Step::Item(index) => match &here.shape {
                    Shape::List(items) => items.get(index).map(|item| (Some(item.at), item)),
                    Shape::Scalar | Shape::Fields(_) => None,
                },
            };
            let Some(next) = next else { break };
            (name, here) = next;
        }
        match here.shape {
            Shape::Scalar if !on_name => Some(here.at),
            Shape::Scalar | Shape::List(_) | Shape::Fields(_) => name,
        }
    }

    /// Tells of each field that is written again, until it is told to stop by `false`.
    fn repeated(&self, path: &str, found: &mut impl FnMut(&str, At) -> bool) -> bool {
        match &self.shape {
            Shape::Scalar => true,
            Shape::List(items) => items
                .iter()
                .enumerate()
                .all(|(index, item)| item.repeated(&format!("{path}[{index}]"), found)),
            Shape::Fields(fields) => {
                let mut earlier = BTreeSet::new();
                fields.written.iter().all(|(name, at, place)| {
                    // A name may be as long as the text, and stand before as many others.
                    let end = name
                        .char_indices()
                        .nth(LONGEST_NAME)
                        .map_or(name.len(), |(end, _)| end);
                    let path = if path.is_empty() {
                        name[..end].to_owned()
                    } else {
                        format!("{path}.{}", &name[..end])
                    };
                    let again = !earlier.insert(name);
                    (!again || found(&path, *at)) && place.repeated(&path, found)
                })
            }
        }
    }
}

/// The characters of a name that are repeated in a path.
const LONGEST_NAME: usize = 100;

enum Step<'a> {
    Field(&'a str),
    Item(usize),
}

/// `spec.adopt[0].name` as its steps.
fn steps(path: &str) -> impl Iterator<Item = Step<'_>> {
    path.split('.').flat_map(|part| {
        let mut pieces = part.split('[');
        let field = pieces.next().unwrap_or_default();
        let item = |piece: &str| piece.trim_end_matches(']').parse().ok().map(Step::Item);
        std::iter::once(Step::Field(field)).chain(pieces.filter_map(item))
    })
}

impl From<Spanned<Shape>> for Place {
    fn from(spanned: Spanned<Shape>) -> Self {
        Self {
            at: at(&spanned),
            shape: spanned.value,
        }
    }
}

fn at<T>(spanned: &Spanned<T>) -> At {
    let number = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    At {
        line: number(spanned.referenced.line()),
        column: number(spanned.referenced.column()),
    }
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ShapeVisitor)
    }
}

struct ShapeVisitor;

impl<'de> de::Visitor<'de> for ShapeVisitor {
    type Value = Shape;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("anything")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Shape, E> {
        Ok(Shape::Scalar)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Shape, E> {
        Ok(Shape::Scalar)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Shape, E> {
        Ok(Shape::Scalar)
    }

    fn visit_i128<E>(self, _: i128) -> Result<Shape, E> {
        Ok(Shape::Scalar)
    }

    fn visit_u128<E>(self, _: u128) -> Result<Shape, E> {
        Ok(Shape::Scalar)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Shape, E> {
        Ok(Shape::Scalar)
    }

    fn visit_str<E>(self, _: &str) -> Result<Shape, E> {
        Ok(Shape::Scalar)
    }

    fn visit_bytes<E>(self, _: &[u8]) -> Result<Shape, E> {
        Ok(Shape::Scalar)
    }

    fn visit_unit<E>(self) -> Result<Shape, E> {
        Ok(Shape::Scalar)
    }

    fn visit_none<E>(self) -> Result<Shape, E> {
        Ok(Shape::Scalar)
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut items: A) -> Result<Shape, A::Error> {
        let mut places = Vec::new();
        while let Some(item) = items.next_element::<Spanned<Shape>>()? {
            places.push(item.into());
        }
        Ok(Shape::List(places))
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut fields: A) -> Result<Shape, A::Error> {
        let mut places = Fields::default();
        while let Some(name) = fields.next_key::<Spanned<String>>()? {
            let value = fields.next_value::<Spanned<Shape>>()?;
            places.last.insert(name.value.clone(), places.written.len());
            places
                .written
                .push((name.value.clone(), at(&name), value.into()));
        }
        Ok(Shape::Fields(places))
    }
}
