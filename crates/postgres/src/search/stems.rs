//! Marking what a language makes the same: whoever looks for "run" finds "running", and sees where.

use std::collections::BTreeSet;

use diesel::sql_types::Text;
use domain::WorkspaceId;
use storage::{Phrases, excerpt, tokens};

use super::Found;
use super::expression::MOST_TOKENS;
use crate::errors::Outcome;
use crate::session::Session;
use crate::statement::Value;

/// How many different words of the hits are compared with what was looked for.
const MOST_WORDS: usize = 4_000;

const SAME: &str = "SELECT s.word FROM unnest($3::text[]) AS s (word)
     JOIN workspaces w ON w.id = $1
     WHERE to_tsvector(('colloquy_' || w.search_language)::regconfig, s.word) @@ (SELECT search_query($1, $2))";

/// Marks the hits in which no word stands just as it was typed. Asks only when there are such, once for all of them.
pub(super) async fn mark(
    session: &Session,
    workspace_id: WorkspaceId,
    phrases: &Phrases,
    hits: &mut [Found],
) -> Outcome<()> {
    let unmarked = || hits.iter().filter(|found| found.hit.highlights.is_empty());
    let mut words = BTreeSet::new();
    for (_, word) in unmarked().flat_map(|found| tokens(&found.said)) {
        if words.len() == MOST_WORDS {
            break;
        }
        words.insert(word);
    }
    if words.is_empty() {
        return Ok(());
    }
    let any: Vec<String> =
        phrases.as_slice().iter().flatten().take(MOST_TOKENS).map(|token| format!("'{token}'")).collect();
    let asked = Value::Texts(words.into_iter().map(|word| Some(word.into())).collect());
    let any = any.join(" | ");
    let rows = session.load::<Text, String>(SAME, &[workspace_id.into(), (&any).into(), asked]).await?;
    let same: BTreeSet<String> = rows.into_iter().collect();
    for found in hits.iter_mut().filter(|found| found.hit.highlights.is_empty()) {
        let forms: BTreeSet<String> =
            tokens(&found.said).map(|(_, token)| token).filter(|token| same.contains(token)).collect();
        let forms: Vec<String> = forms.into_iter().collect();
        (found.hit.snippet, found.hit.highlights) = excerpt(&found.said, &Phrases::new(&forms));
    }
    Ok(())
}
