//! What a question to the coach is asked with.

use axum::{
    extract::{FromRequestParts, Query as UrlQuery},
    http::{StatusCode, header, request::Parts},
};
use plyo_events::{coach::Wanted, training::ExerciseSlug};
use serde::Deserialize;
use serde_json::json;

use super::{Operation, query::Parameters};
use crate::{
    EdgeState,
    problem::{Code, Problem},
};

const INVALID_EXERCISE: Code = Code::new(
    StatusCode::UNPROCESSABLE_ENTITY,
    "invalid_exercise",
    "exercise must be the slug of an exercise, such as ?exercise=barbell-curl",
);

/// `?lang=`, or else `Accept-Language`.
pub(super) struct Language(pub Wanted);

/// `?exercise=`, and the language.
pub(super) struct OneExercise {
    pub exercise: ExerciseSlug,
    pub language: Wanted,
}

impl Parameters for Language {
    fn describe(operation: Operation) -> Operation {
        operation.parameter(
            "query",
            "lang",
            "Languages, in the form of Accept-Language; otherwise that header's, then the account's",
            json!({ "type": "string", "examples": ["de", "es-MX", "fr, en;q=0.5"] }),
        )
    }
}

impl FromRequestParts<EdgeState> for Language {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &EdgeState) -> Result<Self, Problem> {
        #[derive(Deserialize)]
        struct Lang {
            lang: Option<String>,
        }
        let asked = UrlQuery::<Lang>::from_request_parts(parts, state).await.ok().and_then(|asked| asked.0.lang);
        let accepted = parts.headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        Ok(Self(asked.or_else(|| accepted.map(str::to_owned))))
    }
}

impl Parameters for OneExercise {
    fn describe(operation: Operation) -> Operation {
        let slug = json!({ "type": "string", "pattern": "^[a-z0-9-]{1,64}$", "examples": ["barbell-curl"] });
        Language::describe(operation).codes(&[INVALID_EXERCISE]).required("exercise", "Slug of the exercise", slug)
    }
}

impl FromRequestParts<EdgeState> for OneExercise {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &EdgeState) -> Result<Self, Problem> {
        #[derive(Deserialize)]
        struct Which {
            exercise: ExerciseSlug,
        }
        let which = UrlQuery::<Which>::from_request_parts(parts, state).await;
        let UrlQuery(Which { exercise }) = which.map_err(|_| INVALID_EXERCISE)?;
        let Language(language) = Language::from_request_parts(parts, state).await?;
        Ok(Self { exercise, language })
    }
}
