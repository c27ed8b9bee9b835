//! Class 1: every id in every path, query, body and frame, swapped for another person's and another workspace's, looks
//! exactly like one that nothing has; and nothing of theirs has changed afterwards.

use serde_json::{Value, json};

use super::document::{Documents, Operation};
use super::world::{
    NOT_AN_ID, NOTHING, Person, account, furnish, furnish_administrator, hospitable, stranger,
};
use crate::harness::{Client, Server};

/// Everybody: the owner, a member beside them, and the owner of another workspace.
async fn everybody(server: &Server) -> (Person, Person, Person) {
    let mut owner = furnish(
        server.anonymous().sign_in(crate::harness::OWNER_EMAIL, crate::harness::OWNER_PASSWORD).await,
    )
    .await;
    furnish_administrator(&mut owner).await;
    let member = furnish(account(server, "member", "member").await).await;
    let foreigner = furnish(stranger(server, "foreigner").await).await;
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
            for (name, _) in documents.properties(schema).iter().filter(|(_, schema)| documents.is_id(schema))
            {
                let theirs = victim.thing(name);
                if !victim.keeps(name, asker) {
                    continue;
                }
                let body = |id: &str| {
                    let mut body = documents.example(schema);
                    body[name.as_str()] = json!(id);
                    Some(body)
                };
                let bodies = [body(theirs), body(NOTHING)];
                assert_same(operation, &asker.client, theirs, [own.clone(), own.clone()], bodies).await;
                asked += 1;
            }
        }
    }
    assert_eq!(before, state_of(&documents, &owner).await, "nothing of theirs has changed");
    assert!(asked > 8, "only {asked} questions were asked");
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
            for (swapped, _) in properties.iter().filter(|(_, schema)| documents.is_id(schema)) {
                let theirs = victim.thing(swapped);
                if !victim.keeps(swapped, asker) {
                    continue;
                }
                let parameters = |id: &str| {
                    let mut parameters = documents.example(&command.parameters);
                    for (name, _) in properties.iter().filter(|(_, schema)| documents.is_id(schema)) {
                        if parameters.get(name).is_some() {
                            parameters[name.as_str()] = json!(asker.thing(name));
                        }
                    }
                    parameters[swapped.as_str()] = json!(id);
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
