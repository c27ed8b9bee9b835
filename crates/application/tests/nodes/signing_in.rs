//! Signing in: what is written down, what is renewed, and how often it may be tried.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use application::identities::{
    BeginTotp, EnableTotp, ListSessions, Password, Proof, SignInInput, SignedIn, Visitor, sign_in,
};
use application::people::{ChangePassword, UpdateMe};
use application::{Code, Context, Error, PageInput};
use domain::ports::{AuditFilter, AuditLog as _, Identities as _, Journal as _};
use domain::{AuditRecord, DeviceName, DisplayName, Event, PageRequest, User, UserChange, UserState};
use serde_json::Value;
use testing::fakes::{CountingRateLimiter, ScriptedModel};
use totp_rs::{Builder, Secret};

use crate::world::{Node, World, visitor};

pub const EMAIL: &str = "ada@example.org";
pub const PASSWORD: &str = "correct horse battery staple";

/// Gives the person a password.
pub async fn with_password(world: &World, node: &Node) -> User {
    let password = Password::new(PASSWORD).expect("the password is long enough");
    let hash = node.services.passwords.hash(&password).await.expect("a hash");
    let user = User { password_hash: Some(hash), version: world.user.version.next(), ..world.user.clone() };
    commit(world, node, Event::UserUpdated { user: user.clone(), change: UserChange::Password }).await;
    user
}

async fn commit(world: &World, node: &Node, event: Event) {
    node.storage.commit(world.unit(vec![event])).await.expect("the event is in order");
}

async fn attempt(node: &Node, email: &str, password: &str, visitor: &Visitor) -> Result<SignedIn, Error> {
    let input = SignInInput { email: email.to_owned(), password: password.to_owned(), code: None };
    sign_in(&node.services, input, visitor).await
}

fn from(address: IpAddr) -> Visitor {
    Visitor { address: Some(address), ..visitor() }
}

async fn audited(world: &World, node: &Node, name: &str) -> Vec<AuditRecord> {
    let filter = AuditFilter { name: Some(name.to_owned()), ..AuditFilter::default() };
    let page = PageRequest { limit: 100, after: None };
    let found = node.storage.audit_entries(world.workspace_id, filter, page).await.expect("reading works");
    found.items.into_iter().map(|entry| entry.record).collect()
}

#[tokio::test(start_paused = true)]
async fn who_is_not_let_in_is_written_down_and_told_nothing() {
    let world = World::new(60, ScriptedModel::answering("Hi")).await;
    let node = world.node();
    let user = with_password(&world, &node).await;
    let suspended = User { state: UserState::Suspended, version: user.version.next(), ..user.clone() };
    let stranger = from(IpAddr::V4(Ipv4Addr::new(203, 0, 113, 9)));
    let mut told = Vec::new();
    told.push(attempt(&node, "eve@example.org", "my secret address", &stranger).await.err());
    told.push(attempt(&node, "my secret password", PASSWORD, &stranger).await.err());
    told.push(attempt(&node, EMAIL, "a wrong password", &stranger).await.err());
    commit(&world, &node, Event::UserUpdated { user: suspended.clone(), change: UserChange::Suspended })
        .await;
    told.push(attempt(&node, EMAIL, PASSWORD, &stranger).await.err());
    let pending = User { state: UserState::Pending, version: suspended.version.next(), ..suspended };
    commit(&world, &node, Event::UserUpdated { user: pending, change: UserChange::Profile }).await;
    // Whoever knows the password of an account that waits is its person, and learns what they wait for.
    let waits = attempt(&node, EMAIL, PASSWORD, &stranger).await.err().expect("nobody is let in");
    assert_eq!((waits.code(), waits.problem().slug), (Code::Forbidden, "account_pending"));
    for error in &told {
        let error = error.as_ref().expect("nobody is let in");
        assert_eq!(error.code(), Code::Unauthenticated);
        assert_eq!(Some(error.problem()), told[0].as_ref().map(Error::problem), "all look the same");
    }

    let mut written = audited(&world, &node, "session.refused").await;
    written.reverse();
    let about: Vec<_> = written.iter().map(|record| record.user_id).collect();
    assert_eq!(about, [None, None, Some(user.id), Some(user.id), Some(user.id)]);
    for (record, reason) in written.iter().zip([
        "unknown_account",
        "unknown_account",
        "wrong_password",
        "not_active",
        "not_active",
    ]) {
        assert!(record.detail.contains(reason), "{reason}: {}", record.detail);
        assert_eq!((record.actor_id, record.address), (None, stranger.address));
        let everything = format!("{record:?}");
        assert!(!everything.contains("secret") && !everything.contains("eve@"), "{everything}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_password_is_hashed_anew_when_the_settings_have_changed() {
    let world = World::new(61, ScriptedModel::answering("Hi")).await;
    let before = world.node();
    let user = with_password(&world, &before).await;
    let after = world.node_of(|_, settings| settings.argon2_passes = 2);
    let stored = async || {
        let found = after.services.ports.identities.user(world.workspace_id, user.id).await;
        found.expect("reading works").expect("the account is stored")
    };
    attempt(&before, EMAIL, PASSWORD, &visitor()).await.expect("the password is right");
    assert_eq!(stored().await.password_hash, user.password_hash);
    attempt(&after, EMAIL, "a wrong password", &visitor()).await.err().expect("it is wrong");
    assert_eq!(stored().await.password_hash, user.password_hash);
    let (here, there) = (from(Ipv4Addr::LOCALHOST.into()), from(Ipv6Addr::LOCALHOST.into()));
    let (one, other) =
        tokio::join!(attempt(&after, EMAIL, PASSWORD, &here), attempt(&after, EMAIL, PASSWORD, &there),);
    assert!(one.is_ok() && other.is_ok(), "whoever is second signs in all the same");
    let renewed = stored().await;
    let hash = renewed.password_hash.clone().expect("a hash");
    assert!(hash.as_phc().contains("t=2"), "{}", hash.as_phc());
    assert_eq!(renewed.version, user.version.next(), "once");
    attempt(&after, EMAIL, PASSWORD, &visitor()).await.expect("the new hash fits");
    assert_eq!(stored().await.version, renewed.version);
}

#[tokio::test(start_paused = true)]
async fn trying_has_an_end_within_a_minute_and_within_a_day() {
    let world = World::new(62, ScriptedModel::answering("Hi")).await;
    let node = world.node_of(|ports, settings| {
        ports.rate_limiter = Arc::new(CountingRateLimiter::default());
        settings.sign_ins_per_minute = 10;
        settings.sign_ins_per_day = 25;
    });
    with_password(&world, &node).await;
    let home = from(Ipv4Addr::new(198, 51, 100, 1).into());
    attempt(&node, EMAIL, PASSWORD, &home).await.expect("the password is right");
    let mut tried = 0;
    let mut waited = Vec::new();
    for minute in 0..6_u8 {
        for number in 0..20_u8 {
            let stranger = from(Ipv4Addr::new(203, 0, minute, number).into());
            let spelling = if number % 2 == 0 { EMAIL.to_uppercase() } else { format!(" {EMAIL}") };
            let error =
                attempt(&node, &spelling, "a wrong password", &stranger).await.err().expect("it is wrong");
            match error.code() {
                Code::Unauthenticated => tried += 1,
                Code::RateLimited => waited.push(error.problem().retry_after.expect("how long to wait")),
                code => panic!("{code:?}"),
            }
        }
        tokio::time::sleep(Duration::from_mins(1)).await;
    }
    assert!(tried <= 25, "{tried} passwords were tried");
    let longest = waited.into_iter().max();
    assert!(longest.is_some_and(|wait| wait > Duration::from_hours(20)), "{longest:?}");
    attempt(&node, EMAIL, PASSWORD, &home).await.expect("whoever was let in before still is");
}

#[tokio::test(start_paused = true)]
async fn a_network_is_one_place_however_many_addresses_it_has() {
    let world = World::new(63, ScriptedModel::answering("Hi")).await;
    let node = world.node_of(|ports, settings| {
        ports.rate_limiter = Arc::new(CountingRateLimiter::default());
        settings.sign_ins_per_minute = 2;
    });
    let mut codes = Vec::new();
    for number in 0..40_u16 {
        let stranger = from(Ipv6Addr::new(0x2001, 0xdb8, 0, 7, number, 0, 0, number).into());
        let email = format!("somebody{number}@example.org");
        codes.push(attempt(&node, &email, "a wrong password", &stranger).await.err().expect("wrong").code());
    }
    assert_eq!(codes.iter().filter(|code| **code == Code::Unauthenticated).count(), 20);
    let neighbour = from(Ipv6Addr::new(0x2001, 0xdb8, 0, 8, 0, 0, 0, 1).into());
    let other = attempt(&node, "somebody@example.org", "a wrong password", &neighbour).await;
    assert_eq!(other.err().expect("it is wrong").code(), Code::Unauthenticated);
}

#[tokio::test(start_paused = true)]
async fn people_see_with_what_and_where_they_are_signed_in() {
    let world = World::new(64, ScriptedModel::answering("Hi")).await;
    let node = world.node();
    with_password(&world, &node).await;
    let home = Visitor {
        address: Some(Ipv4Addr::new(198, 51, 100, 1).into()),
        device: DeviceName::new("Firefox on Linux").ok(),
        ..visitor()
    };
    let signed_in = attempt(&node, EMAIL, PASSWORD, &home).await.expect("the password is right");
    let list = async |address: IpAddr| {
        let proof = Proof::Cookie(&signed_in.token);
        let actor = node.services.authenticator.authenticate(&node.services, proof).await.expect("it counts");
        let context = Context::new(actor, "request".into(), Some(address));
        let asked = node.bus.ask(&context, ListSessions { page: PageInput::default() }).await;
        asked.expect("one's own").items.remove(0)
    };
    let elsewhere: IpAddr = Ipv4Addr::new(192, 0, 2, 1).into();
    let first = list(elsewhere).await;
    assert_eq!(first.device.as_ref().map(DeviceName::as_str), Some("Firefox on Linux"));
    assert_eq!((first.address, first.last_used_at), (home.address, first.created_at));
    tokio::time::sleep(Duration::from_secs(30)).await;
    let newest: IpAddr = Ipv4Addr::new(192, 0, 2, 2).into();
    assert_eq!(list(newest).await.address, home.address, "nothing is written on the way of a request");
    tokio::time::sleep(Duration::from_secs(90)).await;
    let later = list(elsewhere).await;
    assert_eq!(later.address, Some(newest), "it is within two minutes");
    assert!(later.last_used_at > first.last_used_at);
}

#[tokio::test(start_paused = true)]
async fn codes_of_a_device_count_by_the_clock_of_the_database() {
    let world = World::new(65, ScriptedModel::answering("Hi")).await;
    let right = world.node();
    with_password(&world, &right).await;
    let nodes = [right, world.node_with(Duration::from_hours(1))];
    tokio::time::sleep(Duration::from_secs(10)).await;
    let ask = BeginTotp { current_password: Some(PASSWORD.to_owned()) };
    let begun = nodes[0].bus.send(&world.context(), ask).await.expect("the password is right");
    let begun: Value = serde_json::from_str(begun.result.get()).expect("JSON");
    let text = |name: &str| begun[name].as_str().expect("a text").to_owned();
    let secret = Secret::try_from_base32(text("secret")).expect("a secret in Base32");
    let device = Builder::new().with_secret(secret).build().expect("a device");
    // What the device shows, whose clock is right, some steps from now.
    let shows = |steps: i64| {
        let now = nodes[0].services.ports.clock.now().seconds() + steps * 30;
        device.generate(now.cast_unsigned()).to_string()
    };
    let enable = EnableTotp { state: text("state"), code: shows(-1) };
    nodes[1].bus.send(&world.context(), enable).await.expect("the code is right");
    let attempt = async |node: &Node, code: String| {
        let (email, password) = (EMAIL.to_owned(), PASSWORD.to_owned());
        let input = SignInInput { email, password, code: Some(code) };
        sign_in(&node.services, input, &visitor()).await.err().map(|error| error.code())
    };
    for node in &nodes {
        let an_hour_on = attempt(node, shows(120)).await;
        assert_eq!(an_hour_on, Some(Code::Unauthenticated));
        assert_eq!(attempt(node, shows(0)).await, None);
        tokio::time::sleep(Duration::from_secs(30)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_password_that_is_changed_while_it_is_checked_lets_nobody_in() {
    let world = World::new(66, ScriptedModel::answering("Hi")).await;
    let quick = world.node();
    let user = with_password(&world, &quick).await;
    // Whoever signs in there waits until the password is hashed anew, which takes longer than the change.
    let slow = world.node_of(|_, settings| settings.argon2_passes = 60);
    let (home, context) = (visitor(), world.context());
    let sessions = async || {
        let page = PageRequest { limit: 10, after: None };
        let now = quick.services.lease_clock.now();
        quick.storage.sessions(user.id, now, page).await.expect("reading works").items.len()
    };
    let renamed = UpdateMe {
        expected_version: None,
        display_name: DisplayName::new("Ada Lovelace").ok(),
        email: None,
        current_password: None,
    };
    let (signed_in, changed) =
        tokio::join!(attempt(&slow, EMAIL, PASSWORD, &home), quick.bus.send(&context, renamed),);
    changed.expect("the name is free");
    signed_in.map(drop).expect("the password is still right");
    assert_eq!(sessions().await, 1);

    let change = ChangePassword {
        current_password: Some(PASSWORD.to_owned()),
        password: Password::new("violet lamp under seven bridges").expect("the password is long enough"),
    };
    let (signed_in, changed) =
        tokio::join!(attempt(&slow, EMAIL, PASSWORD, &home), quick.bus.send(&context, change),);
    changed.expect("the present password is right");
    assert_eq!(signed_in.map(drop).expect_err("it is the former one").code(), Code::Unauthenticated);
    assert_eq!(sessions().await, 0);
    assert_eq!(audited(&world, &quick, "session.refused").await.len(), 1);
}
