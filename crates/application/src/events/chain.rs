//! How far the events of one person have been told.

use std::collections::HashMap;
use std::sync::Arc;

use domain::UserId;
use domain::ports::Position;

use super::{EventOwner, Inbox};

/// How far everybody's events have been told in this process, while somebody listens: a chain for each person and
/// workspace. The positions of a person grow over all their workspaces, so each of their chains learns of every position,
/// and tells only what belongs to its own workspace.
#[derive(Default)]
pub(super) struct Chains(HashMap<UserId, Vec<Chain>>);

/// How far the events of one person in one workspace have been told.
pub(super) struct Chain {
    /// Whose events.
    pub owner: EventOwner,
    /// How many subscriptions there are.
    listeners: usize,
    /// The position up to which everything has been told; `None` until somebody has looked where the journal ends.
    pub last: Option<Position>,
    /// The newest position that was heard of.
    pub newest: Position,
    /// Whether somebody reads the journal.
    pub is_being_read: bool,
    /// Those who subscribed before anybody had looked, and have not looked themselves.
    pub unsure: Vec<Arc<Inbox>>,
}

/// What a commit of this process means for a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// It is the next one, and now the last.
    Next,
    /// It has been read from the journal already.
    Told,
    /// Something before it is missing.
    Missing,
}

impl Chains {
    /// Somebody listens.
    pub fn join(&mut self, owner: EventOwner) {
        let chains = self.0.entry(owner.user_id).or_default();
        let chain = match chains.iter_mut().position(|chain| chain.owner == owner) {
            Some(index) => &mut chains[index],
            None => chains.push_mut(Chain::new(owner)),
        };
        chain.listeners += 1;
    }

    /// Somebody no longer listens; a chain ends with its last listener.
    pub fn leave(&mut self, owner: EventOwner) {
        let Some(chains) = self.0.get_mut(&owner.user_id) else { return };
        if let Some(index) = chains.iter().position(|chain| chain.owner == owner) {
            chains[index].listeners -= 1;
            if chains[index].listeners == 0 {
                chains.swap_remove(index);
            }
        }
        if chains.is_empty() {
            self.0.remove(&owner.user_id);
        }
    }

    /// The chain of a person in a workspace.
    pub fn get(&self, owner: EventOwner) -> Option<&Chain> {
        self.0.get(&owner.user_id)?.iter().find(|chain| chain.owner == owner)
    }

    /// The same, to go on with.
    pub fn get_mut(&mut self, owner: EventOwner) -> Option<&mut Chain> {
        self.of(owner.user_id).find(|chain| chain.owner == owner)
    }

    /// The chains of a person, in all workspaces.
    pub fn of(&mut self, user_id: UserId) -> impl Iterator<Item = &mut Chain> {
        self.0.get_mut(&user_id).into_iter().flatten()
    }

    /// Everybody of whom there are chains.
    pub fn people(&self) -> Vec<UserId> {
        self.0.keys().copied().collect()
    }
}

impl Chain {
    /// A chain of which nothing is known.
    const fn new(owner: EventOwner) -> Self {
        Self {
            owner,
            listeners: 0,
            last: None,
            newest: Position(0),
            is_being_read: false,
            unsure: Vec::new(),
        }
    }

    /// Whether it is known how far it is.
    pub const fn is_known(&self) -> bool {
        self.last.is_some()
    }

    /// Whether the journal is known to hold more than was told, perhaps of other workspaces.
    pub fn is_behind(&self) -> bool {
        self.last.is_some_and(|last| last < self.newest)
    }

    /// Begins where the journal ended a moment ago; a chain that has begun goes on as it is.
    pub fn begin(&mut self, head: Position) {
        if self.last.is_some() {
            return;
        }
        self.last = Some(head);
        self.newest = self.newest.max(head);
        for inbox in self.unsure.drain(..) {
            inbox.overflow();
        }
    }

    /// A commit of this process in any workspace, by its own position and that of the person's fact before it.
    pub fn step(&mut self, previous: Position, position: Position) -> Step {
        self.newest = self.newest.max(position);
        match self.last {
            Some(last) if position <= last => Step::Told,
            Some(last) if last == previous => {
                self.last = Some(position);
                Step::Next
            }
            Some(_) | None => Step::Missing,
        }
    }

    /// The journal was read up to `end`. When nothing follows there, what had been heard of before the reading, up to
    /// `heard_of`, belongs to other workspaces, or is no longer kept.
    pub fn read_to(&mut self, end: Position, nothing_follows: bool, heard_of: Position) {
        let told = self.last.unwrap_or_default().max(end);
        self.last = Some(if nothing_follows { told.max(heard_of) } else { told });
    }
}

#[cfg(test)]
mod tests {
    use domain::WorkspaceId;
    use uuid::Uuid;

    use super::*;

    const fn owner(workspace: u128, user: u128) -> EventOwner {
        EventOwner {
            workspace_id: WorkspaceId::from_uuid(Uuid::from_u128(workspace)),
            user_id: UserId::from_uuid(Uuid::from_u128(user)),
        }
    }

    #[test]
    fn every_chain_of_a_person_accepts_what_happens_in_their_other_workspaces() {
        let mut chains = Chains::default();
        let (here, there) = (owner(1, 7), owner(2, 7));
        for owner in [here, there, owner(1, 8)] {
            chains.join(owner);
            chains.get_mut(owner).expect("a chain").begin(Position(10));
        }
        let steps: Vec<_> =
            chains.of(here.user_id).map(|chain| chain.step(Position(10), Position(12))).collect();
        assert_eq!(steps, [Step::Next, Step::Next]);
        assert_eq!(chains.get(there).and_then(|chain| chain.last), Some(Position(12)));
        let steps: Vec<_> =
            chains.of(here.user_id).map(|chain| chain.step(Position(13), Position(14))).collect();
        assert_eq!(steps, [Step::Missing, Step::Missing]);
        assert_eq!(chains.get(owner(1, 8)).and_then(|chain| chain.last), Some(Position(10)));
    }

    #[test]
    fn what_was_heard_of_and_belongs_elsewhere_is_not_looked_for_again() {
        let mut chain = Chain::new(owner(1, 7));
        chain.begin(Position(3));
        chain.newest = Position(9);
        assert!(chain.is_behind());
        chain.read_to(Position(5), false, Position(9));
        assert!(chain.is_behind(), "more of this workspace may follow");
        chain.newest = Position(11);
        chain.read_to(Position(5), true, Position(9));
        assert_eq!(chain.last, Some(Position(9)));
        assert!(chain.is_behind(), "what was heard of since has not been read");
    }

    #[test]
    fn a_chain_ends_with_its_last_listener_and_leaves_the_others_alone() {
        let mut chains = Chains::default();
        let (here, there) = (owner(1, 7), owner(2, 7));
        for owner in [here, here, there] {
            chains.join(owner);
        }
        chains.leave(here);
        assert!(chains.get(here).is_some());
        chains.leave(here);
        assert!(chains.get(here).is_none() && chains.get(there).is_some());
        chains.leave(there);
        assert!(chains.people().is_empty());
    }
}
