//! What the layers say, merged: a tree of values that know where they came from.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::Origin;

/// The name of a setting, from the outermost section in.
pub type Path = [String];

/// A section or a value.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// A section, and where it was first named.
    Section(Origin, BTreeMap<String, Self>),
    /// A value, and where it came from.
    Leaf(Origin, Value),
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A word whose type is only known by the setting it is for: from the environment or the command line.
    Word(String),
    /// The text of a file that is read once all layers are known.
    TextOf(PathBuf),
    /// Text, from a file.
    Text(String),
    /// A number, from a file.
    Integer(i64),
    /// A number, from a file.
    Float(f64),
    /// Yes or no, from a file.
    Boolean(bool),
    /// Several values, from a file.
    List(Vec<Self>),
}

/// One setting that a layer makes.
#[derive(Debug, Clone, PartialEq)]
pub struct Assignment {
    /// Which setting.
    pub path: Vec<String>,
    /// Its value; `None` for a section that is only named.
    pub value: Option<Value>,
    /// Where that is said.
    pub origin: Origin,
}

impl Node {
    /// A tree without a value.
    pub const fn empty() -> Self {
        Self::Section(Origin::Default, BTreeMap::new())
    }

    /// Where this came from.
    pub const fn origin(&self) -> &Origin {
        let (Self::Section(origin, _) | Self::Leaf(origin, _)) = self;
        origin
    }

    /// Makes a setting, whatever was said of it before.
    pub fn assign(&mut self, assignment: Assignment) {
        let Assignment { path, value, origin } = assignment;
        let mut node = self;
        for key in path {
            if let Self::Leaf(..) = node {
                *node = Self::Section(origin.clone(), BTreeMap::new());
            }
            let Self::Section(_, entries) = node else { return };
            let key = entries.keys().find(|known| is_same(known, &key)).cloned().unwrap_or(key);
            node = entries.entry(key).or_insert_with(|| Self::Section(origin.clone(), BTreeMap::new()));
        }
        if let Some(value) = value {
            *node = Self::Leaf(origin, value);
        }
    }

    /// The node at a path.
    pub fn get(&self, path: &Path) -> Option<&Self> {
        path.iter().try_fold(self, |node, key| match node {
            Self::Section(_, entries) => {
                entries.iter().find(|(known, _)| is_same(known, key)).map(|(_, node)| node)
            }
            Self::Leaf(..) => None,
        })
    }

    /// Where the value at a path came from.
    pub fn origin_of(&self, path: &Path) -> Option<&Origin> {
        self.get(path).map(Self::origin)
    }

    /// Where the value at a path came from, or the section around it that somebody named.
    pub fn nearest_origin(&self, path: &Path) -> Option<&Origin> {
        (1..=path.len()).rev().find_map(|length| self.origin_of(&path[..length]))
    }

    /// Takes away what stands at a path, or around it. Whether there was anything.
    pub fn prune(&mut self, path: &Path) -> bool {
        let Some((last, sections)) = path.split_last() else { return false };
        let mut node = self;
        for key in sections {
            let Self::Section(_, entries) = node else { return false };
            match entries.get_mut(key) {
                Some(inner) => node = inner,
                None => return false,
            }
        }
        match node {
            Self::Section(_, entries) => entries.remove(last).is_some(),
            Self::Leaf(..) => false,
        }
    }

    /// Every value with its path, in the order of the names.
    pub fn leaves(&self) -> Vec<(Vec<String>, &Origin, &Value)> {
        let mut found = Vec::new();
        self.collect(&mut Vec::new(), &mut found);
        found
    }

    fn collect<'a>(&'a self, path: &mut Vec<String>, found: &mut Vec<(Vec<String>, &'a Origin, &'a Value)>) {
        match self {
            Self::Leaf(origin, value) => found.push((path.clone(), origin, value)),
            Self::Section(_, entries) => {
                for (key, node) in entries {
                    path.push(key.clone());
                    node.collect(path, found);
                    path.pop();
                }
            }
        }
    }
}

/// Whether two keys name the same setting. Environment variables have no case of their own and no dash.
fn is_same(one: &str, other: &str) -> bool {
    let plain = |c: u8| if c == b'-' { b'_' } else { c.to_ascii_lowercase() };
    one.len() == other.len() && one.bytes().map(plain).eq(other.bytes().map(plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assign(node: &mut Node, path: &str, value: &str) {
        let path: Vec<String> = path.split('.').map(str::to_owned).collect();
        let origin = Origin::Argument(value.to_owned());
        node.assign(Assignment { path, value: Some(Value::Word(value.to_owned())), origin });
    }

    #[test]
    fn a_later_value_replaces_an_earlier_one_under_any_spelling() {
        let mut tree = Node::empty();
        assign(&mut tree, "providers.lm-studio.kind", "first");
        assign(&mut tree, "providers.LM_STUDIO.kind", "second");
        let leaves = tree.leaves();
        assert_eq!(leaves.len(), 1);
        assert_eq!(leaves[0].0, ["providers", "lm-studio", "kind"]);
        assert_eq!(leaves[0].1, &Origin::Argument("second".to_owned()));
    }

    #[test]
    fn pruning_takes_away_one_thing() {
        let mut tree = Node::empty();
        assign(&mut tree, "a.b", "1");
        assign(&mut tree, "a.c", "2");
        assert!(tree.prune(&["a".to_owned(), "b".to_owned()]));
        assert!(!tree.prune(&["a".to_owned(), "b".to_owned()]));
        assert!(!tree.prune(&[]));
        assert_eq!(tree.leaves().len(), 1);
    }
}
