//! People with an account.

use actix_web::http::{Method, StatusCode};
use application::encode_cursor;
use application::identities::{CreatedUser, ListUsers, UserView};
use application::people::{GetUser, PasswordLink};
use domain::UserState;
use serde_json::json;

use super::{commands, parameters};
use crate::problem::Problem;
use crate::query::QueryString;
use crate::respond::{self, ListBody};
use crate::route::{Answer, Call, Outcome, Parameter, Route};

const ALL: &str = "/api/v1/users";
const ONE: &str = "/api/v1/users/{user_id}";
const TAG: &str = "identity";

pub fn routes() -> [Route; 7] {
    let list_summary = "Lists the accounts, newest first (administrators)";
    let link_summary = "Makes a link with which somebody chooses a password (administrators)";
    let one = |status, description| Answer::json::<UserView>(status, description).headers(&["ETag"]);
    [
        Route::new(Method::GET, ALL, "user.list", TAG, list_summary, |call| Box::pin(list(call)))
            .query(parameters::page())
            .query([
                parameters::fields(),
                Parameter {
                    name: "state",
                    description: "Only those in this state.",
                    schema: json!({"enum": ["pending", "active", "suspended"]}),
                },
            ])
            .sparse::<UserView>()
            .answer(
                Answer::json::<ListBody<UserView>>(StatusCode::OK, "A page of accounts.").headers(&["Link"]),
            ),
        commands::creates::<CreatedUser>(ALL, "user.create", TAG, "Makes an account (administrators)"),
        Route::new(Method::GET, ONE, "user.get", TAG, "Shows an account (administrators)", |call| {
            Box::pin(get(call))
        })
        .query([parameters::fields()])
        .header(parameters::if_none_match())
        .sparse::<UserView>()
        .answer(one(StatusCode::OK, "The account."))
        .answer(Answer::empty(StatusCode::NOT_MODIFIED, "You have this version already.").headers(&["ETag"])),
        commands::command(
            Method::PATCH,
            ONE,
            "user.update",
            TAG,
            "Changes the name, role or state of an account (administrators)",
        )
        .header(parameters::if_match())
        .answer(one(StatusCode::OK, "The account as it is now.")),
        commands::deletes(ONE, "user.delete", TAG, "Deletes an account and all that is its (administrators)")
            .header(parameters::if_match()),
        commands::command(
            Method::POST,
            "/api/v1/users/{user_id}/password-link",
            "user.create_password_link",
            TAG,
            link_summary,
        )
        .answer(Answer::json::<PasswordLink>(StatusCode::CREATED, "The link, shown only now.")),
        commands::deletes(
            "/api/v1/users/{user_id}/second-factors",
            "user.reset_second_factors",
            TAG,
            "Removes the device, recovery codes and passkeys that somebody has lost (administrators)",
        ),
    ]
}

async fn list(call: Call) -> Outcome {
    let context = call.context().await?;
    let query = call.query()?;
    let wanted = ListUsers { page: query.page()?, state: state(&query)? };
    let page = call.state.bus.ask(&context, wanted).await?;
    respond::list(&call, &query, &page.items, page.next.as_ref().map(encode_cursor))
}

fn state(query: &QueryString) -> Result<Option<UserState>, Problem> {
    match query.text("state") {
        None => Ok(None),
        Some("pending") => Ok(Some(UserState::Pending)),
        Some("active") => Ok(Some(UserState::Active)),
        Some("suspended") => Ok(Some(UserState::Suspended)),
        Some(_) => {
            let detail = "must be pending, active or suspended";
            Err(application::Error::invalid_field("/state", "invalid", detail).into())
        }
    }
}

async fn get(call: Call) -> Outcome {
    let context = call.context().await?;
    let query = call.query()?;
    let view = call.state.bus.ask(&context, GetUser { user_id: call.id("user_id")? }).await?;
    respond::one(&call, &query, &view, Some(view.version))
}
