//! Sessions of the person who asks.

use actix_web::http::{Method, StatusCode};
use application::encode_cursor;
use application::identities::{ListSessions, SessionView, Switched};

use super::{commands, parameters};
use crate::respond::{self, ListBody};
use crate::route::{Answer, Call, Outcome, Route};

pub fn routes() -> [Route; 4] {
    const LIST: &str = "/api/v1/me/sessions";
    let listing = "Lists where you are signed in, newest first";
    let switching = "Has the session look at another workspace of yours";
    [
        Route::new(Method::GET, LIST, "session.list", "identity", listing, |call| Box::pin(list(call)))
            .query(parameters::page())
            .query([parameters::fields()])
            .sparse::<SessionView>()
            .answer(
                Answer::json::<ListBody<SessionView>>(StatusCode::OK, "A page of sessions.")
                    .headers(&["Link"]),
            ),
        commands::deletes(LIST, "session.revoke_others", "identity", "Signs you out everywhere else"),
        commands::deletes(
            "/api/v1/me/sessions/{session_id}",
            "session.revoke",
            "identity",
            "Signs you out in one place",
        ),
        commands::command(Method::POST, "/api/v1/me/workspace", "session.switch", "identity", switching)
            .answer(Answer::json::<Switched>(StatusCode::OK, "What the session looks at now.")),
    ]
}

async fn list(call: Call) -> Outcome {
    let context = call.context().await?;
    let query = call.query()?;
    let page = call.state.bus.ask(&context, ListSessions { page: query.page()? }).await?;
    respond::list(&call, &query, &page.items, page.next.as_ref().map(encode_cursor))
}
