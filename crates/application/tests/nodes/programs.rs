//! Programs: refresh tokens that are replaced at each use, and access tokens that any node accepts.

use std::sync::Arc;
use std::time::Duration;

use application::events::Inbox;
use application::identities::{
    ProgramSignInInput, ProgramTokens, Proof, RefreshInput, SignInInput, SwitchWorkspace, refresh, sign_in,
    sign_in_program,
};
use application::keyring::{RootKey, RootKeys};
use application::{Code, Context, Error};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::ports::Journal as _;
use domain::{
    Actor, Credential, Event, KeyPurpose, Membership, Role, User, UserChange, UserState, Version, Workspace,
    WorkspaceId, WorkspaceName,
};
use testing::fakes::{Noise, ScriptedModel};
use tokio::sync::Notify;

use crate::signing_in::{EMAIL, PASSWORD, with_password};
use crate::world::{Node, World, visitor};

async fn signed_in(node: &Node) -> ProgramTokens {
    let input = ProgramSignInInput {
        email: EMAIL.to_owned(),
        password: PASSWORD.to_owned(),
        code: None,
        device: None,
    };
    sign_in_program(&node.services, input, &visitor()).await.expect("the password is right").tokens
}

async fn renewed(node: &Node, refresh_token: &str) -> Result<ProgramTokens, Error> {
    refresh(&node.services, RefreshInput { refresh_token: refresh_token.to_owned() }, &visitor()).await
}

async fn accepted(node: &Node, token: &str) -> Option<Arc<Actor>> {
    node.services.authenticator.authenticate(&node.services, Proof::Bearer(token)).await.ok()
}

async fn is_refused(node: &Node, refresh_token: &str) -> bool {
    match renewed(node, refresh_token).await {
        Ok(_) => false,
        Err(error) => {
            assert_eq!(error.problem().slug, "invalid_refresh_token", "{error}");
            assert_eq!(error.code(), Code::Unauthenticated);
            true
        }
    }
}

#[tokio::test(start_paused = true)]
async fn tokens_of_one_node_work_on_the_other_and_are_renewed_there() {
    let world = World::new(40, ScriptedModel::answering("Hi")).await;
    let (here, there) = (world.node(), world.node());
    with_password(&world, &here).await;
    let first = signed_in(&here).await;
    assert_eq!(first.expires_in, 600);
    let actor = accepted(&there, &first.access_token).await.expect("it counts everywhere");
    assert_eq!((actor.user_id, actor.workspace_id), (world.user.id, world.workspace_id));
    assert!(matches!(actor.credential, Credential::Session(_)));
    assert!(actor.expires_at.is_some());

    let second = renewed(&there, &first.refresh_token).await.expect("it is the present one");
    assert_ne!(second.refresh_token, first.refresh_token);
    for token in [&first.access_token, &second.access_token] {
        let again = accepted(&here, token).await.expect("both count until they expire");
        assert_eq!(again.credential, actor.credential, "it is the same session");
    }
    tokio::time::sleep(Duration::from_secs(601)).await;
    assert!(
        accepted(&here, &first.access_token).await.is_none()
            && accepted(&there, &second.access_token).await.is_none()
    );
    let third = renewed(&here, &second.refresh_token).await.expect("it is the present one");
    assert!(accepted(&there, &third.access_token).await.is_some());
}

#[tokio::test(start_paused = true)]
async fn two_tabs_that_refresh_at_once_both_go_on_whichever_node_they_ask() {
    for seed in 0..16 {
        let world = World::new(seed, ScriptedModel::answering("Hi")).await;
        let (here, there) = (world.node(), world.node());
        with_password(&world, &here).await;
        let tokens = signed_in(&here).await;
        world.database.set_noise(Noise { longest: Duration::from_millis(20), ..Noise::default() });
        let token = &tokens.refresh_token;
        let (a, b, c) = tokio::join!(renewed(&here, token), renewed(&there, token), renewed(&there, token));
        let given = [a, b, c].map(|outcome| outcome.expect("all survive"));
        assert!(
            given.iter().all(|next| next.refresh_token == given[0].refresh_token),
            "one family, one token"
        );
        assert_ne!(&given[0].refresh_token, token);
        tokio::time::sleep(Duration::from_secs(9)).await;
        renewed(&here, token).await.expect("whoever comes within ten seconds does, too");
        tokio::time::sleep(Duration::from_secs(30)).await;
        let next = renewed(&there, &given[0].refresh_token).await.expect("the session goes on");
        assert!(accepted(&here, &next.access_token).await.is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn a_refresh_token_that_comes_back_ends_the_session_everywhere() {
    let world = World::new(41, ScriptedModel::answering("Hi")).await;
    let (here, there) = (world.node(), world.node());
    with_password(&world, &here).await;
    let (stolen, spared) = (signed_in(&here).await, signed_in(&here).await);
    let next = renewed(&here, &stolen.refresh_token).await.expect("it is the present one");
    let actor = accepted(&there, &next.access_token).await.expect("it counts");
    let inbox = Inbox::new(Arc::new(Notify::new()));
    let _watch = there.services.watches.watch(&actor, &inbox);

    tokio::time::sleep(Duration::from_secs(11)).await;
    assert!(is_refused(&here, &stolen.refresh_token).await);
    assert!(accepted(&here, &next.access_token).await.is_none(), "here at once");
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(inbox.has_ended() && accepted(&there, &next.access_token).await.is_none(), "there soon");
    for token in [&stolen.refresh_token, &next.refresh_token] {
        assert!(is_refused(&here, token).await && is_refused(&there, token).await);
    }
    assert!(renewed(&there, &spared.refresh_token).await.is_ok(), "another session goes on");
}

#[tokio::test(start_paused = true)]
async fn a_token_two_generations_old_ends_the_session_even_within_ten_seconds() {
    let world = World::new(42, ScriptedModel::answering("Hi")).await;
    let node = world.node();
    with_password(&world, &node).await;
    let first = signed_in(&node).await;
    let second = renewed(&node, &first.refresh_token).await.expect("it is the present one");
    let third = renewed(&node, &second.refresh_token).await.expect("it is the present one");
    assert!(is_refused(&node, &first.refresh_token).await);
    assert!(
        is_refused(&node, &third.refresh_token).await && accepted(&node, &third.access_token).await.is_none()
    );
}

#[tokio::test(start_paused = true)]
async fn a_refresh_token_that_was_made_up_does_nothing_at_all() {
    let world = World::new(43, ScriptedModel::answering("Hi")).await;
    let node = world.node();
    with_password(&world, &node).await;
    let tokens = signed_in(&node).await;
    let good = &tokens.refresh_token;
    let bytes = URL_SAFE_NO_PAD.decode(&good[4..]).expect("base64");
    let mut wrong = vec![
        String::new(),
        "clr_".to_owned(),
        good[4..].to_owned(),
        good.to_uppercase(),
        format!("{good}A"),
        format!("{good}{good}"),
        format!(" {good}"),
        good[..good.len() - 1].to_owned(),
        tokens.access_token.clone(),
        "clr_!".to_owned(),
    ];
    for place in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        wrong.push(format!("clr_{}", URL_SAFE_NO_PAD.encode(changed)));
    }
    for token in &wrong {
        assert!(is_refused(&node, token).await, "{token}");
    }
    assert!(accepted(&node, &tokens.access_token).await.is_some());
    assert!(renewed(&node, good).await.is_ok(), "nobody can end a session by guessing");
}

#[tokio::test(start_paused = true)]
async fn what_is_good_in_one_way_is_nothing_in_another() {
    let world = World::new(44, ScriptedModel::answering("Hi")).await;
    let node = world.node();
    with_password(&world, &node).await;
    let tokens = signed_in(&node).await;
    let input = SignInInput { email: EMAIL.to_owned(), password: PASSWORD.to_owned(), code: None };
    let cookie = sign_in(&node.services, input, &visitor()).await.expect("the password is right").token;
    let authenticator = &node.services.authenticator;
    // Twice, because what was accepted is remembered for a moment.
    for _ in 0..2 {
        assert!(authenticator.authenticate(&node.services, Proof::Cookie(&cookie)).await.is_ok());
        assert!(
            authenticator.authenticate(&node.services, Proof::Bearer(&tokens.access_token)).await.is_ok()
        );
        for proof in [
            Proof::Bearer(&cookie),
            Proof::Bearer(&tokens.refresh_token),
            Proof::Cookie(&tokens.access_token),
            Proof::Cookie(&tokens.refresh_token),
        ] {
            assert!(authenticator.authenticate(&node.services, proof).await.is_err());
        }
        assert!(is_refused(&node, &tokens.access_token).await && is_refused(&node, &cookie).await);
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_signing_key_is_learned_by_the_other_node_and_the_old_one_still_counts() {
    let world = World::new(45, ScriptedModel::answering("Hi")).await;
    let (here, there) = (world.node(), world.node());
    with_password(&world, &here).await;
    let before = signed_in(&here).await;
    let roots = RootKeys { current: RootKey::from_secret("the tests' own secret"), previous: Vec::new() };
    let ports = &here.services.ports;
    let key = roots.fresh(KeyPurpose::Signing, &*ports.clock, &*ports.ids);
    let kid = key.id.to_string();
    let rotated = Event::SecretKeysRotated { rewrapped: Vec::new(), replaced: vec![key] };
    here.storage.commit(world.unit(vec![rotated])).await.expect("the key is in order");
    here.services.keyring.refresh().await.expect("the keys are in order");
    let after = signed_in(&here).await;
    let header =
        URL_SAFE_NO_PAD.decode(after.access_token.split('.').next().expect("a header")).expect("base64");
    assert!(String::from_utf8(header).expect("JSON").contains(&kid), "the new key signs");
    for node in [&here, &there] {
        for token in [&before.access_token, &after.access_token] {
            assert!(accepted(node, token).await.is_some());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn clocks_that_are_an_hour_off_change_nothing() {
    for (ahead_here, ahead_there) in [(0, 1), (1, 0)] {
        let world = World::new(46, ScriptedModel::answering("Hi")).await;
        let hours = Duration::from_hours;
        let (here, there) = (world.node_with(hours(ahead_here)), world.node_with(hours(ahead_there)));
        // Until both have looked at the clock that they share.
        tokio::time::sleep(Duration::from_secs(5)).await;
        with_password(&world, &here).await;
        let first = signed_in(&here).await;
        assert!(accepted(&here, &first.access_token).await.is_some());
        assert!(accepted(&there, &first.access_token).await.is_some());
        let second = renewed(&there, &first.refresh_token).await.expect("it is the present one");
        let again = renewed(&here, &first.refresh_token).await.expect("two tabs survive");
        assert_eq!(again.refresh_token, second.refresh_token);
        tokio::time::sleep(Duration::from_secs(595)).await;
        assert!(accepted(&here, &first.access_token).await.is_some());
        tokio::time::sleep(Duration::from_secs(6)).await;
        for node in [&here, &there] {
            assert!(accepted(node, &first.access_token).await.is_none());
        }
        assert!(is_refused(&there, &first.refresh_token).await, "used again too late");
    }
}

#[tokio::test(start_paused = true)]
async fn a_suspended_person_renews_nothing() {
    let world = World::new(47, ScriptedModel::answering("Hi")).await;
    let node = world.node();
    let user = with_password(&world, &node).await;
    let tokens = signed_in(&node).await;
    let user = User { state: UserState::Suspended, version: user.version.next(), ..user };
    let suspended = Event::UserUpdated { user, change: UserChange::Suspended };
    node.storage.commit(world.unit(vec![suspended])).await.expect("the account is in order");
    assert!(accepted(&node, &tokens.access_token).await.is_none());
    assert!(is_refused(&node, &tokens.refresh_token).await);
}

#[tokio::test(start_paused = true)]
async fn a_program_that_switches_gets_tokens_of_the_other_workspace() {
    let world = World::new(48, ScriptedModel::answering("Hi")).await;
    let node = world.node();
    with_password(&world, &node).await;
    let second = WorkspaceId::from_uuid(uuid::Uuid::from_u128(77));
    let at = node.services.ports.clock.now();
    let mut unit = world.unit(vec![
        Event::WorkspaceCreated(Workspace {
            id: second,
            name: WorkspaceName::new("Second").expect("the name is valid"),
            version: Version::FIRST,
            created_at: at,
        }),
        Event::MemberAdded(Membership {
            workspace_id: second,
            user_id: world.user.id,
            role: Role::Viewer,
            created_at: at,
        }),
    ]);
    unit.workspace_id = second;
    node.storage.commit(unit).await.expect("the workspace is in order");
    let tokens = signed_in(&node).await;
    let actor = accepted(&node, &tokens.access_token).await.expect("it counts");
    let context = Context::new(actor, "request".into(), None);
    node.bus.send(&context, SwitchWorkspace { workspace_id: second }).await.expect("they belong there");
    assert!(accepted(&node, &tokens.access_token).await.is_none(), "a token is of one workspace");
    let next = renewed(&node, &tokens.refresh_token).await.expect("the session goes on");
    let actor = accepted(&node, &next.access_token).await.expect("it counts");
    assert_eq!((actor.workspace_id, actor.role), (second, Role::Viewer));
}
