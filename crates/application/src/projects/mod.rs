//! Projects: creating, changing, deleting, listing them, and who sees them.

mod create;
mod delete;
mod members;
mod read;
mod update;
mod view;

pub use create::CreateProject;
pub use delete::DeleteProject;
pub use members::{ListProjectMembers, ProjectMemberPage, RemoveProjectMember, SetProjectMember};
pub use read::{GetProject, ListProjects, ProjectPage};
pub use update::UpdateProject;
pub use view::{ProjectMemberView, ProjectView};
