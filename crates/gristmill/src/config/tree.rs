//! The configuration as a tree that knows where each value was written.

use std::collections::HashMap;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_saphyr::Spanned;

/// Where something was written.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// A line and a column of the file, both from 1.
    At {
        /// The line.
        line: u64,
        /// The column in characters.
        column: u64,
    },
    /// An environment variable.
    Variable(String),
    /// Nowhere: it is missing.
    #[default]
    Nowhere,
}

/// What the YAML file says, with its places.
#[derive(Debug)]
pub(super) enum Written {
    Scalar(Value),
    List(Vec<Spanned<Written>>),
    Map(Vec<(Spanned<String>, Spanned<Written>)>),
}

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;

        impl<'de> Visitor<'de> for Visit {
            type Value = Written;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a value")
            }

            fn visit_bool<E>(self, value: bool) -> Result<Written, E> {
                Ok(Written::Scalar(value.into()))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Written, E> {
                Ok(Written::Scalar(value.into()))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Written, E> {
                Ok(Written::Scalar(value.into()))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Written, E> {
                Ok(Written::Scalar(Number::from_f64(value).into()))
            }

            fn visit_str<E>(self, value: &str) -> Result<Written, E> {
                Ok(Written::Scalar(value.into()))
            }

            fn visit_unit<E>(self) -> Result<Written, E> {
                Ok(Written::Scalar(Value::Null))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Written, A::Error> {
                let mut elements = Vec::new();
                while let Some(element) = list.next_element()? {
                    elements.push(element);
                }
                Ok(Written::List(elements))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Written, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Written::Map(entries))
            }
        }

        deserializer.deserialize_any(Visit)
    }
}

/// A value of the configuration.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// The keys that lead here, as in `stages[2].dedup.near`. It stays when elements before it are taken away.
    pub(super) path: String,
    /// Where the value was written.
    pub(super) place: Place,
    /// Where its key was written.
    pub(super) key: Place,
    /// Whether it is text from a variable, which may stand for something else than text.
    soft: bool,
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    Scalar(Value),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

/// What is remembered of a value while the `config` crate has it.
#[derive(Debug, Clone)]
pub(super) struct Mark {
    pub(super) key: Place,
    pub(super) value: Place,
    /// Whether a variable was filled in.
    pub(super) filled: bool,
}

/// The marks of all values, by path.
pub(super) type Marks = HashMap<String, Mark>;

/// The path of `key` in the map at `path`.
pub(super) fn below(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

impl Node {
    /// The tree of what the `config` crate merged; `marks` says where the values of the file were written.
    pub(super) fn new(path: String, value: config::Value, marks: &Marks) -> Self {
        use config::ValueKind;
        let from_variable = value.origin() == Some(super::read::ENVIRONMENT);
        let mark = marks.get(&path).filter(|_| !from_variable);
        let place = match mark {
            Some(mark) => mark.value.clone(),
            None if from_variable => Place::Variable(super::read::variable(&path)),
            None => Place::Nowhere,
        };
        let key = mark.map_or(place.clone(), |mark| mark.key.clone());
        let soft = from_variable || mark.is_some_and(|mark| mark.filled);
        let kind = match value.kind {
            ValueKind::Nil => Kind::Scalar(Value::Null),
            ValueKind::Boolean(value) => Kind::Scalar(value.into()),
            ValueKind::I64(value) => Kind::Scalar(value.into()),
            ValueKind::U64(value) => Kind::Scalar(value.into()),
            // Larger numbers than YAML has here; whatever asks for one says that it does not fit.
            ValueKind::I128(value) => Kind::Scalar(value.to_string().into()),
            ValueKind::U128(value) => Kind::Scalar(value.to_string().into()),
            ValueKind::Float(value) => Kind::Scalar(Number::from_f64(value).into()),
            ValueKind::String(value) => Kind::Scalar(value.into()),
            ValueKind::Array(list) => Kind::List(
                list.into_iter()
                    .enumerate()
                    .map(|(number, value)| Self::new(format!("{path}[{number}]"), value, marks))
                    .collect(),
            ),
            ValueKind::Table(map) => {
                let mut entries: Vec<_> = map
                    .into_iter()
                    .map(|(key, value)| {
                        let node = Self::new(below(&path, &key), value, marks);
                        (key, node)
                    })
                    .collect();
                entries.sort_by(|(a, x), (b, y)| (&x.key, a).cmp(&(&y.key, b)));
                Kind::Map(entries)
            }
        };
        Self {
            path,
            place,
            key,
            soft,
            kind,
        }
    }

    /// Notes where this value and those below it were written.
    pub(super) fn note_places(&self, marks: &mut Marks) {
        let mark = Mark {
            key: self.key.clone(),
            value: self.place.clone(),
            filled: false,
        };
        marks.insert(self.path.clone(), mark);
        match &self.kind {
            Kind::Scalar(_) => {}
            Kind::List(list) => list.iter().for_each(|node| node.note_places(marks)),
            Kind::Map(map) => map.iter().for_each(|(_, node)| node.note_places(marks)),
        }
    }

    /// The value without its places.
    pub(super) fn to_json(&self) -> Value {
        match &self.kind {
            Kind::Scalar(value) => value.clone(),
            Kind::List(list) => list.iter().map(Self::to_json).collect(),
            Kind::Map(map) => {
                let entries = map.iter().map(|(key, node)| (key.clone(), node.to_json()));
                Value::Object(entries.collect::<Map<_, _>>())
            }
        }
    }

    /// The value under `key`, taken out.
    pub(super) fn take(&mut self, key: &str) -> Option<Self> {
        let Kind::Map(map) = &mut self.kind else {
            return None;
        };
        let at = map.iter().position(|(name, _)| name == key)?;
        Some(map.remove(at).1)
    }

    /// The elements of a list, or nothing where it is none.
    pub(super) fn into_list(self) -> Option<Vec<Self>> {
        match self.kind {
            Kind::List(list) => Some(list),
            _ => None,
        }
    }

    /// The one value of a map that has no other.
    pub(super) fn into_only(self) -> Option<Self> {
        match self.kind {
            Kind::Map(mut map) if map.len() == 1 => map.pop().map(|(_, node)| node),
            _ => None,
        }
    }

    /// The node that `path` leads to from here, or the last on the way that there is.
    pub(super) fn find(&self, path: &str) -> &Self {
        let mut node = self;
        for segment in segments(path) {
            let next = match (&node.kind, segment) {
                (Kind::List(list), Segment::Index(index)) => list.get(index),
                (Kind::Map(map), Segment::Key(key)) => {
                    map.iter().find(|(name, _)| name == key).map(|(_, node)| node)
                }
                _ => None,
            };
            match next {
                Some(next) => node = next,
                None => break,
            }
        }
        node
    }

    /// Takes away the node whose own path is `path`; the root stays.
    pub(super) fn remove(&mut self, path: &str) -> bool {
        match &mut self.kind {
            Kind::Scalar(_) => false,
            Kind::List(list) => {
                let before = list.len();
                list.retain(|node| node.path != path);
                before != list.len() || list.iter_mut().any(|node| node.remove(path))
            }
            Kind::Map(map) => {
                let before = map.len();
                map.retain(|(_, node)| node.path != path);
                before != map.len() || map.iter_mut().any(|(_, node)| node.remove(path))
            }
        }
    }

    /// Reads text from variables as YAML, at `under` and below, and says whether there was any.
    pub(super) fn harden(&mut self, under: &str) -> bool {
        let rest = self.path.strip_prefix(under);
        let affected =
            rest.is_some_and(|rest| under.is_empty() || rest.is_empty() || rest.starts_with(['.', '[']));
        let mut hardened = false;
        if affected
            && std::mem::take(&mut self.soft)
            && let Kind::Scalar(Value::String(text)) = &self.kind
        {
            hardened = true;
            if let Ok(Spanned { value, .. }) = super::read::yaml(text) {
                self.kind = hard(value, &self.path, &self.place);
            }
        }
        match &mut self.kind {
            Kind::Scalar(_) => {}
            Kind::List(list) => list.iter_mut().for_each(|node| hardened |= node.harden(under)),
            Kind::Map(map) => map
                .iter_mut()
                .for_each(|(_, node)| hardened |= node.harden(under)),
        }
        hardened
    }
}

/// What was written into a variable as YAML; all of it stands at the place of the variable.
fn hard(value: Written, path: &str, place: &Place) -> Kind {
    let node = |value, path: String| Node {
        kind: hard(value, &path, place),
        path,
        place: place.clone(),
        key: place.clone(),
        soft: false,
    };
    match value {
        Written::Scalar(value) => Kind::Scalar(value),
        Written::List(list) => Kind::List(
            list.into_iter()
                .enumerate()
                .map(|(number, element)| node(element.value, format!("{path}[{number}]")))
                .collect(),
        ),
        Written::Map(map) => Kind::Map(
            map.into_iter()
                .map(|(key, value)| {
                    let path = below(path, &key.value);
                    (key.value, node(value.value, path))
                })
                .collect(),
        ),
    }
}

#[derive(Debug, Clone, Copy)]
enum Segment<'p> {
    Key(&'p str),
    Index(usize),
}

/// The steps of a path such as `passages.min_words` or `gazetteers[0]`.
fn segments(path: &str) -> impl Iterator<Item = Segment<'_>> {
    path.split(['.', '['])
        .filter(|part| !part.is_empty())
        .map(|part| match part.strip_suffix(']') {
            Some(index) => index.parse().map_or(Segment::Key(part), Segment::Index),
            None => Segment::Key(part),
        })
}
