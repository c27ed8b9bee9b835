//! What the audit log must do.

use std::time::Duration;

use domain::ports::{AuditFilter, Ids, StorageError};
use domain::{
    AuditEntry, Credential, Event, PageRequest, SessionId, SignInFailure, UnitOfWork, User, UserId,
    WorkspaceId,
};
use futures_util::future::join_all;
use storage::audit::Check;

use super::{Storage, World};
use crate::assert_refused;

async fn chain(world: &World, workspace_id: WorkspaceId) -> Vec<AuditEntry> {
    let (mut entries, mut after): (Vec<AuditEntry>, u64) = (Vec::new(), 0);
    loop {
        let page = world.storage.audit.audit_chain(workspace_id, after, 7).await.expect("reading works");
        let Some(last) = page.last() else { return entries };
        after = last.sequence;
        entries.extend(page);
    }
}

async fn found(world: &World, filter: &AuditFilter) -> Vec<String> {
    let (mut names, mut after) = (Vec::new(), None);
    loop {
        let page = PageRequest { after, limit: 3 };
        let page = world.storage.audit.audit_entries(world.workspace_id, filter.clone(), page).await;
        let page = page.expect("reading works");
        names.extend(page.items.into_iter().map(|entry| entry.record.name));
        after = page.next;
        if after.is_none() {
            return names;
        }
    }
}

fn failed(user_id: Option<UserId>) -> Event {
    Event::SignInFailed { user_id, reason: SignInFailure::WrongPassword }
}

/// However many write at once, the entries of each workspace hang together without a gap, and its head names the last.
pub async fn the_chain_never_breaks(storage: Storage) {
    let world = World::new(storage).await;
    let (other, stranger) = world.neighbour().await;
    let taken = world.conversation("Taken").await;
    let writers = (0..40_u8).map(|number| {
        let (world, taken, stranger) = (&world, &taken, &stranger);
        async move {
            let mine = vec![Event::SessionOpened(world.session(&world.user, number)), failed(None)];
            world.commit(mine).await.expect("it is in order");
            let theirs = vec![Event::SessionOpened(world.session(stranger, 100 + number))];
            world.commit_in(other, theirs).await.expect("it is in order");
            let refused = vec![failed(Some(world.user.id)), Event::ConversationCreated(taken.clone())];
            assert_refused!(world.commit(refused).await, StorageError::Rejected(_));
        }
    });
    join_all(writers).await;
    let heads = world.storage.audit.audit_heads().await.expect("reading works");
    for (workspace_id, count) in [(world.workspace_id, 2 + 80), (other, 2 + 40)] {
        let entries = chain(&world, workspace_id).await;
        assert_eq!(entries.len(), count);
        assert!(entries.iter().all(|entry| entry.workspace_id == workspace_id));
        let last = entries.last().expect("there are entries");
        let mut check = Check::default();
        check.follow(&entries);
        assert_eq!(check.end(last.sequence, &last.hash), None);
        let head = heads.iter().find(|(id, ..)| *id == workspace_id);
        assert_eq!(head, Some(&(workspace_id, last.sequence, last.hash)));
    }
    let reasons = chain(&world, world.workspace_id).await;
    assert!(
        reasons.iter().all(
            |entry| entry.record.user_id != Some(world.user.id) || entry.record.name != "session.refused"
        )
    );
}

/// An entry says who did what, with what, from where, to whom.
pub async fn an_entry_tells_who_did_what(storage: Storage) {
    let world = World::new(storage).await;
    let colleague = world.colleague("bob@example.org").await;
    let session = world.session(&colleague, 1);
    let session_id = SessionId::from_uuid(world.ids.uuid());
    let mut unit = world.unit(vec![Event::SessionOpened(session.clone())]);
    unit.origin.credential = Credential::Session(session_id);
    world.storage.journal.commit(unit.clone()).await.expect("it is in order");
    let mut bare = world.unit(vec![failed(None)]);
    bare.origin.user_id = None;
    bare.origin.request_id = None;
    bare.origin.address = None;
    world.storage.journal.commit(bare).await.expect("it is in order");
    let entries = chain(&world, world.workspace_id).await;
    let [.., entry, last] = entries.as_slice() else { panic!("both are kept: {entries:?}") };
    let record = &entry.record;
    assert_eq!((record.name.as_str(), record.at), ("session.opened", unit.at));
    assert_eq!((record.actor_id, record.user_id), (Some(world.user.id), Some(colleague.id)));
    assert_eq!(record.credential, "session");
    assert_eq!(record.credential_id, Some(session_id.uuid()));
    assert_eq!((record.address, record.request_id.as_deref()), (unit.origin.address, Some("request-1")));
    assert_eq!(record.subject_id, Some(session.id.uuid()));
    assert!(record.detail.contains("Firefox on Linux"), "{}", record.detail);
    let record = &last.record;
    assert_eq!((record.actor_id, record.address, record.request_id.as_deref()), (None, None, None));
    assert_eq!((record.user_id, record.subject_id, record.credential_id), (None, None, None));
    assert!(record.detail.contains("wrong_password"), "{}", record.detail);
}

/// Filters narrow the log alone and together, and only a star at the end of a name stands for anything.
pub async fn entries_are_found_by_name_person_and_time(storage: Storage) {
    let world = World::new(storage).await;
    let colleague = world.colleague("bob@example.org").await;
    let start = world.tick();
    let mut unit = world.unit(vec![failed(Some(world.user.id))]);
    unit.origin.user_id = Some(colleague.id);
    world.storage.journal.commit(unit).await.expect("it is in order");
    let middle = world.tick();
    world.done(vec![Event::SessionOpened(world.session(&colleague, 1))]).await;
    world.done(vec![Event::DataExported { user_id: world.user.id }]).await;
    let end = world.tick();
    let unit = UnitOfWork { at: end, ..world.unit(vec![failed(None)]) };
    world.storage.journal.commit(unit).await.expect("it is in order");
    let all = AuditFilter::default();
    let named = |name: &str| AuditFilter { name: Some(name.to_owned()), ..AuditFilter::default() };
    let of = |user_id| AuditFilter { user_id: Some(user_id), ..AuditFilter::default() };
    let nobody = UserId::from_uuid(world.ids.uuid());
    let (refused, opened, exported) = ("session.refused", "session.opened", "data.exported");
    let (created, founded) = ("user.created", "workspace.created");
    for (filter, expected) in [
        (all, vec![refused, exported, opened, refused, created, created, founded]),
        (named(opened), vec![opened]),
        (named("session.*"), vec![refused, opened, refused]),
        (named("*"), vec![refused, exported, opened, refused, created, created, founded]),
        (named("session"), vec![]),
        (named("session_*"), vec![]),
        (named("%"), vec![]),
        (named("%*"), vec![]),
        (named("session.%"), vec![]),
        (named("SESSION.*"), vec![]),
        (named("s*d"), vec![]),
        (named("session.*\\"), vec![]),
        (named("' OR 1=1 --*"), vec![]),
        (of(colleague.id), vec![opened, refused, created]),
        (of(nobody), vec![]),
        (AuditFilter { name: Some("user.*".to_owned()), ..of(colleague.id) }, vec![created]),
        (AuditFilter { since: Some(middle), ..AuditFilter::default() }, vec![refused, exported, opened]),
        (
            AuditFilter { since: Some(start), until: Some(end), ..AuditFilter::default() },
            vec![exported, opened, refused],
        ),
        (AuditFilter { until: Some(middle), ..of(colleague.id) }, vec![refused, created]),
        (
            AuditFilter {
                name: Some("session.*".to_owned()),
                user_id: Some(colleague.id),
                since: Some(start.minus(Duration::from_secs(1))),
                until: Some(middle),
            },
            vec![refused],
        ),
    ] {
        assert_eq!(found(&world, &filter).await, expected, "{filter:?}");
    }
}

/// The log of another workspace has nothing to say, not even about a person who belongs to both.
pub async fn entries_stay_in_their_workspace(storage: Storage) {
    let world = World::new(storage).await;
    let (other, stranger) = world.neighbour().await;
    let there: User = world.join(other, &world.user).await;
    let opened = vec![Event::SessionOpened(world.session(&there, 1))];
    world.commit_in(other, opened).await.expect("they belong to it");
    let filter = AuditFilter { name: Some("session.*".to_owned()), ..AuditFilter::default() };
    assert_eq!(found(&world, &filter).await, [""; 0]);
    let filter = AuditFilter { user_id: Some(stranger.id), ..AuditFilter::default() };
    assert_eq!(found(&world, &filter).await, [""; 0]);
    let nowhere = WorkspaceId::from_uuid(world.ids.uuid());
    assert_eq!(chain(&world, nowhere).await, []);
    assert_eq!(chain(&world, other).await.len(), 4);
    assert_eq!(chain(&world, world.workspace_id).await.len(), 2);
}
