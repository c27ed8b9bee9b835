//! The shape of a conversation: which message stands under which.

use std::collections::HashMap;

use crate::{MessageId, MessageRole, MessageStatus};

/// One message, as far as the shape of the tree needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TreeNode {
    /// The message.
    pub id: MessageId,
    /// What it stands under; `None` for a root.
    pub parent_id: Option<MessageId>,
    /// Who speaks.
    pub role: MessageRole,
    /// How far it is.
    pub status: MessageStatus,
}

/// The messages of one conversation as a forest (a conversation may have several first questions).
///
/// Siblings are ordered by id, that is by age. A node whose parent is unknown, or that is its own ancestor, is
/// still a node, but no walk from another node reaches it twice: every walk ends.
#[derive(Debug, Clone, Default)]
pub struct MessageTree {
    nodes: HashMap<MessageId, TreeNode>,
    children: HashMap<Option<MessageId>, Vec<MessageId>>,
}

impl MessageTree {
    /// Builds the tree from its nodes in any order.
    pub fn new(nodes: impl IntoIterator<Item = TreeNode>) -> Self {
        let mut tree = Self::default();
        for node in nodes {
            if tree.nodes.insert(node.id, node).is_none() {
                tree.children.entry(node.parent_id).or_default().push(node.id);
            }
        }
        for siblings in tree.children.values_mut() {
            siblings.sort_unstable();
        }
        tree
    }

    /// The node of a message.
    pub fn node(&self, id: MessageId) -> Option<&TreeNode> {
        self.nodes.get(&id)
    }

    /// The messages under `parent`, oldest first; `None` gives the roots.
    pub fn children(&self, parent: Option<MessageId>) -> &[MessageId] {
        self.children.get(&parent).map_or(&[], Vec::as_slice)
    }

    /// A message and its siblings, oldest first; empty for an unknown message.
    pub fn siblings(&self, id: MessageId) -> &[MessageId] {
        self.node(id).map_or(&[], |node| self.children(node.parent_id))
    }

    /// From the root down to `id`, both included; empty for an unknown message.
    pub fn path(&self, id: MessageId) -> Vec<MessageId> {
        let mut path = Vec::new();
        let mut next = self.node(id);
        while let Some(node) = next
            && path.len() < self.nodes.len()
        {
            path.push(node.id);
            next = node.parent_id.and_then(|parent| self.node(parent));
        }
        path.reverse();
        path
    }

    /// `id` and everything below it, parents before children; empty for an unknown message.
    pub fn descendants(&self, id: MessageId) -> Vec<MessageId> {
        let mut found: Vec<MessageId> = self.node(id).map(|node| node.id).into_iter().collect();
        let mut next = 0;
        while let Some(parent) = found.get(next).copied()
            && found.len() <= self.nodes.len()
        {
            found.extend(self.children(Some(parent)).iter().filter(|child| **child != id));
            next += 1;
        }
        found
    }

    /// The end of the newest branch below `id`: the newest child of the newest child, and so on.
    pub fn newest_leaf(&self, id: MessageId) -> MessageId {
        let mut leaf = id;
        for _ in 0..self.nodes.len() {
            match self.children(Some(leaf)).last() {
                Some(child) => leaf = *child,
                None => break,
            }
        }
        leaf
    }

    /// The leaf to show once `removed` and everything below it is gone: the newest branch beside it, else its
    /// parent; `None` when nothing remains.
    pub fn leaf_without(&self, removed: MessageId) -> Option<MessageId> {
        let parent = self.node(removed)?.parent_id;
        let sibling = self.children(parent).iter().rev().find(|id| **id != removed);
        sibling.map(|id| self.newest_leaf(*id)).or(parent)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn id(number: usize) -> MessageId {
        MessageId::from_uuid(Uuid::from_u128(number as u128 + 1))
    }

    /// Any parent pointers at all: unknown parents and circles among them.
    fn arbitrary_nodes() -> impl Strategy<Value = Vec<TreeNode>> {
        prop::collection::vec(prop::option::of(0_usize..24), 0..20).prop_map(|parents| {
            let node = |(index, parent): (usize, Option<usize>)| TreeNode {
                id: id(index),
                parent_id: parent.map(id),
                role: MessageRole::User,
                status: MessageStatus::Complete,
            };
            parents.into_iter().enumerate().map(node).collect()
        })
    }

    /// Parents always older than their children, as storage guarantees.
    fn sound_nodes() -> impl Strategy<Value = Vec<TreeNode>> {
        prop::collection::vec(any::<prop::sample::Index>(), 1..40).prop_map(|picks| {
            let node = |(index, pick): (usize, prop::sample::Index)| TreeNode {
                id: id(index),
                parent_id: pick.index(index + 1).checked_sub(1).map(id),
                role: MessageRole::User,
                status: MessageStatus::Complete,
            };
            picks.into_iter().enumerate().map(node).collect()
        })
    }

    proptest! {
        #[test]
        fn every_walk_ends_whatever_the_parents(nodes in arbitrary_nodes()) {
            let tree = MessageTree::new(nodes.clone());
            for node in &nodes {
                tree.newest_leaf(node.id);
                tree.leaf_without(node.id);
                let below = tree.descendants(node.id);
                let unique: HashSet<_> = below.iter().collect();
                prop_assert_eq!(unique.len(), below.len());
                prop_assert!(tree.path(node.id).len() <= nodes.len());
            }
        }

        #[test]
        fn paths_and_descendants_agree(nodes in sound_nodes()) {
            let tree = MessageTree::new(nodes.clone());
            for ancestor in &nodes {
                let below: HashSet<_> = tree.descendants(ancestor.id).into_iter().collect();
                for node in &nodes {
                    prop_assert_eq!(below.contains(&node.id), tree.path(node.id).contains(&ancestor.id));
                }
            }
        }

        #[test]
        fn removing_a_branch_leaves_a_leaf_outside_it(nodes in sound_nodes(), pick in any::<prop::sample::Index>()) {
            let tree = MessageTree::new(nodes.clone());
            let removed = pick.get(&nodes).id;
            let gone: HashSet<_> = tree.descendants(removed).into_iter().collect();
            match tree.leaf_without(removed) {
                Some(leaf) => {
                    prop_assert!(!gone.contains(&leaf));
                    let remaining = tree.children(Some(leaf)).iter().filter(|child| !gone.contains(child)).count();
                    prop_assert_eq!(remaining, 0);
                }
                None => prop_assert!(tree.children(None) == [removed]),
            }
        }
    }
}
