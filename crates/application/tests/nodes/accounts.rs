//! The first owner is made once, whichever node is asked.

use std::sync::Arc;
use std::time::Duration;

use application::Code;
use application::identities::{Password, Setup, SetupInput, set_up};
use domain::{DisplayName, Email};
use testing::fakes::{Noise, ScriptedModel, SequentialIds, SharedDatabase};

use crate::world::{RuntimeClock, node, visitor};

fn input(token: &str, email: &str) -> SetupInput {
    SetupInput {
        token: token.to_owned(),
        email: Email::new(email).expect("the address is valid"),
        password: Password::new("correct horse battery").expect("the password is long enough"),
        display_name: DisplayName::new("Ada").expect("the name is valid"),
    }
}

#[tokio::test]
async fn two_set_ups_at_once_on_two_nodes_make_one_owner() {
    for seed in 0..8 {
        let database = SharedDatabase::new(seed, RuntimeClock::ahead(Duration::ZERO));
        let (ids, model) = (Arc::new(SequentialIds::new()), ScriptedModel::answering("Hi"));
        let nodes = [(); 2].map(|()| node(&database, None, &ids, &model, Duration::ZERO));
        let mut tokens = Vec::new();
        for node in &nodes {
            tokens.push(Setup::open(&node.services).await.expect("reading works").expect("nobody is there"));
        }
        database.set_noise(Noise { longest: Duration::from_millis(2), ..Noise::default() });
        let visitor = visitor();
        let (first, second) = tokio::join!(
            set_up(&nodes[0].services, input(&tokens[0], "ada@example.org"), &visitor),
            set_up(&nodes[1].services, input(&tokens[1], "eve@example.org"), &visitor),
        );
        let outcomes = [first.map(|_| ()), second.map(|_| ())];
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
        let refused = outcomes.into_iter().find_map(Result::err).expect("one is refused");
        assert_eq!(refused.code(), Code::Conflict, "{refused}");
        for (node, token) in nodes.iter().zip(&tokens) {
            let late = set_up(&node.services, input(token, "late@example.org"), &visitor).await;
            assert_eq!(late.map(|_| ()).expect_err("it is over").problem().slug, "already_set_up");
            assert_eq!(Setup::open(&node.services).await.expect("reading works"), None);
        }
    }
}
