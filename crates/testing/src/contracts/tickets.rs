//! What links and challenges that work once must do.

use std::time::Duration;

use domain::ports::{Clock, Ids, StorageError};
use domain::{
    DisplayName, Event, PasswordHash, Ticket, TicketId, TicketKind, TokenHash, User, UserChange, UserId,
};
use futures_util::future::join_all;

use super::{Storage, World};
use crate::assert_refused;

fn ticket(world: &World, kind: TicketKind, user_id: Option<UserId>, token: u8) -> Ticket {
    Ticket {
        id: TicketId::from_uuid(world.ids.uuid()),
        kind,
        workspace_id: world.workspace_id,
        user_id,
        token_hash: TokenHash::new([token; 32]),
        payload: "{\"to\":\"ada@example.org\"}".to_owned(),
        created_at: world.clock.now(),
        expires_at: world.clock.now().plus(Duration::from_mins(1)),
    }
}

async fn get(world: &World, ticket: &Ticket) -> Option<Ticket> {
    world.storage.identities.ticket(ticket.token_hash).await.expect("reading works")
}

/// Of many who use a ticket at once, one does, and what the others meant to do with it does not happen.
pub async fn a_ticket_works_once(storage: Storage) {
    let world = World::new(storage).await;
    for (kind, user_id, token) in [
        (TicketKind::Activation, Some(world.user.id), 1),
        (TicketKind::PasswordReset, Some(world.user.id), 2),
        (TicketKind::EmailVerification, Some(world.user.id), 3),
        (TicketKind::PasskeyRegistration, Some(world.user.id), 4),
        (TicketKind::PasskeySignIn, None, 5),
    ] {
        let ticket = ticket(&world, kind, user_id, token);
        world.done(vec![Event::TicketIssued(ticket.clone())]).await;
        assert_eq!(get(&world, &ticket).await.as_ref(), Some(&ticket));
        let attempts = (0..20).map(|number| {
            let effect =
                Event::ConversationCreated(world.new_conversation(world.user.id, &number.to_string()));
            world.commit(vec![effect, Event::TicketUsed { ticket_id: ticket.id }])
        });
        let outcomes = join_all(attempts).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{kind:?}");
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(_) | Err(StorageError::Conflict))));
        assert_eq!(get(&world, &ticket).await, None);
    }
    let page = world.storage.conversations.list(
        world.workspace_id,
        domain::ports::ConversationsOf::Owner(world.user.id),
        domain::ports::ConversationFilter::default(),
        domain::PageRequest::first(200),
    );
    assert_eq!(page.await.expect("reading works").items.len(), 5);
}

/// Two tickets with one token, and one that says too much, are refused; a refused unit uses nothing up.
pub async fn a_ticket_that_was_not_used_stays(storage: Storage) {
    let world = World::new(storage).await;
    let kept = ticket(&world, TicketKind::PasswordReset, Some(world.user.id), 1);
    world.done(vec![Event::TicketIssued(kept.clone())]).await;
    let twin = ticket(&world, TicketKind::EmailVerification, None, 1);
    assert_refused!(world.commit(vec![Event::TicketIssued(twin)]).await, StorageError::Rejected(_));
    let long = Ticket { payload: "é".repeat(8193), ..ticket(&world, TicketKind::PasskeySignIn, None, 2) };
    assert_refused!(world.commit(vec![Event::TicketIssued(long.clone())]).await, StorageError::Rejected(_));
    world.done(vec![Event::TicketIssued(Ticket { payload: "é".repeat(8192), ..long })]).await;
    let stale = User { version: world.user.version.next().next(), ..world.user.clone() };
    let refused = vec![
        Event::TicketUsed { ticket_id: kept.id },
        Event::UserUpdated { user: stale, change: UserChange::Password },
    ];
    assert_refused!(world.commit(refused).await, StorageError::Conflict);
    assert_eq!(get(&world, &kept).await, Some(kept));
}

/// A new password ends every link by which one could be set, of its person alone.
pub async fn a_new_password_ends_links_that_set_one(storage: Storage) {
    let world = World::new(storage).await;
    let colleague = world.colleague("bob@example.org").await;
    let reset = ticket(&world, TicketKind::PasswordReset, Some(world.user.id), 1);
    let activation = ticket(&world, TicketKind::Activation, Some(world.user.id), 2);
    let verification = ticket(&world, TicketKind::EmailVerification, Some(world.user.id), 3);
    let theirs = ticket(&world, TicketKind::PasswordReset, Some(colleague.id), 4);
    let all = [&reset, &activation, &verification, &theirs];
    world.done(all.map(|ticket| Event::TicketIssued(ticket.clone())).to_vec()).await;
    let renamed = User {
        display_name: DisplayName::new("Countess").expect("the name is valid"),
        version: world.user.version.next(),
        ..world.user.clone()
    };
    world.done(vec![Event::UserUpdated { user: renamed.clone(), change: UserChange::Profile }]).await;
    assert!(get(&world, &reset).await.is_some());
    let changed = User {
        password_hash: Some(PasswordHash::from_phc("$argon2id$new".to_owned())),
        version: renamed.version.next(),
        ..renamed
    };
    world.done(vec![Event::UserUpdated { user: changed.clone(), change: UserChange::Password }]).await;
    for (ticket, is_left) in [(&reset, false), (&activation, false), (&verification, true), (&theirs, true)] {
        assert_eq!(get(&world, ticket).await.is_some(), is_left, "{ticket:?}");
    }
    let deleted = User { version: changed.version.next(), ..changed };
    world.done(vec![Event::UserDeleted(deleted)]).await;
    assert_eq!(get(&world, &verification).await, None);
}
