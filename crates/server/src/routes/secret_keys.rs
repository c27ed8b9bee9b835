//! The keys of the server itself.

use actix_web::http::{Method, StatusCode};

use super::commands;
use crate::route::{Answer, Route};

pub fn routes() -> [Route; 1] {
    let summary = "Replaces the keys of the server while it goes on (owners of the first workspace)";
    [commands::command(Method::POST, "/api/v1/secret-keys/rotate", "secret_key.rotate", "identity", summary)
        .answer(Answer::empty(StatusCode::NO_CONTENT, "The new keys are used from now on."))]
}
