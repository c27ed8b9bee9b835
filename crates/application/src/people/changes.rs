//! Several changes of one account in one unit of work.

use domain::{Event, Expectation, Role, User, UserChange, UserState};

use crate::Services;
use crate::bus::{Context, Decision};

/// Changes of one account, one version each, in order.
pub(crate) struct Changes {
    /// The account as it is after them.
    pub user: User,
    /// What happened.
    pub events: Vec<Event>,
    /// What must hold when they are stored.
    pub expected: Vec<Expectation>,
}

impl Changes {
    /// No change yet.
    pub const fn of(user: User) -> Self {
        Self { user, events: Vec::new(), expected: Vec::new() }
    }

    /// One more.
    pub fn add(&mut self, change: UserChange, edit: impl FnOnce(&mut User)) {
        let was_owner = self.user.role == Role::Owner && self.user.state == UserState::Active;
        edit(&mut self.user);
        self.user.version = self.user.version.next();
        self.events.push(Event::UserUpdated { user: self.user.clone(), change });
        let is_owner = self.user.role == Role::Owner && self.user.state == UserState::Active;
        if was_owner && !is_owner {
            self.expected.push(Expectation::AnOwnerRemains);
        }
    }

    /// Commits them, with what must hold then: the workspace keeps an owner.
    pub fn decide<T>(self, services: &Services, context: &Context, output: T) -> Decision<T> {
        let version = self.user.version;
        if self.events.is_empty() {
            return Decision::unchanged(output).version(version);
        }
        let decision = Decision::commit(services, context, self.events, output).version(version);
        self.expected.into_iter().fold(decision, Decision::expecting)
    }
}
