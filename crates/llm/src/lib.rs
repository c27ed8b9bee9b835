//! llm

pub mod sse;
