//! The exercise catalogue, which every edge holds, and in it what people have of their own, which the workout service keeps.

mod own;
mod views;

use axum::{
    extract::{FromRequestParts, Query as UrlQuery, State},
    http::{HeaderMap, StatusCode, request::Parts},
    response::Response,
};
use plyo_events::{
    sealed::GetDataKey,
    user::Scope,
    workout::{CustomExerciseView, ListCustomExercises},
};
use plyo_exercises::{Catalogue, Category, Equipment, ExerciseId, Language, Level, Measure, Muscle, Pattern, Search};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use self::{
    own::Own,
    views::{Candidate, ExerciseDetail, ExerciseSummary, MatchView, detail, summary},
};
use super::{
    Ids, Operation, coach, gives, operation,
    query::{Parameters, has_tag, tagged},
};
use crate::{
    EdgeState,
    caller::Caller,
    problem::{Code, FAILED, NOT_FOUND, Problem},
};

const INVALID_SEARCH: Code = Code::new(
    StatusCode::UNPROCESSABLE_ENTITY,
    "invalid_search",
    "the query string has an unknown or invalid parameter",
);

/// How many exercises a name is offered for.
const CANDIDATES: usize = 5;

/// The filters of a search.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Filter {
    #[serde(default)]
    q: String,
    category: Option<Category>,
    muscle: Option<Muscle>,
    equipment: Option<Equipment>,
    pattern: Option<Pattern>,
    measure: Option<Measure>,
    level: Option<Level>,
    #[serde(default = "usual_limit")]
    limit: usize,
    /// Read with [`coach::Language`].
    #[serde(rename = "lang")]
    _lang: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Name {
    name: String,
    #[serde(rename = "lang")]
    _lang: Option<String>,
}

const fn usual_limit() -> usize {
    50
}

pub(super) fn operations() -> [Operation; 4] {
    let text = json!({ "type": "string" });
    let limit = json!({ "type": "integer", "minimum": 1, "maximum": 1000, "default": usual_limit() });
    let name = json!({ "type": "string", "examples": ["Bench Press (Dumbbell)"] });
    [
        described(
            "/exercises",
            "Search the exercises of the catalogue and my own",
            search,
            gives::<Vec<ExerciseSummary>>(),
        )
        .parameter("query", "q", "Words of a name, perhaps only begun or misspelled", text)
        .parameter("query", "limit", "How many", limit)
        .parameter("query", "category", "Its category", one_of::<Category>())
        .parameter("query", "muscle", "A muscle that it trains", one_of::<Muscle>())
        .parameter("query", "equipment", "Something that it needs", one_of::<Equipment>())
        .parameter("query", "pattern", "How the body moves", one_of::<Pattern>())
        .parameter("query", "measure", "What a set is logged in", one_of::<Measure>())
        .parameter("query", "level", "How much practice it takes", one_of::<Level>())
        .codes(&[INVALID_SEARCH])
        .asks::<ListCustomExercises>()
        .requests::<GetDataKey>(),
        has_tag(
            operation(
                axum::http::Method::GET,
                "/exercises/custom",
                "My own exercises by name, also archived and merged ones",
                own::list,
                gives::<Vec<CustomExerciseView>>(),
            )
            .with_token()
            .scope(Scope::ExercisesRead),
        )
        .codes(&[FAILED])
        .asks::<ListCustomExercises>()
        .requests::<GetDataKey>(),
        described("/exercises/match", "Which exercise a name from elsewhere means", find, gives::<MatchView>())
            .required("name", "The name", name)
            .codes(&[INVALID_SEARCH])
            .asks::<ListCustomExercises>()
            .requests::<GetDataKey>(),
        described(
            "/exercises/{slug}",
            "One exercise, by its slug, a former one or its id",
            one,
            gives::<ExerciseDetail>(),
        ),
    ]
}

fn described<T: 'static>(
    path: &'static str,
    summary: &'static str,
    handler: impl axum::handler::Handler<T, EdgeState>,
    answer: super::Answer,
) -> Operation {
    let operation = operation(axum::http::Method::GET, path, summary, handler, answer)
        .with_token()
        .scope(Scope::ExercisesRead)
        .codes(&[FAILED]);
    has_tag(coach::Language::describe(operation))
}

/// The values of an enum of the catalogue.
fn one_of<T: JsonSchema>() -> Value {
    let mut schema = schemars::generate::SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>();
    schema.remove("$schema");
    schema.remove("title");
    schema.to_value()
}

async fn search(
    State(state): State<EdgeState>,
    caller: Caller,
    Strict(filter): Strict<Filter>,
    coach::Language(wanted): coach::Language,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if !(1..=1000).contains(&filter.limit) {
        return Err(INVALID_SEARCH.because("limit must be a number from 1 to 1000"));
    }
    let language = language(wanted);
    let search = Search {
        text: &filter.q,
        language: None,
        category: filter.category,
        muscle: filter.muscle,
        equipment: filter.equipment,
        pattern: filter.pattern,
        measure: filter.measure,
        level: filter.level,
    };
    let mut found = Own::of(&state, caller.user).await?.search(&filter, language);
    let hits = Catalogue::get().search(&search, filter.limit);
    found.extend(hits.iter().map(|hit| (hit.score, summary(hit.exercise, language))));
    // Of those that fit as well, one's own are first.
    found.sort_by(|one, other| other.0.total_cmp(&one.0));
    let found: Vec<_> = found.into_iter().take(filter.limit).map(|(_, exercise)| exercise).collect();
    json_of(&headers, &found)
}

async fn find(
    State(state): State<EdgeState>,
    caller: Caller,
    Strict(Name { name, .. }): Strict<Name>,
    coach::Language(wanted): coach::Language,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (catalogue, language) = (Catalogue::get(), language(wanted));
    let candidate = |found: plyo_exercises::Match<'static>| Candidate {
        exercise: summary(found.exercise, language),
        score: found.score,
        because: found.reason.to_string(),
    };
    let own = Own::of(&state, caller.user).await?;
    let of_catalogue = || catalogue.resolve(&name).map(|found| summary(found.exercise, language));
    let exercise = own.named(&name, language).or_else(of_catalogue);
    let mut candidates = own.candidates(&name, language);
    candidates.extend(catalogue.matches(&name, CANDIDATES).into_iter().map(candidate));
    candidates.sort_by(|one, other| other.score.total_cmp(&one.score));
    candidates.truncate(CANDIDATES);
    json_of(&headers, &MatchView { exercise, candidates })
}

async fn one(
    _: Caller,
    Ids(slug): Ids<String>,
    coach::Language(wanted): coach::Language,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let catalogue = Catalogue::get();
    let by_id = || slug.parse().ok().and_then(|id| catalogue.by_id(ExerciseId(id)));
    let exercise = catalogue.by_slug(&slug).or_else(by_id).ok_or(NOT_FOUND)?;
    json_of(&headers, &detail(exercise, language(wanted)))
}

/// English where none of the wanted ones is known.
fn language(wanted: Option<String>) -> Language {
    wanted.as_deref().and_then(Language::wanted).unwrap_or_default()
}

fn json_of(headers: &HeaderMap, answer: &impl Serialize) -> Result<Response, Problem> {
    let body = serde_json::to_vec(answer).map_err(|_| FAILED)?;
    Ok(tagged(headers, None, body.into()))
}

/// A query string of which nothing is left over.
struct Strict<T>(T);

impl<T: DeserializeOwned + Send> FromRequestParts<EdgeState> for Strict<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &EdgeState) -> Result<Self, Problem> {
        let read = UrlQuery::<T>::from_request_parts(parts, state).await;
        read.map(|UrlQuery(read)| Self(read)).map_err(|error| INVALID_SEARCH.because(error.body_text()))
    }
}
