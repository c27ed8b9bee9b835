//! What sessions must do.

use std::net::IpAddr;
use std::time::Duration;

use domain::ports::{Clock, Ids, StorageError};
use domain::{
    CredentialUse, Event, Expectation, PageRequest, PasswordHash, Session, SessionEnd, SessionId,
    SessionKind, SignInFailure, TokenHash, UnitOfWork, UsedCredential, User, UserChange, UserId,
};
use futures_util::future::join_all;

use super::{Storage, World};
use crate::assert_refused;

async fn get(world: &World, id: SessionId) -> Option<Session> {
    let found = world.storage.identities.session(id).await.expect("reading works");
    found.map(|found| found.session)
}

const fn closed(session: &Session, user_id: UserId) -> Event {
    Event::SessionClosed { session_id: session.id, user_id, end: SessionEnd::SignedOut }
}

/// A closed session does not exist.
pub async fn sessions_are_found_by_token_until_closed(storage: Storage) {
    let world = World::new(storage).await;
    let session = world.session(&world.user, 9);
    world.done(vec![Event::SessionOpened(session.clone())]).await;
    let port = &world.storage.identities;
    let found = port.session_by_token(session.token_hash).await.expect("reading works").expect("it is open");
    assert_eq!((found.session, found.user), (session.clone(), world.user.clone()));
    let by_id = port.session(session.id).await.expect("reading works").expect("it is open");
    assert_eq!((by_id.session, by_id.user), (session.clone(), world.user.clone()));
    assert_eq!(port.session_by_token(TokenHash::new([8; 32])).await.expect("reading works"), None);
    let nobody = UserId::from_uuid(world.ids.uuid());
    assert_refused!(world.commit(vec![closed(&session, nobody)]).await, StorageError::Conflict);
    world.done(vec![closed(&session, world.user.id)]).await;
    assert_eq!(port.session_by_token(session.token_hash).await.expect("reading works"), None);
    assert_eq!(get(&world, session.id).await, None);
    assert_refused!(world.commit(vec![closed(&session, world.user.id)]).await, StorageError::Conflict);
}

/// From where somebody signed in is known after they signed out too, and of an open session where it was used last.
pub async fn it_is_known_from_where_somebody_signed_in(storage: Storage) {
    let world = World::new(storage).await;
    let colleague = world.colleague("bob@example.org").await;
    let port = &world.storage.identities;
    let known = |user: &User| {
        let email = user.email.clone();
        async move { port.known_addresses(&email).await.expect("reading works") }
    };
    assert_eq!(known(&world.user).await, [] as [IpAddr; 0]);
    let used_from = IpAddr::from([198, 51, 100, 7]);
    let session = Session { last_address: Some(used_from), ..world.session(&world.user, 1) };
    let unit = world.unit(vec![Event::SessionOpened(session.clone())]);
    let signed_in_from = unit.origin.address.expect("an address");
    world.storage.journal.commit(unit).await.expect("the session is in order");
    let failed = Event::SignInFailed { user_id: Some(world.user.id), reason: SignInFailure::WrongPassword };
    let stranger = IpAddr::from([203, 0, 113, 9]);
    let mut unit = world.unit(vec![failed]);
    (unit.origin.user_id, unit.origin.address) = (None, Some(stranger));
    world.storage.journal.commit(unit).await.expect("an attempt is noted");
    let mut found = known(&world.user).await;
    found.sort();
    assert_eq!(found, [signed_in_from, used_from]);
    world.done(vec![closed(&session, world.user.id)]).await;
    assert_eq!(known(&world.user).await, [signed_in_from]);
    assert_eq!(known(&colleague).await, [] as [IpAddr; 0]);
}

/// A session that somebody gets for what they have shown is not opened once that no longer counts: neither after a change of
/// the account nor beside it.
pub async fn a_session_is_opened_for_the_account_that_was_looked_at(storage: Storage) {
    let world = World::new(storage).await;
    let mut user = world.user.clone();
    let opening = |user: &User, token: u8| {
        let session = world.session(user, token);
        let expected = vec![Expectation::AccountUnchanged { user_id: user.id, version: user.version }];
        (session.id, UnitOfWork { expected, ..world.unit(vec![Event::SessionOpened(session)]) })
    };
    for round in 0..20 {
        let password_hash = Some(PasswordHash::from_phc(format!("$argon2id${round}")));
        let changed = User { password_hash, version: user.version.next(), ..user.clone() };
        let change = world.unit(vec![
            Event::UserUpdated { user: changed.clone(), change: UserChange::Password },
            Event::SessionsClosed { user_id: user.id, except: None },
        ]);
        let journal = &world.storage.journal;
        let (id, open) = opening(&user, 1 + round);
        let (opened, changing) = tokio::join!(journal.commit(open), journal.commit(change));
        changing.expect("one version on");
        assert!(matches!(opened, Ok(_) | Err(StorageError::Conflict)), "{opened:?}");
        assert_eq!(get(&world, id).await, None, "nobody stays signed in with the former password");
        let (late, open) = opening(&user, 101 + round);
        assert_refused!(journal.commit(open).await, StorageError::Conflict);
        assert_eq!(get(&world, late).await, None);
        user = changed;
    }
    let (id, open) = opening(&user, 99);
    world.storage.journal.commit(open).await.expect("the account is as it was");
    assert!(get(&world, id).await.is_some());
}

/// What a program's tokens are made from opens nothing by itself.
pub async fn a_program_is_not_found_by_what_its_tokens_are_made_from(storage: Storage) {
    let world = World::new(storage).await;
    let browser = Session { device: None, last_address: None, ..world.session(&world.user, 1) };
    let program = Session {
        kind: SessionKind::Program,
        last_address: Some(IpAddr::from([198, 51, 100, 7])),
        ..world.session(&world.user, 2)
    };
    let opened = [&browser, &program].map(|session| Event::SessionOpened(session.clone()));
    world.done(opened.to_vec()).await;
    assert_eq!(get(&world, browser.id).await.as_ref(), Some(&browser));
    assert_eq!(get(&world, program.id).await.as_ref(), Some(&program));
    let port = &world.storage.identities;
    assert_eq!(port.session_by_token(program.token_hash).await.expect("reading works"), None);
    assert!(port.session_by_token(browser.token_hash).await.expect("reading works").is_some());
}

/// Of many who renew a session at once, one does.
pub async fn a_generation_is_replaced_once(storage: Storage) {
    let world = World::new(storage).await;
    let mut session = Session { kind: SessionKind::Program, ..world.session(&world.user, 1) };
    world.done(vec![Event::SessionOpened(session.clone())]).await;
    for _ in 0..3 {
        let now = world.tick();
        let renewed = Session {
            generation: session.generation + 1,
            rotated_at: now,
            last_used_at: now,
            last_address: Some(IpAddr::from([198, 51, 100, 7])),
            expires_at: now.plus(Duration::from_hours(1)),
            ..session.clone()
        };
        let attempts = (0..10).map(|_| world.commit(vec![Event::SessionRefreshed(renewed.clone())]));
        let outcomes = join_all(attempts).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(_) | Err(StorageError::Conflict))));
        assert_eq!(get(&world, session.id).await.as_ref(), Some(&renewed));
        session = renewed;
    }
    for generation in [0, session.generation, session.generation + 2] {
        let wrong = Session { generation, ..session.clone() };
        assert_refused!(world.commit(vec![Event::SessionRefreshed(wrong)]).await, StorageError::Conflict);
    }
    let next = Session { generation: session.generation + 1, ..session.clone() };
    world.done(vec![closed(&session, world.user.id)]).await;
    assert_refused!(world.commit(vec![Event::SessionRefreshed(next)]).await, StorageError::Conflict);
}

/// A session follows its person to another workspace, and nowhere else.
pub async fn a_session_looks_at_another_workspace_of_its_person(storage: Storage) {
    let world = World::new(storage).await;
    let session = world.session(&world.user, 1);
    world.done(vec![Event::SessionOpened(session.clone())]).await;
    let (other, stranger) = world.neighbour().await;
    let switched = Session { workspace_id: other, ..session.clone() };
    assert_refused!(
        world.commit_in(other, vec![Event::SessionSwitched(switched.clone())]).await,
        StorageError::Rejected(_)
    );
    let there = world.join(other, &world.user).await;
    let stolen = Session { user_id: stranger.id, ..switched.clone() };
    assert_refused!(
        world.commit_in(other, vec![Event::SessionSwitched(stolen)]).await,
        StorageError::Conflict
    );
    let switch = vec![Event::SessionSwitched(switched.clone())];
    world.commit_in(other, switch).await.expect("they belong to it");
    let found = world.storage.identities.session_by_token(session.token_hash).await;
    let found = found.expect("reading works").expect("it is open");
    assert_eq!((found.session, found.user), (switched, there));
    // Whoever signs out may do so from any workspace.
    world.done(vec![closed(&session, world.user.id)]).await;
    assert_eq!(get(&world, session.id).await, None);
}

/// All of a person's sessions end at once, in whatever workspace, and nobody else's.
pub async fn all_sessions_but_one_end_everywhere(storage: Storage) {
    let world = World::new(storage).await;
    let (other, stranger) = world.neighbour().await;
    let there = world.join(other, &world.user).await;
    let here = [1, 2].map(|token| world.session(&world.user, token));
    let away = world.session(&there, 3);
    let foreign = world.session(&stranger, 4);
    world.done(here.iter().cloned().map(Event::SessionOpened).collect()).await;
    let opened = vec![Event::SessionOpened(away.clone()), Event::SessionOpened(foreign.clone())];
    world.commit_in(other, opened).await.expect("both belong to it");
    let close = |except| vec![Event::SessionsClosed { user_id: world.user.id, except }];
    world.done(close(Some(here[1].id))).await;
    for (session, is_left) in [(&here[0], false), (&here[1], true), (&away, false), (&foreign, true)] {
        assert_eq!(get(&world, session.id).await.is_some(), is_left, "{session:?}");
    }
    for _ in 0..2 {
        world.done(close(None)).await;
        assert_eq!(get(&world, here[1].id).await, None);
    }
    assert!(get(&world, foreign.id).await.is_some());
}

/// A person's sessions in all workspaces, newest first, without those that are over.
pub async fn sessions_page_newest_first(storage: Storage) {
    let world = World::new(storage).await;
    let (other, stranger) = world.neighbour().await;
    let there = world.join(other, &world.user).await;
    let mut expected = Vec::new();
    for number in 0..6 {
        let seen = if number % 2 == 0 { &world.user } else { &there };
        let mut session = world.session(seen, number);
        if number == 3 {
            session.expires_at = world.clock.now();
        } else {
            expected.insert(0, session.clone());
        }
        let opened = vec![Event::SessionOpened(session)];
        world.commit_in(seen.workspace_id, opened).await.expect("they belong to it");
    }
    let foreign = vec![Event::SessionOpened(world.session(&stranger, 9))];
    world.commit_in(other, foreign).await.expect("they belong to it");
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = PageRequest { after, limit: 2 };
        let page = world.storage.identities.sessions(world.user.id, world.clock.now(), page).await;
        let page = page.expect("reading works");
        seen.extend(page.items);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, expected);
}

/// The newest use stays, in whatever order uses come; what is gone stays gone.
pub async fn uses_are_noted_and_never_go_back(storage: Storage) {
    let world = World::new(storage).await;
    let session = world.session(&world.user, 1);
    let key = world.api_key(&world.user, 2);
    let opened = vec![Event::SessionOpened(session.clone()), Event::ApiKeyCreated(key.clone())];
    world.done(opened).await;
    let later = world.tick().plus(Duration::from_mins(5));
    let address = Some(IpAddr::from([203, 0, 113, 9]));
    let uses = |at, address| {
        let gone = SessionId::from_uuid(world.ids.uuid());
        let credentials = [
            UsedCredential::Session(gone),
            UsedCredential::Session(session.id),
            UsedCredential::ApiKey(key.id),
        ];
        credentials.map(|credential| CredentialUse { credential, at, address }).to_vec()
    };
    let journal = &world.storage.journal;
    journal.note_uses(uses(later, address)).await.expect("writing works");
    let earlier = later.minus(Duration::from_mins(1));
    journal.note_uses(uses(earlier, Some(IpAddr::from([192, 0, 2, 9])))).await.expect("writing works");
    journal.note_uses(Vec::new()).await.expect("writing works");
    let stored = get(&world, session.id).await;
    assert_eq!(stored, Some(Session { last_used_at: later, last_address: address, ..session }));
    let found = world.storage.identities.api_key_by_hash(key.key_hash).await.expect("reading works");
    assert_eq!(found.and_then(|found| found.api_key.last_used_at), Some(later));
}
