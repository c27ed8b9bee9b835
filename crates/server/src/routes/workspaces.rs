//! Workspaces and their members.

use actix_web::http::{Method, StatusCode};
use application::encode_cursor;
use application::workspaces::{GetWorkspace, ListMembers, ListWorkspaces, MemberView, WorkspaceView};

use super::{commands, parameters};
use crate::respond::{self, ListBody};
use crate::route::{Answer, Call, Outcome, Route};

const ALL: &str = "/api/v1/workspaces";
const ONE: &str = "/api/v1/workspaces/{workspace_id}";
const MEMBERS: &str = "/api/v1/workspaces/{workspace_id}/members";
const MEMBER: &str = "/api/v1/workspaces/{workspace_id}/members/{user_id}";
const TAG: &str = "workspaces";

pub fn routes() -> [Route; 8] {
    let members_summary = "Lists who belongs to the workspace";
    let one = |status, description| Answer::json::<WorkspaceView>(status, description).headers(&["ETag"]);
    [
        Route::new(Method::GET, ALL, "workspace.list", TAG, "Lists the workspaces you belong to", |call| {
            Box::pin(list(call))
        })
        .query([parameters::fields()])
        .sparse::<WorkspaceView>()
        .answer(Answer::json::<ListBody<WorkspaceView>>(StatusCode::OK, "The workspaces, all on one page.")),
        commands::creates::<WorkspaceView>(
            ALL,
            "workspace.create",
            TAG,
            "Founds a workspace (administrators)",
        ),
        Route::new(Method::GET, ONE, "workspace.get", TAG, "Shows a workspace you belong to", |call| {
            Box::pin(get(call))
        })
        .query([parameters::fields()])
        .header(parameters::if_none_match())
        .sparse::<WorkspaceView>()
        .answer(one(StatusCode::OK, "The workspace."))
        .answer(Answer::empty(StatusCode::NOT_MODIFIED, "You have this version already.").headers(&["ETag"])),
        commands::command(
            Method::PATCH,
            ONE,
            "workspace.update",
            TAG,
            "Renames the workspace (administrators)",
        )
        .header(parameters::if_match())
        .answer(one(StatusCode::OK, "The workspace as it is now.")),
        commands::command(
            Method::POST,
            "/api/v1/workspaces/{workspace_id}/leave",
            "workspace.leave",
            TAG,
            "Leaves the workspace",
        )
        .answer(Answer::empty(StatusCode::NO_CONTENT, "You no longer belong to it.")),
        Route::new(Method::GET, MEMBERS, "member.list", TAG, members_summary, |call| Box::pin(members(call)))
            .query(parameters::page())
            .query([parameters::fields()])
            .sparse::<MemberView>()
            .answer(
                Answer::json::<ListBody<MemberView>>(StatusCode::OK, "A page of members.").headers(&["Link"]),
            ),
        commands::command(
            Method::PATCH,
            MEMBER,
            "member.update",
            TAG,
            "Gives a member another role (administrators)",
        )
        .header(parameters::if_match())
        .answer(Answer::json::<MemberView>(StatusCode::OK, "The member as they are now.").headers(&["ETag"])),
        commands::deletes(
            MEMBER,
            "member.delete",
            TAG,
            "Takes somebody out of the workspace (administrators)",
        ),
    ]
}

async fn list(call: Call) -> Outcome {
    let context = call.context().await?;
    let query = call.query()?;
    let workspaces = call.state.bus.ask(&context, ListWorkspaces {}).await?;
    respond::list(&call, &query, &workspaces, None)
}

async fn get(call: Call) -> Outcome {
    let context = call.context().await?;
    let query = call.query()?;
    let wanted = GetWorkspace { workspace_id: call.id("workspace_id")? };
    let view = call.state.bus.ask(&context, wanted).await?;
    respond::one(&call, &query, &view, Some(view.version))
}

async fn members(call: Call) -> Outcome {
    let context = call.context().await?;
    let query = call.query()?;
    let wanted = ListMembers { workspace_id: call.id("workspace_id")?, page: query.page()? };
    let page = call.state.bus.ask(&context, wanted).await?;
    respond::list(&call, &query, &page.items, page.next.as_ref().map(encode_cursor))
}
