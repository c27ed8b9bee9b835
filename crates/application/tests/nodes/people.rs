//! Links, invitations and owners, on two nodes at once and by the clock.

use std::sync::Arc;
use std::time::Duration;

use application::identities::{CreateUser, Password};
use application::people::{
    ActivateInput, CreatePasswordLink, ForgotPasswordInput, RegisterInput, ResetPasswordInput, UpdateUser,
    VerifyEmailInput, activate, forgot_password, register, reset_password, verify_email,
};
use application::workspaces::{
    AcceptInvitationInput, CreateInvitation, CreateWorkspace, InvitationInput, LeaveWorkspace,
    accept_as_newcomer, look_at_invitation,
};
use application::{Code, Context, Error, Registration};
use async_trait::async_trait;
use domain::ports::{Identities as _, Mail, MailError, Mailer, Workspaces as _};
use domain::{Actor, DisplayName, Email, PageRequest, Role, UserState, WorkspaceName};
use parking_lot::Mutex;
use serde_json::Value;
use testing::fakes::{ManualClock, Noise, ScriptedModel};

use crate::signing_in::{EMAIL, with_password};
use crate::world::{Node, World, visitor, within};

const NEW_PASSWORD: &str = "violet lamp under seven bridges";

/// Keeps what is sent.
#[derive(Default)]
struct Mailbox(Mutex<Vec<Mail>>);

#[async_trait]
impl Mailer for Mailbox {
    async fn send(&self, mail: Mail) -> Result<(), MailError> {
        self.0.lock().push(mail);
        Ok(())
    }
}

impl Mailbox {
    /// The token in the newest mail to somebody.
    async fn token(&self, to: &str) -> String {
        let newest = async || {
            let mails = self.0.lock();
            let mail = mails.iter().rev().find(|mail| mail.to.as_str() == to)?;
            mail.text
                .split_once("#token=")
                .map(|(_, rest)| rest.lines().next().unwrap_or_default().to_owned())
        };
        within(Duration::from_secs(10), newest).await.expect("a mail with a link")
    }
}

fn new_password() -> Password {
    Password::new(NEW_PASSWORD).expect("the password is long enough")
}

fn reset(token: &str) -> ResetPasswordInput {
    ResetPasswordInput { token: token.to_owned(), password: new_password() }
}

/// The field of a result that is a link; its token.
fn token_of(result: &str) -> String {
    let result: Value = serde_json::from_str(result).expect("JSON");
    let link = result["link"].as_str().expect("a link");
    link.split_once("#token=").expect("a token").1.to_owned()
}

async fn password_link(world: &World, node: &Node, user_id: domain::UserId) -> String {
    let made = node.bus.send(&world.context(), CreatePasswordLink { user_id }).await.expect("a link");
    token_of(made.result.get())
}

async fn create(world: &World, node: &Node, email: &str, role: Role, password: Option<Password>) -> Value {
    let command = CreateUser {
        email: Email::new(email).expect("the address is valid"),
        display_name: DisplayName::new(email).expect("the name is valid"),
        role,
        password,
    };
    let made = node.bus.send(&world.context(), command).await.expect("an account");
    serde_json::from_str(made.result.get()).expect("JSON")
}

fn id(value: &Value) -> domain::UserId {
    value["id"].as_str().and_then(|id| id.parse().ok()).expect("an id")
}

fn refused<T>(outcome: Result<T, Error>, slug: &str) {
    let error = outcome.map(|_| ()).expect_err("it is refused");
    assert_eq!(error.problem().slug, slug, "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_link_works_once_on_whichever_node_and_not_after_its_time() {
    for seed in 0..4 {
        let world = World::new(seed, ScriptedModel::answering("Hi")).await;
        let nodes = [world.node(), world.node()];
        let member =
            id(&create(&world, &nodes[0], "bob@example.org", Role::Member, Some(new_password())).await);
        let token = password_link(&world, &nodes[0], member).await;
        world.database.set_noise(Noise { longest: Duration::from_millis(2), ..Noise::default() });
        let visitor = visitor();
        let (first, second) = tokio::join!(
            reset_password(&nodes[0].services, reset(&token), &visitor),
            reset_password(&nodes[1].services, reset(&token), &visitor),
        );
        let outcomes = [first, second];
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
        refused(outcomes.into_iter().find(Result::is_err).expect("one is refused"), "link_invalid");

        let late = password_link(&world, &nodes[0], member).await;
        tokio::time::sleep(Duration::from_mins(61)).await;
        refused(reset_password(&nodes[1].services, reset(&late), &visitor).await, "link_invalid");
    }
}

#[tokio::test(start_paused = true)]
async fn a_link_is_good_for_what_it_was_made_for_and_for_nothing_else() {
    let world = World::new(20, ScriptedModel::answering("Hi")).await;
    let node = world.node();
    let pending = create(&world, &node, "bob@example.org", Role::Member, None).await;
    let token =
        pending["link"].as_str().and_then(|link| link.split_once("#token=")).expect("a link").1.to_owned();
    let visitor = visitor();
    refused(reset_password(&node.services, reset(&token), &visitor).await, "link_invalid");
    let verify = VerifyEmailInput { token: token.clone(), password: None, display_name: None };
    refused(verify_email(&node.services, verify, &visitor).await, "link_invalid");
    refused(
        look_at_invitation(&node.services, InvitationInput { token: token.clone() }, &visitor).await,
        "link_invalid",
    );
    let input = ActivateInput { token, password: new_password(), display_name: None };
    activate(&node.services, input.clone(), &visitor).await.map(|_| ()).expect("the link works");
    refused(activate(&node.services, input, &visitor).await, "link_invalid");
    let user =
        node.storage.user(world.workspace_id, id(&pending)).await.expect("reading works").expect("a user");
    assert_eq!((user.state, user.role), (UserState::Active, Role::Member));
}

#[tokio::test(start_paused = true)]
async fn a_forgotten_password_is_of_no_more_use_to_whoever_read_older_mail() {
    let world = World::new(21, ScriptedModel::answering("Hi")).await;
    let mailbox = Arc::new(Mailbox::default());
    let mailer = mailbox.clone();
    let node = world.node_of(|ports, _| ports.mailer = Some(mailer));
    with_password(&world, &node).await;
    let (visitor, input) = (visitor(), ForgotPasswordInput { email: EMAIL.to_owned() });
    forgot_password(&node.services, input.clone(), &visitor).await.expect("it is taken down");
    let older = mailbox.token(EMAIL).await;
    mailbox.0.lock().clear();
    forgot_password(&node.services, input, &visitor).await.expect("it is taken down");
    let newer = mailbox.token(EMAIL).await;
    let nobody = ForgotPasswordInput { email: "nobody@example.org".to_owned() };
    forgot_password(&node.services, nobody, &visitor).await.expect("it looks the same");
    reset_password(&node.services, reset(&newer), &visitor).await.expect("the link works");
    refused(reset_password(&node.services, reset(&older), &visitor).await, "link_invalid");
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(mailbox.0.lock().iter().all(|mail| mail.to.as_str() == EMAIL));
}

#[tokio::test(start_paused = true)]
async fn whoever_registers_repeats_the_password_and_the_wait_has_an_end() {
    let world = World::new(22, ScriptedModel::answering("Hi")).await;
    let mailbox = Arc::new(Mailbox::default());
    let mailer = mailbox.clone();
    let node = world.node_of(|ports, settings| {
        ports.mailer = Some(mailer);
        settings.identity.registration = Registration::Open;
        settings.identity.approval = true;
    });
    let visitor = visitor();
    let registrant = |email: &str| RegisterInput {
        email: Email::new(email).expect("the address is valid"),
        password: new_password(),
        display_name: DisplayName::new("Bob").expect("the name is valid"),
    };
    let verify = |token: &str, password: &str| VerifyEmailInput {
        token: token.to_owned(),
        password: Some(password.to_owned()),
        display_name: None,
    };
    register(&node.services, registrant("bob@example.org"), &visitor).await.expect("it is taken down");
    let token = mailbox.token("bob@example.org").await;
    refused(
        verify_email(&node.services, verify(&token, "another password"), &visitor).await,
        "invalid_input",
    );
    let verified =
        verify_email(&node.services, verify(&token, NEW_PASSWORD), &visitor).await.expect("it works");
    assert_eq!(verified.state, UserState::Pending, "an administrator agrees first");

    register(&node.services, registrant("carol@example.org"), &visitor).await.expect("it is taken down");
    let late = mailbox.token("carol@example.org").await;
    tokio::time::sleep(Duration::from_hours(73)).await;
    refused(verify_email(&node.services, verify(&late, NEW_PASSWORD), &visitor).await, "link_invalid");
    let users =
        node.storage.users(world.workspace_id, None, PageRequest::first(10)).await.expect("reading works");
    assert_eq!(users.items.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_invitation_lets_one_in_on_whichever_node_and_not_after_its_time() {
    for seed in 0..4 {
        let world = World::new(30 + seed, ScriptedModel::answering("Hi")).await;
        let brief = || world.node_of(|_, settings| settings.identity.invitation_hours = 1);
        let nodes = [brief(), brief()];
        let workspace_id = world.workspace_id;
        let invite = async || {
            let email = Email::new("bob@example.org").expect("the address is valid");
            let command = CreateInvitation { workspace_id, email, role: Role::Member };
            let made = nodes[0].bus.send(&world.context(), command).await.expect("an invitation");
            token_of(made.result.get())
        };
        let accept = |token: &str, name: &str| AcceptInvitationInput {
            token: token.to_owned(),
            password: Some(new_password()),
            display_name: Some(DisplayName::new(name).expect("the name is valid")),
        };
        let visitor = visitor();
        let late = invite().await;
        tokio::time::sleep(Duration::from_hours(2)).await;
        refused(accept_as_newcomer(&nodes[0].services, accept(&late, "Bob"), &visitor).await, "link_invalid");
        let token = invite().await;
        world.database.set_noise(Noise { longest: Duration::from_millis(2), ..Noise::default() });
        let (first, second) = tokio::join!(
            accept_as_newcomer(&nodes[0].services, accept(&token, "Bob"), &visitor),
            accept_as_newcomer(&nodes[1].services, accept(&token, "Robert"), &visitor),
        );
        let outcomes = [first.map(|_| ()), second.map(|_| ())];
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
        let members = nodes[0].storage.users(workspace_id, None, PageRequest::first(10)).await;
        assert_eq!(members.expect("reading works").items.len(), 2);
        let left = nodes[0].storage.invitations(workspace_id, PageRequest::first(10)).await;
        assert_eq!(left.expect("reading works").items.len(), 1, "the late one alone");
    }
}

#[tokio::test(start_paused = true)]
async fn of_two_owners_whom_two_nodes_take_down_at_once_one_stays() {
    for seed in 0..4 {
        let world = World::new(40 + seed, ScriptedModel::answering("Hi")).await;
        let nodes = [world.node(), world.node()];
        let second =
            id(&create(&world, &nodes[0], "bob@example.org", Role::Owner, Some(new_password())).await);
        let third =
            id(&create(&world, &nodes[0], "carol@example.org", Role::Owner, Some(new_password())).await);
        let down = |user_id| UpdateUser {
            user_id,
            expected_version: None,
            display_name: None,
            role: Some(Role::Member),
            state: None,
        };
        nodes[0].bus.send(&world.context(), down(third)).await.expect("two are left");
        world.database.set_noise(Noise { longest: Duration::from_millis(2), ..Noise::default() });
        let context = world.context();
        let (one, other) = tokio::join!(
            nodes[0].bus.send(&context, down(second)),
            nodes[1].bus.send(&context, down(world.user.id)),
        );
        let outcomes = [one.map(|_| ()), other.map(|_| ())];
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
        let refused = outcomes.into_iter().find_map(Result::err).expect("one is refused");
        assert_eq!(refused.code(), Code::Conflict, "{refused}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_only_owner_stays_whatever_role_is_remembered_of_them() {
    let world = World::new(71, ScriptedModel::answering("Hi")).await;
    let node = world.node();
    found(&world, &node, "Second").await;
    let remembered = Actor { role: Role::Member, ..Actor::clone(&world.actor()) };
    let context = Context::new(Arc::new(remembered), "request".into(), None);
    let leave = LeaveWorkspace { workspace_id: world.workspace_id };
    refused(node.bus.send(&context, leave).await, "rejected");
    let still = node.storage.user(world.workspace_id, world.user.id).await.expect("reading works");
    assert_eq!(still, Some(world.user.clone()));
}

#[tokio::test(start_paused = true)]
async fn the_first_workspace_stays_the_first_whatever_clocks_say() {
    let world = World::new(72, ScriptedModel::answering("Hi")).await;
    let behind = ManualClock::at(world.user.created_at.minus(Duration::from_hours(1)));
    let node = world.node_of(|ports, _| ports.clock = Arc::new(behind));
    found(&world, &node, "Second").await;
    found(&world, &node, "Third").await;
    let all = node.storage.workspaces_of(world.user.id).await.expect("reading works");
    assert_eq!(all.len(), 3);
    let first = node.storage.first_workspace().await.expect("reading works");
    assert_eq!(first.map(|first| first.id), Some(world.workspace_id));
}

async fn found(world: &World, node: &Node, name: &str) {
    let further = CreateWorkspace { name: WorkspaceName::new(name).expect("the name is valid") };
    node.bus.send(&world.context(), further).await.expect("a workspace");
}
