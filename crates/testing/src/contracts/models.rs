//! What every list of [`Models`] does.

use std::collections::HashSet;
use std::sync::Arc;

use domain::ModelName;
use domain::ports::{Models, ResolveError};

/// Every model that is listed can be asked by its full name, and is listed once.
pub fn what_is_listed_can_be_asked(port: &Arc<dyn Models>) {
    let listed = port.list();
    for model in &listed {
        let resolved = port.resolve(&model.name).expect("a listed model");
        assert_eq!(resolved.name, model.name);
        assert_eq!(resolved.is_language_model, model.is_language_model);
    }
    let names: HashSet<_> = listed.iter().map(|model| &model.name).collect();
    assert_eq!(names.len(), listed.len());
}

/// Exactly one listed model is the default, and it is the one that answers when none is named.
pub fn one_model_is_the_default(port: &Arc<dyn Models>) {
    let defaults: Vec<_> = port.list().into_iter().filter(|model| model.is_default).collect();
    assert_eq!(defaults.len(), 1, "{defaults:?}");
    assert_eq!(defaults[0].name, port.default_model().name);
}

/// The built-in responder is always there.
pub fn recall_is_always_there(port: &Arc<dyn Models>) {
    let recall = ModelName::new(ModelName::RECALL).expect("a name");
    assert!(!port.resolve(&recall).expect("the built-in responder").is_language_model);
}

/// A name that leads nowhere is refused.
pub fn an_unknown_model_is_refused(port: &Arc<dyn Models>) {
    let unknown = ModelName::new("nobody/nothing").expect("a name");
    assert_eq!(port.resolve(&unknown).err(), Some(ResolveError::Unknown));
}

/// Makes a test of each promise. `$setup` gives an `Arc<dyn Models>`.
#[macro_export]
macro_rules! models_contract {
    ($setup:expr) => {
        $crate::models_contract! { @cases $setup;
            what_is_listed_can_be_asked
            one_model_is_the_default
            recall_is_always_there
            an_unknown_model_is_refused
        }
    };
    (@cases $setup:expr; $($case:ident)+) => {$(
        #[test]
        fn $case() {
            let port: std::sync::Arc<dyn domain::ports::Models> = $setup;
            $crate::contracts::models::$case(&port);
        }
    )+};
}
