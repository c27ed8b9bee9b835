//! People with an account.

use actix_web::http::{Method, StatusCode};
use application::encode_cursor;
use application::identities::{ListUsers, UserView};

use super::{commands, parameters};
use crate::respond::{self, ListBody};
use crate::route::{Answer, Call, Outcome, Route};

pub fn routes() -> [Route; 2] {
    let list_summary = "Lists the accounts, newest first (administrators)";
    [
        Route::new(Method::GET, "/api/v1/users", "user.list", "identity", list_summary, |call| {
            Box::pin(list(call))
        })
        .query(parameters::page())
        .query([parameters::fields()])
        .sparse::<UserView>()
        .answer(Answer::json::<ListBody<UserView>>(StatusCode::OK, "A page of accounts.").headers(&["Link"])),
        commands::creates::<UserView>(
            "/api/v1/users",
            "user.create",
            "identity",
            "Makes an account (administrators)",
        ),
    ]
}

async fn list(call: Call) -> Outcome {
    let context = call.context().await?;
    let query = call.query()?;
    let page = call.state.bus.ask(&context, ListUsers { page: query.page()? }).await?;
    respond::list(&call, &query, &page.items, page.next.as_ref().map(encode_cursor))
}
