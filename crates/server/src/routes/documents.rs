//! The documents that describe the interfaces, and the page that shows one of them.

use actix_web::HttpResponse;
use actix_web::http::{Method, StatusCode, header};
use schemars::{Schema, SchemaGenerator, json_schema};

use crate::pages;
use crate::route::{Answer, Call, Handling, Route};

pub fn routes() -> [Route; 2] {
    let answer = |description| {
        let empty = Answer::empty(StatusCode::OK, description);
        empty.or("application/json", object_schema)
    };
    [
        Route::new(
            Method::GET,
            "/api/openapi.json",
            "document.openapi",
            "documents",
            "This document (OpenAPI 3.1)",
            openapi,
        )
        .for_anyone()
        .answer(answer("The document.")),
        Route::new(
            Method::GET,
            "/api/asyncapi.json",
            "document.asyncapi",
            "documents",
            "The document of the WebSocket (AsyncAPI 3)",
            asyncapi,
        )
        .for_anyone()
        .answer(answer("The document.")),
    ]
}

/// `GET /docs`: a page for people, which is no part of the interface that it describes.
pub fn page(call: Call) -> Handling {
    Box::pin(async move { Ok(pages::html(call.state.documents().page.clone())) })
}

fn object_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "object"})
}

fn openapi(call: Call) -> Handling {
    Box::pin(async move { Ok(json(call.state.documents().openapi.clone())) })
}

fn asyncapi(call: Call) -> Handling {
    Box::pin(async move { Ok(json(call.state.documents().asyncapi.clone())) })
}

fn json(text: bytes::Bytes) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CONTENT_TYPE, "application/json")).body(text)
}
