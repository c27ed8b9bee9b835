//! Projects, and who sees them.

use actix_web::http::{Method, StatusCode};
use application::encode_cursor;
use application::projects::{GetProject, ListProjectMembers, ListProjects, ProjectMemberView, ProjectView};

use super::{commands, parameters};
use crate::respond::{self, ListBody};
use crate::route::{Answer, Call, Outcome, Route};

const ALL: &str = "/api/v1/projects";
const ONE: &str = "/api/v1/projects/{project_id}";
const MEMBERS: &str = "/api/v1/projects/{project_id}/members";
const MEMBER: &str = "/api/v1/projects/{project_id}/members/{user_id}";
const TAG: &str = "projects";

pub fn routes() -> [Route; 8] {
    let one = |description| Answer::json::<ProjectView>(StatusCode::OK, description).headers(&["ETag"]);
    [
        Route::new(
            Method::GET,
            ALL,
            "project.list",
            TAG,
            "Lists the projects that you see, newest first",
            |call| Box::pin(list(call)),
        )
        .query(parameters::page())
        .query([parameters::fields()])
        .sparse::<ProjectView>()
        .answer(
            Answer::json::<ListBody<ProjectView>>(StatusCode::OK, "A page of projects.").headers(&["Link"]),
        ),
        commands::creates::<ProjectView>(ALL, "project.create", TAG, "Makes a project, which you manage"),
        Route::new(Method::GET, ONE, "project.get", TAG, "Shows a project", |call| Box::pin(get(call)))
            .query([parameters::fields()])
            .header(parameters::if_none_match())
            .sparse::<ProjectView>()
            .answer(one("The project."))
            .answer(
                Answer::empty(StatusCode::NOT_MODIFIED, "You have this version already.").headers(&["ETag"]),
            ),
        commands::command(
            Method::PATCH,
            ONE,
            "project.update",
            TAG,
            "Changes what is given and leaves the rest",
        )
        .header(parameters::if_match())
        .answer(one("The project as it is now.")),
        commands::deletes(
            ONE,
            "project.delete",
            TAG,
            "Deletes a project; its conversations stay their owners'",
        )
        .header(parameters::if_match()),
        Route::new(Method::GET, MEMBERS, "project_member.list", TAG, "Lists who sees a project", |call| {
            Box::pin(members(call))
        })
        .query(parameters::page())
        .query([parameters::fields()])
        .sparse::<ProjectMemberView>()
        .answer(
            Answer::json::<ListBody<ProjectMemberView>>(StatusCode::OK, "A page of members.")
                .headers(&["Link"]),
        ),
        commands::command(
            Method::PUT,
            MEMBER,
            "project_member.set",
            TAG,
            "Lets somebody see a project, or do more or less there than before",
        )
        .answer(Answer::json::<ProjectMemberView>(StatusCode::OK, "The member.")),
        commands::deletes(MEMBER, "project_member.remove", TAG, "Takes a project out of somebody's sight"),
    ]
}

async fn list(call: Call) -> Outcome {
    let context = call.context().await?;
    let query = call.query()?;
    let page = call.state.bus.ask(&context, ListProjects { page: query.page()? }).await?;
    respond::list(&call, &query, &page.items, page.next.as_ref().map(encode_cursor))
}

async fn get(call: Call) -> Outcome {
    let context = call.context().await?;
    let query = call.query()?;
    let project_id = call.id("project_id")?;
    let view = call.state.bus.ask(&context, GetProject { project_id }).await?;
    respond::one(&call, &query, &view, Some(view.version))
}

async fn members(call: Call) -> Outcome {
    let context = call.context().await?;
    let query = call.query()?;
    let wanted = ListProjectMembers { project_id: call.id("project_id")?, page: query.page()? };
    let page = call.state.bus.ask(&context, wanted).await?;
    respond::list(&call, &query, &page.items, page.next.as_ref().map(encode_cursor))
}
