//! Invitations to a workspace, and following them.

use actix_web::http::{Method, StatusCode};
use application::Context;
use application::encode_cursor;
use application::identities::Visitor;
use application::workspaces::{
    AcceptInvitationInput, CreatedInvitation, InvitationInput, InvitationView, ListInvitations, Offer,
    WorkspaceView, accept_as_member, accept_as_newcomer, look_at_invitation,
};

use super::auth::{self, SignedInBody, refuse_foreign_page};
use super::{commands, parameters};
use crate::context::{Presented, presented};
use crate::problem::Problem;
use crate::request::RequestInfo;
use crate::respond::{self, ListBody};
use crate::route::{Answer, Body, Call, Outcome, Route, schema_of};

const ALL: &str = "/api/v1/workspaces/{workspace_id}/invitations";
const ONE: &str = "/api/v1/workspaces/{workspace_id}/invitations/{invitation_id}";
const TAG: &str = "workspaces";

pub fn routes() -> [Route; 5] {
    let list_summary = "Lists who is invited, newest first (administrators)";
    let look_summary = "Tells what a link invites to";
    let accept_summary = "Follows an invitation: as whoever is signed in, or with a new account";
    [
        Route::new(Method::GET, ALL, "invitation.list", TAG, list_summary, |call| Box::pin(list(call)))
            .query(parameters::page())
            .query([parameters::fields()])
            .sparse::<InvitationView>()
            .answer(
                Answer::json::<ListBody<InvitationView>>(StatusCode::OK, "A page of invitations.")
                    .headers(&["Link"]),
            ),
        commands::creates::<CreatedInvitation>(
            ALL,
            "invitation.create",
            TAG,
            "Invites somebody to the workspace (administrators)",
        ),
        commands::deletes(ONE, "invitation.delete", TAG, "Takes an invitation back (administrators)"),
        Route::new(
            Method::POST,
            "/api/v1/auth/invitation",
            "invitation.look_at",
            TAG,
            look_summary,
            |call| Box::pin(look_at(call)),
        )
        .for_anyone()
        .body(Body::Json(schema_of::<InvitationInput>))
        .answer(Answer::json::<Offer>(StatusCode::OK, "What it offers.")),
        Route::new(
            Method::POST,
            "/api/v1/auth/accept-invitation",
            "invitation.accept",
            TAG,
            accept_summary,
            |call| Box::pin(accept(call)),
        )
        .for_anyone()
        .body(Body::Json(schema_of::<AcceptInvitationInput>))
        .answer(
            Answer::json::<SignedInBody>(StatusCode::CREATED, "The account exists; the person is signed in.")
                .headers(&["Set-Cookie"]),
        )
        .answer(Answer::json::<WorkspaceView>(
            StatusCode::OK,
            "Whoever was signed in belongs to the workspace, and may switch to it.",
        )),
    ]
}

async fn list(call: Call) -> Outcome {
    let context = call.context().await?;
    let query = call.query()?;
    let wanted = ListInvitations { workspace_id: call.id("workspace_id")?, page: query.page()? };
    let page = call.state.bus.ask(&context, wanted).await?;
    respond::list(&call, &query, &page.items, page.next.as_ref().map(encode_cursor))
}

async fn look_at(call: Call) -> Outcome {
    refuse_foreign_page(&call)?;
    call.query()?;
    let visitor = RequestInfo::of(&call.request).visitor(&call.state.hosts);
    let (input, call) = auth::read::<InvitationInput>(call).await?;
    respond::json(StatusCode::OK, &look_at_invitation(call.state.services(), input, &visitor).await?)
}

async fn accept(call: Call) -> Outcome {
    refuse_foreign_page(&call)?;
    call.query()?;
    let info = RequestInfo::of(&call.request);
    let visitor: Visitor = info.visitor(&call.state.hosts);
    let (input, call) = auth::read::<AcceptInvitationInput>(call).await?;
    let somebody = signed_in(&call, &info).await?;
    let services = call.state.services();
    if let Some(context) = somebody {
        return respond::json(StatusCode::OK, &accept_as_member(services, input, &context, &visitor).await?);
    }
    let signed_in = accept_as_newcomer(services, input, &visitor).await?;
    auth::begin_session(StatusCode::CREATED, &call.state, &info, signed_in)
}

/// Who is signed in; nobody where a browser only sends the cookie of a session that is over.
async fn signed_in(call: &Call, info: &RequestInfo) -> Result<Option<Context>, Problem> {
    let Some(presented) = presented(&call.request, info, &call.state.hosts)? else { return Ok(None) };
    match call.context().await {
        Ok(context) => Ok(Some(context)),
        Err(problem)
            if problem.status() == StatusCode::UNAUTHORIZED && matches!(presented, Presented::Cookie(_)) =>
        {
            Ok(None)
        }
        Err(problem) => Err(problem),
    }
}
