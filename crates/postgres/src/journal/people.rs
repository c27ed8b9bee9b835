//! People with an account, and what works once for them.

use domain::{PasswordHash, Ticket, TicketId, User, UserChange};
use storage::Word;

use super::batch::Expected;
use super::plan::Plan;
use crate::errors::Outcome;
use crate::statement::values;

pub(super) fn create<'a>(plan: &mut Plan<'a>, user: &'a User) -> Outcome<()> {
    plan.check_workspace(user.workspace_id)?;
    plan.add(
        "INSERT INTO users (
             id, home_workspace_id, email, display_name, state, password_hash, version, created_at
         ) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        values![
            user.id,
            user.home_workspace_id,
            user.email.as_str(),
            user.display_name.as_str(),
            user.state.word(),
            user.password_hash.as_ref().map(PasswordHash::as_phc),
            user.version,
            user.created_at,
        ],
        Expected::Anything,
    );
    plan.add(
        "INSERT INTO memberships (workspace_id, user_id, role, created_at) VALUES ($1, $2, $3, $4)",
        values![user.workspace_id, user.id, user.role.word(), user.created_at],
        Expected::Anything,
    );
    Ok(())
}

/// Replaces an account by its next version, and the role in the workspace from which it is seen.
pub(super) fn update<'a>(plan: &mut Plan<'a>, user: &'a User, change: UserChange) -> Outcome<()> {
    plan.check_workspace(user.workspace_id)?;
    plan.add(
        "UPDATE users SET email = $3, display_name = $4, state = $5, password_hash = $6, version = $7
         WHERE id = $1 AND version = $2",
        values![
            user.id,
            user.version.previous(),
            user.email.as_str(),
            user.display_name.as_str(),
            user.state.word(),
            user.password_hash.as_ref().map(PasswordHash::as_phc),
            user.version,
        ],
        Expected::Rows(1),
    );
    plan.add(
        "UPDATE memberships SET role = $3 WHERE workspace_id = $1 AND user_id = $2",
        values![user.workspace_id, user.id, user.role.word()],
        Expected::Rows(1),
    );
    if change == UserChange::Password {
        plan.add(
            "DELETE FROM tickets WHERE user_id = $1 AND kind IN ('activation', 'password_reset')",
            values![user.id],
            Expected::Anything,
        );
    }
    Ok(())
}

/// Deletes an account. References take along what is the person's; their conversations lie in any workspace.
pub(super) fn delete(plan: &mut Plan<'_>, user: &User) -> Outcome<()> {
    plan.check_workspace(user.workspace_id)?;
    plan.add(
        "DELETE FROM conversations WHERE workspace_id = ANY (ARRAY(SELECT id FROM workspaces)) AND owner_id = $1",
        values![user.id],
        Expected::Anything,
    );
    plan.add("DELETE FROM idempotency_records WHERE user_id = $1", values![user.id], Expected::Anything);
    plan.add(
        "DELETE FROM users WHERE id = $1 AND version = $2",
        values![user.id, user.version.previous()],
        Expected::Rows(1),
    );
    Ok(())
}

pub(super) fn issue_ticket<'a>(plan: &mut Plan<'a>, ticket: &'a Ticket) -> Outcome<()> {
    plan.check_workspace(ticket.workspace_id)?;
    plan.add(
        "INSERT INTO tickets (id, kind, workspace_id, user_id, token_hash, payload, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        values![
            ticket.id,
            ticket.kind.word(),
            ticket.workspace_id,
            ticket.user_id,
            &ticket.token_hash,
            &ticket.payload,
            ticket.created_at,
            ticket.expires_at,
        ],
        Expected::Anything,
    );
    Ok(())
}

/// Removes a ticket: of two who use it at once, one finds it.
pub(super) fn use_ticket(plan: &mut Plan<'_>, id: TicketId) {
    plan.add("DELETE FROM tickets WHERE id = $1", values![id], Expected::Rows(1));
}
