//! Links with which people choose passwords are worth what whoever made them may do, at the moment when they are followed.

use serde_json::{Value, json};

use super::{account, hospitable, id, key_with};
use crate::harness::{Client, Server};

const USERS: &str = "/api/v1/users";
const RESET: &str = "/api/v1/auth/reset-password";
const ACTIVATE: &str = "/api/v1/auth/activate";
const PASSWORD: &str = "quite another zebra";

fn token(made: &Value) -> String {
    let link = made["link"].as_str().expect("a link");
    link.split_once("#token=").expect("a token").1.to_owned()
}

async fn own_id(person: &Client) -> String {
    id(&person.get("/api/v1/me").await.expect(200)).to_owned()
}

/// The owner, an administrator, a member and somebody whom the administrator is letting in, with the token for them.
struct House {
    server: Server,
    owner: Client,
    admin: Client,
    member: Client,
    newcomer: String,
    activation: String,
}

impl House {
    async fn build() -> Self {
        let server = hospitable().start().await;
        let owner = server.owner().await.in_browser();
        let (admin, member) = (account(&server, "admin").await, account(&server, "member").await);
        let body = json!({ "email": "new@example.org", "display_name": "Newcomer", "role": "member" });
        let made = admin.post(USERS, &body).await.expect(201);
        let (newcomer, activation) = (id(&made).to_owned(), token(&made));
        Self { server, owner, admin, member, newcomer, activation }
    }

    async fn reset_link(&self) -> String {
        let path = format!("{USERS}/{}/password-link", own_id(&self.member).await);
        token(&self.admin.post(&path, &json!({})).await.expect(201))
    }

    async fn change(&self, user_id: &str, change: Value) {
        self.owner.patch(&format!("{USERS}/{user_id}"), &change).await.expect(200);
    }

    async fn assert_dead(&self, path: &str, token: &str) {
        let body = json!({ "token": token, "password": PASSWORD });
        self.server.anonymous().post(path, &body).await.expect_problem(403, "link_invalid");
    }
}

#[tokio::test]
async fn a_link_ends_with_what_its_maker_may_do() {
    for change in [json!({ "state": "suspended" }), json!({ "role": "member" })] {
        let house = House::build().await;
        let reset = house.reset_link().await;
        house.change(&own_id(&house.admin).await, change).await;
        house.assert_dead(RESET, &reset).await;
        house.assert_dead(ACTIVATE, &house.activation).await;
    }
}

#[tokio::test]
async fn a_link_ends_when_its_person_may_do_more_than_its_maker() {
    let house = House::build().await;
    let reset = house.reset_link().await;
    house.change(&own_id(&house.member).await, json!({ "role": "owner" })).await;
    house.change(&house.newcomer, json!({ "role": "owner" })).await;
    house.assert_dead(RESET, &reset).await;
    house.assert_dead(ACTIVATE, &house.activation).await;
    // As long as they may, it works.
    house.change(&house.newcomer, json!({ "role": "admin" })).await;
    let body = json!({ "token": house.activation, "password": PASSWORD });
    house.server.anonymous().post(ACTIVATE, &body).await.expect(200);
}

#[tokio::test]
async fn no_key_comes_by_a_session() {
    let house = House::build().await;
    let (key, _) = key_with(&house.owner, &["read", "write", "generate", "admin"]).await;
    let member = own_id(&house.member).await;
    key.post(&format!("{USERS}/{member}/password-link"), &json!({})).await.expect_problem(403, "forbidden");
    key.delete(&format!("{USERS}/{member}/second-factors")).await.expect_problem(403, "forbidden");
    for role in ["admin", "owner"] {
        let body = json!({ "email": "ghost@example.org", "display_name": "Ghost", "role": role });
        key.post(USERS, &body).await.expect_problem(403, "role_by_key");
        key.patch(&format!("{USERS}/{member}"), &json!({ "role": role }))
            .await
            .expect_problem(403, "role_by_key");
    }
    let body = json!({ "email": "colleague@example.org", "display_name": "Colleague", "role": "member" });
    key.post(USERS, &body).await.expect(201);
}
