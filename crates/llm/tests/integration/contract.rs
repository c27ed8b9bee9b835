//! The contract of the port.

use std::sync::Arc;

use domain::ports::ChatModel;
use testing::contracts::chat_model::MODEL;
use testing::upstream::{Script, Upstream};

use crate::support::{model, patient};

mod openai_compatible {
    use super::*;

    async fn setup() -> (Arc<dyn ChatModel>, Upstream) {
        let upstream = Upstream::start().await;
        upstream.script(MODEL, Script::reasoning("let me see ", "you wrote nothing about tomatoes"));
        (Arc::new(model(&patient(&upstream))), upstream)
    }

    testing::chat_model_contract!(setup().await);
}

mod recall {
    use super::*;
    use crate::recall::{FixedSearch, hit, recall};

    fn setup() -> (Arc<dyn ChatModel>, Arc<FixedSearch>) {
        let hits = vec![hit(1, "tomatoes need sun"), hit(2, "tomatoes again")];
        let (recall, search) = recall(FixedSearch { hits, ..FixedSearch::default() });
        (Arc::new(recall), search)
    }

    testing::chat_model_contract!(setup());
}

mod decorated {
    use super::*;
    use llm::{Breaker, BreakerSettings, Retry, RetrySettings};
    use testing::fakes::ScriptedModel;

    fn setup() -> (Arc<dyn ChatModel>, ()) {
        let model = Arc::new(ScriptedModel::answering("you wrote nothing about tomatoes"));
        let breaker = Arc::new(Breaker::new(model, BreakerSettings::default()));
        (Arc::new(Retry::new(breaker, RetrySettings::default())), ())
    }

    testing::chat_model_contract!(setup());
}

mod registry {
    use super::*;
    use crate::recall::FixedSearch;
    use domain::ports::Models;
    use llm::{Connected, ModelsSettings, ProviderKind, ProviderSettings, Recall, RecallSettings, Registry};

    /// A registry with these models of one provider.
    fn setup(models: &[&str]) -> Arc<dyn Models> {
        let connected = Connected::default();
        let search = Arc::new(FixedSearch::default());
        let recall = Arc::new(Recall::new(search, RecallSettings::default(), connected.clone()));
        let provider = ProviderSettings {
            models: models.iter().map(ToString::to_string).collect(),
            ..ProviderSettings::new(ProviderKind::Openai)
        };
        let providers = models.first().map(|_| ("mine".to_owned(), provider)).into_iter().collect();
        let registry = Registry::new(
            &providers,
            &ModelsSettings::default(),
            recall,
            connected,
            outbound::Guard::default(),
        );
        Arc::new(registry.expect("the settings are right"))
    }

    mod without_a_provider {
        use super::*;

        testing::models_contract!(setup(&[]));
    }

    mod with_a_provider {
        use super::*;

        testing::models_contract!(setup(&["small", "large"]));
    }
}
