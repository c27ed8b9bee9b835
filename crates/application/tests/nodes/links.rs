//! What a link shows, to whom, and until when.

use std::time::Duration;

use application::Code;
use application::conversations::DeleteConversation;
use application::messages::SendMessage;
use application::shares::{CreateShare, ListShares, RevokeShare, open_share};
use domain::ports::{Identities as _, Ids as _, Journal as _};
use domain::{
    Event, Membership, ShareId, User, UserChange, UserState, Version, Workspace, WorkspaceId, WorkspaceName,
};
use serde_json::{Value, json};

use crate::sharing::{People, code, command, id, result, shared};
use crate::world::Node;

#[tokio::test(start_paused = true)]
async fn a_link_shows_one_branch_to_whoever_has_its_secret() {
    let people = People::new().await;
    let node = people.world.node();
    let shared = shared(&people, &node).await;
    let make =
        |kind: &str| command::<CreateShare>(json!({ "conversation_id": shared.conversation, "kind": kind }));
    let live = result(node.bus.send(&people.owner, make("live")).await);
    let snapshot = result(node.bus.send(&people.owner, make("snapshot")).await);
    let open = async |share: &Value, token: &str| {
        let shown = open_share(&node.services, id(&share["id"]), token, None).await;
        shown.map(|shown| serde_json::to_value(shown).expect("JSON"))
    };
    let token = |share: &Value| share["token"].as_str().expect("a token").to_owned();
    let before = open(&live, &token(&live)).await.expect("it is shown");
    assert_eq!(before["messages"].as_array().map(Vec::len), Some(2));
    assert_eq!(before["messages"][0]["parts"][0]["text"], "Which soil?");
    let mut fields: Vec<&str> =
        before["messages"][1].as_object().expect("an object").keys().map(String::as_str).collect();
    fields.sort_unstable();
    assert_eq!(fields, ["created_at", "model", "parts", "role"]);
    let text = before.to_string();
    for hidden in [&shared.conversation.to_string(), &shared.answer.to_string(), "example.org"] {
        assert!(!text.contains(hidden), "{hidden} is shown in {text}");
    }

    let more = command::<SendMessage>(
        json!({ "conversation_id": shared.conversation, "text": "And water?", "reply": false }),
    );
    result(node.bus.send(&people.owner, more).await);
    let (now, then) = (
        open(&live, &token(&live)).await.expect("live"),
        open(&snapshot, &token(&snapshot)).await.expect("kept"),
    );
    assert_eq!(now["messages"].as_array().map(Vec::len), Some(3));
    assert_eq!(then["messages"].as_array().map(Vec::len), Some(2));

    for (share, wrong) in [(&live, token(&snapshot)), (&live, String::new()), (&snapshot, "x".repeat(10_000))]
    {
        assert_eq!(code(open(share, &wrong).await), Some(Code::NotFound));
    }
    let nothing: ShareId = id(&json!("0192f000-0000-7000-8000-000000000000"));
    assert_eq!(code(open_share(&node.services, nothing, &token(&live), None).await), Some(Code::NotFound));
    for who in [&people.writer, &people.stranger, &people.elsewhere] {
        let revoke = command::<RevokeShare>(json!({ "share_id": live["id"] }));
        assert_eq!(code(node.bus.send(who, revoke).await), Some(Code::NotFound));
    }
    let revoke = command::<RevokeShare>(json!({ "share_id": live["id"] }));
    result(node.bus.send(&people.owner, revoke).await);
    assert_eq!(code(open(&live, &token(&live)).await), Some(Code::NotFound));
    let delete = command::<DeleteConversation>(json!({ "conversation_id": shared.conversation }));
    result(node.bus.send(&people.owner, delete).await);
    assert_eq!(code(open(&snapshot, &token(&snapshot)).await), Some(Code::NotFound));
}

#[tokio::test(start_paused = true)]
async fn a_link_ends_when_it_expires_and_while_links_are_not_allowed() {
    let people = People::new().await;
    let node = people.world.node();
    let strict = people.world.node_of(|_, settings| settings.identity.link_sharing = false);
    let shared = shared(&people, &node).await;
    let at = node.services.ports.clock.now();
    let make = |expires_at| {
        let conversation_id = shared.conversation;
        command::<CreateShare>(
            json!({ "conversation_id": conversation_id, "kind": "live", "expires_at": expires_at }),
        )
    };
    assert_eq!(code(node.bus.send(&people.owner, make(at)).await), Some(Code::InvalidInput));
    let later = at.plus(Duration::from_mins(1));
    assert_eq!(code(strict.bus.send(&people.owner, make(later)).await), Some(Code::Forbidden));
    let share = result(node.bus.send(&people.owner, make(later)).await);
    let (share_id, token): (ShareId, _) = (id(&share["id"]), share["token"].as_str().expect("a token"));
    let open = async |node: &Node| code(open_share(&node.services, share_id, token, None).await);
    assert_eq!(open(&node).await, None);
    assert_eq!(open(&strict).await, Some(Code::NotFound));
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(open(&node).await, Some(Code::NotFound));
    let listed = node.bus.ask(&people.owner, ListShares { conversation_id: shared.conversation }).await;
    assert_eq!(listed.expect("a list").len(), 1, "expired ones are shown to their maker");
}

#[tokio::test(start_paused = true)]
async fn a_link_leads_nowhere_while_its_maker_is_away() {
    let people = People::new().await;
    let node = people.world.node();
    let shared = shared(&people, &node).await;
    let mut links = Vec::new();
    for kind in ["live", "snapshot"] {
        let make = json!({ "conversation_id": shared.conversation, "kind": kind });
        let share = result(node.bus.send(&people.owner, command::<CreateShare>(make)).await);
        links.push((id::<ShareId>(&share["id"]), share["token"].as_str().expect("a token").to_owned()));
    }
    let User { id: user_id, role, created_at, .. } = people.world.user;
    let workspace_id = people.world.workspace_id;
    let there = Membership { workspace_id, user_id, role, created_at };
    // Nobody leaves the only workspace that they belong to.
    let id = WorkspaceId::from_uuid(people.world.ids.uuid());
    let name = WorkspaceName::new("Elsewhere").expect("a name");
    let elsewhere = Workspace { id, name, version: Version::FIRST, created_at };
    let joined = Membership { workspace_id: id, ..there.clone() };
    let mut unit = people.world.unit(vec![Event::WorkspaceCreated(elsewhere), Event::MemberAdded(joined)]);
    unit.workspace_id = id;
    node.storage.commit(unit).await.expect("it is founded");

    let state = async |state: UserState, change: UserChange| {
        let user = node.storage.user(workspace_id, user_id).await.expect("reading works").expect("a member");
        Event::UserUpdated { user: User { state, version: user.version.next(), ..user }, change }
    };
    for (step, expected) in [(0, Some(Code::NotFound)), (1, None), (2, Some(Code::NotFound)), (3, None)] {
        let event = match step {
            0 => Event::MemberRemoved(there.clone()),
            1 => Event::MemberAdded(there.clone()),
            2 => state(UserState::Suspended, UserChange::Suspended).await,
            _ => state(UserState::Active, UserChange::Activated).await,
        };
        let name = event.name();
        node.storage.commit(people.world.unit(vec![event])).await.expect("the event is in order");
        for (share_id, token) in &links {
            let outcome = code(open_share(&node.services, *share_id, token, None).await);
            assert_eq!(outcome, expected, "after {name}");
        }
    }
}
