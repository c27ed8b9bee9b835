//! The pages that depend on whether there is an owner: the front page, set-up, signing in.

use actix_web::HttpResponse;
use actix_web::http::header;
use bytes::Bytes;

use super::{client, complete, html};
use crate::problem::Problem;
use crate::route::{Call, Handling};

const HOME: &str = include_str!("assets/home.html");
const SIGN_IN: &str = "<li><a href=\"/login\">Sign in</a> <span>with your e-mail address</span></li>";
const NOBODY: &str =
    "<p class=\"quiet\">Nobody has an account yet. The server prints a set-up link when it starts.</p>";

/// `GET /`: the client; without it, what this is, and where to go.
pub fn home(call: Call) -> Handling {
    Box::pin(client::or_else(call, front_page))
}

fn front_page(call: Call) -> Handling {
    Box::pin(async move {
        let is_signed_in = call.context().await.is_ok();
        let (sign_in, hint) = match (is_signed_in, has_owner(&call).await?) {
            (true, _) => ("", ""),
            (false, true) => (SIGN_IN, ""),
            (false, false) => ("", NOBODY),
        };
        let after = if is_signed_in { "a key for each program" } else { "after signing in" };
        let source = HOME.replace("{{sign_in}}", sign_in).replace("{{hint}}", hint);
        Ok(html(Bytes::from(complete(&source.replace("{{after}}", after)))))
    })
}

/// `GET /setup`: a form for the first owner, until there is one.
pub fn set_up(call: Call) -> Handling {
    Box::pin(async move {
        if has_owner(&call).await? {
            // The empty fragment keeps the token, which means nothing any more, out of the next address.
            return Ok(see_other("/login#"));
        }
        client::or_else(call, |_| fixed(include_str!("assets/setup.html"))).await
    })
}

/// `GET /login`: signing in, once there is somebody who can.
pub fn login(call: Call) -> Handling {
    Box::pin(async move {
        if ::web::index().is_some() && !has_owner(&call).await? {
            return Ok(see_other("/setup"));
        }
        client::or_else(call, |_| fixed(include_str!("assets/login.html"))).await
    })
}

/// `GET /share/{share_id}`: a conversation that a link shows. The secret of the link never gets here, so only the client,
/// which has it, can show more.
pub fn shared(call: Call) -> Handling {
    Box::pin(client::or_else(call, |_| fixed(include_str!("assets/shared.html"))))
}

/// A page that is the same for everybody.
fn fixed(source: &'static str) -> Handling {
    Box::pin(std::future::ready(Ok(html(Bytes::from(complete(source))))))
}

/// Sends the browser elsewhere.
pub fn see_other(location: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, location)).finish()
}

async fn has_owner(call: &Call) -> Result<bool, Problem> {
    let any = call.state.services().ports.identities.any_account().await;
    any.map_err(|error| application::Error::from(error).into())
}
