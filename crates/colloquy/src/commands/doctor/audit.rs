//! The audit log: is it what was written?

use domain::WorkspaceId;
use domain::ports::StorageError;
use storage::audit::Check;

use super::Finding;
use crate::database::Storage;

const SUBJECT: &str = "audit log";
/// How many entries are read at a time.
const PAGE: u16 = 1_000;

/// Checks the chains of all workspaces.
pub async fn look(database: &dyn Storage) -> Finding {
    match breaks(database).await {
        Ok(breaks) => judge(&breaks),
        Err(error) => {
            let state = format!("cannot be read: {error}");
            Finding::bad(SUBJECT, state, "See that the database can be reached, and try again.")
        }
    }
}

async fn breaks(database: &dyn Storage) -> Result<Vec<(WorkspaceId, u64)>, StorageError> {
    let mut broken = Vec::new();
    for (workspace_id, sequence, newest) in database.audit_heads().await? {
        let mut check = Check::default();
        while check.follow(&database.audit_chain(workspace_id, check.place(), PAGE).await?) {}
        broken.extend(check.end(sequence, &newest).map(|place| (workspace_id, place)));
    }
    Ok(broken)
}

/// What is said of the workspaces whose log is not what was written.
pub fn judge(breaks: &[(WorkspaceId, u64)]) -> Finding {
    let Some((workspace, place)) = breaks.first() else {
        return Finding::good(SUBJECT, "is what was written: every entry follows the one before it");
    };
    let others = if breaks.len() > 1 { format!(", and {} more", breaks.len() - 1) } else { String::new() };
    let state = format!(
        "was changed outside of Colloquy: that of the workspace {workspace} from entry {place} on{others}"
    );
    Finding::bad(SUBJECT, state, "Find out who had access to the database, and compare with a backup.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_log_is_named_with_its_place() {
        let workspace = WorkspaceId::from_uuid(uuid::Uuid::from_u128(7));
        assert!(!judge(&[]).is_bad());
        let finding = judge(&[(workspace, 3), (workspace, 4)]);
        assert!(finding.is_bad() && finding.to_string().contains("from entry 3 on, and 1 more"), "{finding}");
    }
}
