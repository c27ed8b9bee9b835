//! Class 1: every id in every path, query, body and frame, swapped for another person's and another workspace's, looks
//! exactly like one that nothing has; and nothing of theirs has changed afterwards.

use serde_json::{Value, json};

use super::document::{Documents, Operation};
use super::world::{
    NOT_AN_ID, NOTHING, Person, account, furnish, furnish_administrator, hospitable, stranger,
};
use crate::harness::{Client, Server};

/// What no member, and nobody who has a workspace of their own, has here.
const OF_OTHERS: [&str; 3] = ["invitation_id", "passkey_id", "provider_id"];

/// Everybody: the owner, a member beside them, and the owner of another workspace.
async fn everybody(server: &Server) -> (Person, Person, Person) {
    let mut owner = furnish(
        server.anonymous().sign_in(crate::harness::OWNER_EMAIL, crate::harness::OWNER_PASSWORD).await,
    )
    .await;
    furnish_administrator(&mut owner).await;
    let member = furnish(account(server, "member", "member").await).await;
    let foreigner = furnish(stranger(server, "foreigner").await).await;
    for (person, absent) in [
        (&owner, &["passkey_id", "provider_id"][..]),
        (&member, &OF_OTHERS[..]),
        (&foreigner, &OF_OTHERS[..]),
    ] {
        let lacking: Vec<&str> = person.things.keys().copied().filter(|name| !person.has(name)).collect();
        assert_eq!(lacking, absent, "what somebody does not have is not tried");
    }
    (owner, member, foreigner)
}

/// Everything that somebody can read by their own ids.
async fn state_of(documents: &Documents, person: &Person) -> Vec<(String, Vec<u8>)> {
    let mut seen = Vec::new();
    for operation in documents.operations() {
        let is_lasting =
            !["run.follow", "health.ready", "health.live", "session.list", "api_key.list", "audit.list"]
                .contains(&operation.name.as_str());
        if operation.is_unsafe() || !is_lasting || operation.in_path.is_empty() || is_nobodys(&operation) {
            continue;
        }
        let path = operation.path_with(|name| person.thing(name).to_owned());
        let answer = person.client.get(&path).await;
        if answer.status == 200 {
            seen.push((path, answer.bytes));
        }
    }
    seen
}

/// Whether nothing in the path is anybody's.
fn is_nobodys(operation: &Operation) -> bool {
    operation.in_path.iter().all(|name| NOT_AN_ID.contains(&name.as_str()))
}

/// Asks once with a foreign id and once with one that nothing has: nobody can tell the difference.
async fn assert_same(
    operation: &Operation,
    client: &Client,
    theirs: &str,
    paths: [String; 2],
    bodies: [Option<Value>; 2],
) {
    let [with_theirs, with_nothing] = [
        operation.ask(client, &paths[0], bodies[0].as_ref()).await,
        operation.ask(client, &paths[1], bodies[1].as_ref()).await,
    ];
    let what = format!("{} {} {bodies:?}", operation.method, paths[0]);
    assert!(with_theirs.status >= 400 && with_theirs.status < 500, "{what}: {with_theirs:?}");
    assert_eq!(with_theirs.appearance(&[theirs]), with_nothing.appearance(&[NOTHING]), "{what}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_foreign_id_in_every_path_looks_like_none() {
    let server = hospitable().start().await;
    let (owner, member, foreigner) = everybody(&server).await;
    let documents = Documents::of(&owner.client).await;
    let mut asked = 0;
    for (victim, askers) in [(&owner, [&member, &foreigner]), (&member, [&foreigner, &foreigner])] {
        let before = state_of(&documents, victim).await;
        for operation in documents.operations() {
            if operation.in_path.is_empty() || is_nobodys(&operation) {
                continue;
            }
            let body = operation.body.as_ref().map(|schema| documents.example(schema));
            for asker in askers {
                for swapped in operation.in_path.iter().filter(|name| !NOT_AN_ID.contains(&name.as_str())) {
                    let theirs = victim.thing(swapped);
                    if !victim.keeps(swapped, asker) {
                        continue;
                    }
                    let path = |id: &str| {
                        operation.path_with(|name| {
                            if name == swapped { id.to_owned() } else { asker.thing(name).to_owned() }
                        })
                    };
                    let paths = [path(theirs), path(NOTHING)];
                    assert_same(&operation, &asker.client, theirs, paths, [body.clone(), body.clone()]).await;
                    asked += 1;
                }
            }
        }
        assert_eq!(before, state_of(&documents, victim).await, "nothing of theirs has changed");
    }
    assert!(asked > 60, "only {asked} questions were asked");
}

/// Operations that answer somebody's own id as they do one that nothing has, for a reason that has nothing to do with ids:
/// what a link shows needs its secret.
const NO_CONTROL: &[&str] = &["share.open 404"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ones_own_id_in_a_path_does_not_look_like_none() {
    let server = hospitable().start().await;
    let documents = Documents::of(&server.owner().await).await;
    let mut alike = Vec::new();
    for (number, operation) in documents.operations().iter().enumerate() {
        if operation.in_path.is_empty() || is_nobodys(operation) {
            continue;
        }
        // A person for each: what is asked may delete what is theirs.
        let mut person = furnish(account(&server, &format!("owner{number}"), "owner").await).await;
        furnish_administrator(&mut person).await;
        if operation.in_path.iter().any(|name| !NOT_AN_ID.contains(&name.as_str()) && !person.has(name)) {
            continue;
        }
        let body = operation.body.as_ref().map(|schema| documents.example(schema));
        let [nothing, own] = [
            operation.path_with(|_| NOTHING.to_owned()),
            operation.path_with(|name| match name {
                name if NOT_AN_ID.contains(&name) => NOTHING.to_owned(),
                name => person.thing(name).to_owned(),
            }),
        ];
        let of_nothing = operation.ask(&person.client, &nothing, body.as_ref()).await.status;
        let of_own = operation.ask(&person.client, &own, body.as_ref()).await.status;
        if of_nothing == of_own {
            alike.push(format!("{} {}", operation.name, of_own));
        }
    }
    assert_eq!(alike, NO_CONTROL, "nothing is found out by asking these for what is somebody else's");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_foreign_id_in_every_query_and_body_looks_like_none() {
    let server = hospitable().start().await;
    let (owner, member, foreigner) = everybody(&server).await;
    let documents = Documents::of(&owner.client).await;
    let before = state_of(&documents, &owner).await;
    let mut asked = 0;
    for operation in documents.operations().iter().filter(|operation| operation.is_for_people) {
        for (victim, asker) in [(&owner, &member), (&member, &foreigner)] {
            let own = operation.path_with(|name| match name {
                name if NOT_AN_ID.contains(&name) => "words".to_owned(),
                name => asker.thing(name).to_owned(),
            });
            for (name, _) in operation.in_query.iter().filter(|(_, schema)| documents.is_id(schema)) {
                let theirs = victim.thing(name);
                if !victim.keeps(name, asker) {
                    continue;
                }
                let path = |id: &str| format!("{own}?{name}={id}");
                let [with_theirs, with_nothing] =
                    [asker.client.get(&path(theirs)).await, asker.client.get(&path(NOTHING)).await];
                assert_eq!(
                    with_theirs.appearance(&[theirs]),
                    with_nothing.appearance(&[NOTHING]),
                    "{} {name}",
                    operation.name
                );
                asked += 1;
            }
            let Some(schema) = &operation.body else { continue };
            for place in documents.places(schema, &|schema| documents.is_id(schema)) {
                let name = named(&place);
                let theirs = victim.thing(name);
                if !victim.keeps(name, asker) {
                    continue;
                }
                let body = |id: &str| Some(documents.example_with(schema, &place, &json!(id)));
                let bodies = [body(theirs), body(NOTHING)];
                assert_same(operation, &asker.client, theirs, [own.clone(), own.clone()], bodies).await;
                asked += 1;
            }
        }
    }
    assert_eq!(before, state_of(&documents, &owner).await, "nothing of theirs has changed");
    assert!(asked > 8, "only {asked} questions were asked");
}

/// What an identifier at a place of a body is one of: the last name on the way there.
fn named(place: &[String]) -> &str {
    place.iter().rev().find(|name| *name != "0").expect("a name")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_foreign_id_in_every_command_looks_like_none_on_a_socket_and_in_a_batch() {
    let server = hospitable().start().await;
    let (owner, member, foreigner) = everybody(&server).await;
    let documents = Documents::of(&owner.client).await;
    let before = state_of(&documents, &owner).await;
    let mut asked = 0;
    for command in documents.commands() {
        let properties = documents.properties(&command.parameters);
        for (victim, asker) in [(&owner, &member), (&member, &foreigner)] {
            for place in documents.places(&command.parameters, &|schema| documents.is_id(schema)) {
                let swapped = named(&place);
                let theirs = victim.thing(swapped);
                if !victim.keeps(swapped, asker) {
                    continue;
                }
                let parameters = |id: &str| {
                    let mut parameters = documents.example_with(&command.parameters, &place, &json!(id));
                    for (name, _) in properties.iter().filter(|(_, schema)| documents.is_id(schema)) {
                        if parameters.get(name).is_some() && place != [name.clone()] {
                            parameters[name.as_str()] = json!(asker.thing(name));
                        }
                    }
                    parameters
                };
                let ask = async |id: &str| {
                    let parameters = parameters(id);
                    let frame = asker.client.socket().await.command(&command.name, parameters.clone()).await;
                    let batch =
                        json!({ "commands": [{ "id": "1", "name": command.name, "params": parameters }] });
                    let batch = asker.client.post("/api/v1/batch", &batch).await.expect(200);
                    [frame["problem"].clone(), batch["results"][0]["problem"].clone()].map(|mut problem| {
                        problem.as_object_mut().map(|problem| problem.remove("trace_id"));
                        problem.to_string().replace(id, "<id>")
                    })
                };
                let answers = ask(theirs).await;
                assert!(
                    answers.iter().all(|answer| answer.contains("/problems/")),
                    "{}: {answers:?}",
                    command.name
                );
                assert_eq!(answers, ask(NOTHING).await, "{} {swapped}", command.name);
                asked += 1;
            }
        }
    }
    assert_eq!(before, state_of(&documents, &owner).await, "nothing of theirs has changed");
    assert!(asked > 20, "only {asked} questions were asked");
}
