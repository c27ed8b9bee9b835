//! `cargo xtask tidy`: what a program can check of the architecture's law.
//!
//! Each rule is a function from what was read to what is wrong, one line each; reading happens here.

mod dependencies;
mod layout;
mod licences;
mod manifests;
mod metadata;
mod sources;

use std::fs;
use std::path::Path;

use crate::{Outcome, project};

/// Prints everything that is wrong, and fails when something is.
pub fn run(_: &[String]) -> Outcome {
    let root = project::root();
    let metadata = metadata::load()?;
    let mut wrong = layout::check(&layout::entries(root)?);
    wrong.extend(dependencies::check(&metadata.members()));
    wrong.extend(licences::check(&metadata.dependencies(), &licences::policy(root)?));
    for member in metadata.members() {
        let text = fs::read_to_string(&member.manifest)?;
        let has_library = member.manifest.with_file_name("src").join("lib.rs").is_file();
        wrong.extend(manifests::check(&member.name, &text.parse()?, has_library));
    }
    let machine = sources::Machine::this(root);
    let mut count = 0;
    layout::each_source(root, &mut |path: &Path| {
        let shown = path.strip_prefix(root).unwrap_or(path).display().to_string();
        wrong.extend(sources::check(&shown, &fs::read_to_string(path)?, &machine));
        count += 1;
        Ok(())
    })?;
    for line in &wrong {
        println!("{line}");
    }
    match wrong.len() {
        0 => {
            println!("{} packages and {count} files are tidy", metadata.members().len());
            Ok(())
        }
        number => Err(format!("{number} things are not tidy").into()),
    }
}
