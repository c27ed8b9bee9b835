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
