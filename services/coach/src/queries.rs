//! Answers of the coach, in the reader's language.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use plyo_events::{
    RecommendationId, UserId,
    coach::{
        self, CoachStateView, GetCoachState, GetNextLoad, GetNextSession, GetWhy, LiftView, ListRecommendations,
        RECOMMENDATION_NOT_FOUND, ReasonView, RecommendationStatus, RecommendationView, RuleView, Wanted, WhyView,
    },
    workout::UNKNOWN_EXERCISE,
};
use plyo_nats::{Context, QueryError};
use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    catalogue::knowledge,
    domain::{
        profile::Profile,
        reasons::{Params, Reason},
        recommend::{self, Recommendation, Situation, next_time},
        state::{Training, stored::Stored as _},
        texts::{Key, Language, Style, explain, say},
    },
    notes::Note,
    store::{self, Known},
    wire,
};

mod beliefs;

/// Everything that an answer is made from.
struct Reader {
    known: Known,
    training: Training,
    profile: Profile,
    now: DateTime,
    style: Style,
}

impl Reader {
    async fn new(pool: &PgPool, user: UserId, wanted: Wanted) -> Result<Self, QueryError> {
        let known = store::known(pool, user).await?;
        let readable = known.snapshot.as_ref().map(|(_, bytes)| Training::from_bytes(bytes));
        let training = match readable {
            Some(Ok(training)) => fold(training, known.notes.get(1..).unwrap_or_default()),
            None => fold(Training::new(knowledge().global), &known.notes),
            // Another model wrote it: what it learnt is learnt again.
            Some(Err(_)) => fold(Training::new(knowledge().global), &store::notes(pool, user).await?),
        };
        let is_pounds = known.notes.last().is_some_and(Note::is_pounds);
        let profile = wire::profile(&known.goals, known.about.as_ref(), is_pounds, &training);
        let zone = known.time_zone.as_deref().and_then(|name| TimeZone::get(name).ok()).unwrap_or(TimeZone::UTC);
        #[expect(clippy::disallowed_methods, reason = "a question is about the time when it is asked")]
        let now = zone.to_datetime(Timestamp::now());
        let asked = [wanted.as_deref(), known.locale.as_deref()];
        let language = asked.into_iter().flatten().find_map(Language::wanted).unwrap_or_default();
        let style = Style { language, unit: profile.unit };
        Ok(Self { known, training, profile, now, style })
    }

    fn situation(&self) -> Situation<'_> {
        let Self { known, training, profile, now, .. } = self;
        let guidance = &known.guidance;
        Situation::new(knowledge(), profile, training, guidance, *now, 0)
    }

    fn answer(&self, one: &Recommendation) -> RecommendationView {
        let told = wire::told(&self.situation(), one, RecommendationId::new(Uuid::nil()));
        RecommendationView { recommendation_id: None, ..view(&told, self.style) }
    }
}

fn fold(mut training: Training, notes: &[Note]) -> Training {
    for note in notes {
        training.fold(knowledge(), &note.workout());
    }
    training
}

pub(crate) async fn list(context: Context, query: ListRecommendations) -> Result<Vec<RecommendationView>, QueryError> {
    let reader = Reader::new(&context.pool, query.user, query.language).await?;
    let ids: Vec<Uuid> = reader.known.open.iter().map(|open| open.id).collect();
    let mut found = store::recommendations(&context.pool, query.user, &ids).await?;
    found.retain(|(told, ..)| told.until >= reader.now);
    found.sort_by_key(|(told, ..)| {
        let place = ids.iter().position(|id| *id == told.recommendation_id.uuid());
        (std::cmp::Reverse(told.made_at), place)
    });
    let view = |(told, status, _): &store::Found| RecommendationView {
        status: Some(status.unwrap_or(RecommendationStatus::Open)),
        ..view(told, reader.style)
    };
    Ok(found.iter().map(view).collect())
}

pub(crate) async fn next_session(context: Context, query: GetNextSession) -> Result<RecommendationView, QueryError> {
    let reader = Reader::new(&context.pool, query.user, query.language).await?;
    let situation = reader.situation();
    Ok(reader.answer(&recommend::next_session(&situation, next_time(&situation))))
}

pub(crate) async fn next_load(context: Context, query: GetNextLoad) -> Result<RecommendationView, QueryError> {
    if knowledge().exercises.get(&query.exercise).is_none() {
        return Err(UNKNOWN_EXERCISE.into());
    }
    let reader = Reader::new(&context.pool, query.user, query.language).await?;
    let situation = reader.situation();
    Ok(reader.answer(&recommend::next_load(&situation, &query.exercise, next_time(&situation))))
}

pub(crate) async fn why(context: Context, query: GetWhy) -> Result<WhyView, QueryError> {
    let id = query.recommendation_id.uuid();
    let found = store::recommendations(&context.pool, query.user, &[id]).await?.pop();
    let (told, fate, withdrawn) = found.ok_or(RECOMMENDATION_NOT_FOUND)?;
    let reader = Reader::new(&context.pool, query.user, query.language).await?;
    let is_open = reader.known.open.iter().any(|open| open.id == id);
    let status = match fate {
        Some(RecommendationStatus::Accepted) | None if !is_open => RecommendationStatus::Replaced,
        fate => fate.unwrap_or(RecommendationStatus::Open),
    };
    let style = reader.style;
    let explanation = wire::explanation(&told);
    let reason = |reason: &Reason| ReasonView {
        code: wire::code(&reason.code),
        text: sentence(Key::Reason(reason.code), &reason.params, style),
        weight: reason.weight,
        n: reason.evidence.n,
        window_days: reason.evidence.window_days,
    };
    let rule = |rule: &crate::domain::safety::Rule| RuleView {
        code: wire::code(rule),
        text: sentence(Key::Rule(*rule), &Params::new(), style),
    };
    let otherwise = explanation.counterfactual.as_ref();
    Ok(WhyView {
        recommendation: RecommendationView { status: Some(status), ..view(&told, style) },
        withdrawn,
        reasons: explanation.reasons.iter().map(reason).collect(),
        safety: explanation.safety.iter().map(rule).collect(),
        would_change_it: otherwise.map(|otherwise| sentence(Key::Otherwise(otherwise.code), &otherwise.params, style)),
        evidence: told.evidence,
        versions: told.versions,
    })
}

pub(crate) async fn state(context: Context, query: GetCoachState) -> Result<CoachStateView, QueryError> {
    let reader = Reader::new(&context.pool, query.user, query.language).await?;
    Ok(beliefs::view(&reader))
}

/// A recommendation as a person reads it.
fn view(told: &coach::Recommendation, style: Style) -> RecommendationView {
    let explanation = wire::explanation(told);
    let headline = wire::headline(told).map(Key::Headline);
    let because = explain(&explanation, style, knowledge().exercises).unwrap_or_default();
    let lift = |lift: &coach::ProposedLift| LiftView { name: name(&lift.exercise, style), lift: lift.clone() };
    RecommendationView {
        recommendation_id: Some(told.recommendation_id),
        status: None,
        kind: told.kind.clone(),
        subject: told.subject.clone(),
        headline: headline.map_or_else(String::new, |key| sentence(key, &wire::params_of(&told.params), style)),
        because: because.into_iter().map(|sentence| plain(&sentence)).collect(),
        lifts: told.lifts.iter().map(lift).collect(),
        days: told.days.clone(),
        range80_kg: told.range80_kg,
        confidence: told.confidence,
        until: told.until,
    }
}

fn name(slug: &plyo_events::training::ExerciseSlug, style: Style) -> String {
    let names = knowledge().exercises.get(slug).map(|exercise| match style.language {
        Language::En => &exercise.names.en,
        Language::De => &exercise.names.de,
        Language::Es => &exercise.names.es,
    });
    names.map_or_else(|| slug.as_str().replace('-', " "), ToString::to_string)
}

/// A sentence; empty where a number of it is not known here.
fn sentence(key: Key, params: &Params, style: Style) -> String {
    say(key, params, style, knowledge().exercises).map_or_else(|_| String::new(), |said| plain(&said))
}

/// Clients break lines themselves.
fn plain(sentence: &str) -> String {
    sentence.replace('\u{a0}', " ")
}
