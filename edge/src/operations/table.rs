//! The table: a row for each operation.

use axum::http::{Method, StatusCode};
use plyo_events::{
    achievement::ListAchievements,
    coach::{
        AcceptRecommendation, DismissRecommendation, Dismissal, GetCoachState, GetNextLoad, GetNextSession, GetWhy,
        Goals, ListRecommendations, RecommendationSaved, SetGoals, Snooze, SnoozeRecommendation,
    },
    notification::{
        CountNotifications, GetPreferences, ListNotifications, NotificationCounts, Preferences, ReadAllNotifications,
        ReadNotification, SetPreferences,
    },
    sealed::GetDataKey,
    training::ExerciseName,
    user::Scope,
    workout::{
        ArchiveExercise, BodyWeightSaved, CancelReminder, ChangeExercise, CorrectWorkout, CreateExercise,
        CustomExercise, CustomExerciseSaved, DeleteWorkout, ExerciseChange, GetCustomExercise, GetWorkout,
        ListBodyWeights, ListRecords, ListReminders, ListWorkouts, LogBodyWeight, LogWorkout, MergeExercise, MergeInto,
        MoveReminder, ReminderSaved, SetReminder, WorkoutSaved,
    },
};
use serde_json::json;

use super::{
    Operation, accounts, admin, avatar,
    coach::{Language, OneExercise},
    command::{bare_command, command},
    creates, exercises, export, gives, oidc, operation,
    outcome::{self, OutcomeView},
    query::{NotificationFilter, Paging, list, query, revised},
    status, streams,
};
use crate::{
    limits::ADDRESS,
    live::{self, CODES_OF_EVENTS, FOREIGN_ORIGIN, INVALID_TOPICS, NO_UPGRADE},
};

const GET: Method = Method::GET;
const POST: Method = Method::POST;
const PUT: Method = Method::PUT;
const DELETE: Method = Method::DELETE;

pub(crate) fn operations() -> Vec<Operation> {
    let mut all = accounts::operations();
    all.extend(avatar::operations());
    all.extend(oidc::operations());
    all.extend(export::operations());
    all.extend(admin::operations());
    all.extend(of_services());
    all.extend(exercises::operations());
    all
}

fn of_services() -> Vec<Operation> {
    vec![
        // The training log.
        command(
            POST,
            "/workouts",
            "Log a workout",
            |(), workout| LogWorkout { workout },
            creates::<WorkoutSaved>("/workouts/{workout_id}"),
        )
        .scope(Scope::WorkoutsWrite),
        list("/workouts", "My workouts, latest first", |user, (), Paging { cursor, limit }| ListWorkouts {
            user,
            cursor,
            limit,
        })
        .scope(Scope::WorkoutsRead),
        revised("/workouts/{id}", "One workout", |user, workout_id| GetWorkout { user, workout_id })
            .scope(Scope::WorkoutsRead),
        command(
            PUT,
            "/workouts/{id}",
            "Correct a workout",
            |workout_id, workout| CorrectWorkout { workout_id, workout, if_revision: None },
            gives::<WorkoutSaved>(),
        )
        .scope(Scope::WorkoutsWrite),
        bare_command(
            DELETE,
            "/workouts/{id}",
            "Delete a workout",
            |workout_id| DeleteWorkout { workout_id, if_revision: None },
            gives::<WorkoutSaved>(),
        )
        .scope(Scope::WorkoutsWrite),
        query("/workouts/records", "My current records", |user, ()| ListRecords { user }).scope(Scope::RecordsRead),
        command(
            PUT,
            "/workouts/body-weight",
            "Log what I weigh on a date",
            |(), weight: LogBodyWeight| weight,
            gives::<BodyWeightSaved>(),
        )
        .scope(Scope::BodyWrite),
        query("/workouts/body-weight", "What I weighed, latest first", |user, ()| ListBodyWeights { user })
            .scope(Scope::BodyRead),
        command(
            POST,
            "/exercises/custom",
            "Create an exercise of my own",
            |(), exercise: CustomExercise<ExerciseName>| CreateExercise { exercise: exercise.into() },
            creates::<CustomExerciseSaved>("/exercises/custom/{exercise_id}"),
        )
        .requests::<GetDataKey>()
        .scope(Scope::ExercisesWrite),
        revised("/exercises/custom/{id}", "One of my own exercises", |user, exercise_id| GetCustomExercise {
            user,
            exercise_id,
        })
        .requests::<GetDataKey>()
        .scope(Scope::ExercisesRead),
        command(
            PUT,
            "/exercises/custom/{id}",
            "Change an exercise of my own",
            |exercise_id, exercise: ExerciseChange<ExerciseName>| ChangeExercise {
                exercise_id,
                exercise: exercise.into(),
                if_revision: None,
            },
            gives::<CustomExerciseSaved>(),
        )
        .requests::<GetDataKey>()
        .scope(Scope::ExercisesWrite),
        bare_command(
            DELETE,
            "/exercises/custom/{id}",
            "Archive an exercise of my own; what was logged with it stays",
            |exercise_id| ArchiveExercise { exercise_id, if_revision: None },
            gives::<CustomExerciseSaved>(),
        )
        .scope(Scope::ExercisesWrite),
        command(
            POST,
            "/exercises/custom/{id}/merge",
            "Merge an exercise of my own into one of the catalogue",
            |exercise_id, MergeInto { into }| MergeExercise { exercise_id, into, if_revision: None },
            gives::<CustomExerciseSaved>(),
        )
        .scope(Scope::ExercisesWrite),
        command(
            POST,
            "/workouts/reminders",
            "Remind me to train",
            |(), reminder: SetReminder| reminder,
            creates::<ReminderSaved>("/workouts/reminders/{reminder_id}"),
        )
        .scope(Scope::RemindersWrite),
        query("/workouts/reminders", "My pending reminders", |user, ()| ListReminders { user })
            .scope(Scope::RemindersRead),
        command(
            PUT,
            "/workouts/reminders/{id}",
            "Move a reminder",
            |reminder_id, SetReminder { due_at }| MoveReminder { reminder_id, due_at, if_revision: None },
            gives::<ReminderSaved>(),
        )
        .scope(Scope::RemindersWrite),
        bare_command(
            DELETE,
            "/workouts/reminders/{id}",
            "Cancel a reminder",
            |reminder_id| CancelReminder { reminder_id, if_revision: None },
            gives::<ReminderSaved>(),
        )
        .scope(Scope::RemindersWrite),
        // What comes of it.
        query("/achievements", "All achievements, with my progress", |user, ()| ListAchievements { user })
            .scope(Scope::AchievementsRead),
        list(
            "/notifications",
            "My notifications, newest first",
            |user, (), NotificationFilter { paging: Paging { cursor, limit }, unread_only }| ListNotifications {
                user,
                unread_only,
                cursor,
                limit,
            },
        )
        .scope(Scope::NotificationsRead),
        query("/notifications/counts", "Count my notifications", |user, ()| CountNotifications { user })
            .scope(Scope::NotificationsRead),
        bare_command(
            POST,
            "/notifications/{id}/read",
            "Mark a notification as read",
            |notification_id| ReadNotification { notification_id },
            gives::<NotificationCounts>(),
        )
        .scope(Scope::NotificationsWrite),
        bare_command(
            POST,
            "/notifications/read-all",
            "Mark all notifications as read",
            |()| ReadAllNotifications {},
            gives::<NotificationCounts>(),
        )
        .scope(Scope::NotificationsWrite),
        query("/notifications/preferences", "My notification preferences", |user, ()| GetPreferences { user })
            .scope(Scope::NotificationsRead),
        command(
            PUT,
            "/notifications/preferences",
            "Set my notification preferences",
            |(), preferences: SetPreferences| preferences,
            gives::<Preferences>(),
        )
        .scope(Scope::NotificationsWrite),
        // The coach.
        list("/coach/recommendations", "What the coach recommends to me", |user, (), Language(language)| {
            ListRecommendations { user, language }
        })
        .scope(Scope::CoachRead),
        bare_command(
            POST,
            "/coach/recommendations/{id}/accept",
            "Accept a recommendation",
            |recommendation_id| AcceptRecommendation { recommendation_id },
            gives::<RecommendationSaved>(),
        )
        .scope(Scope::CoachWrite),
        command(
            POST,
            "/coach/recommendations/{id}/dismiss",
            "Dismiss a recommendation, and why",
            |recommendation_id, Dismissal { reason, exercise }| DismissRecommendation {
                recommendation_id,
                reason,
                exercise,
            },
            gives::<RecommendationSaved>(),
        )
        .scope(Scope::CoachWrite),
        command(
            POST,
            "/coach/recommendations/{id}/snooze",
            "Snooze a recommendation for some days",
            |recommendation_id, Snooze { days }| SnoozeRecommendation { recommendation_id, days },
            gives::<RecommendationSaved>(),
        )
        .scope(Scope::CoachWrite),
        list("/coach/next-session", "My next workout", |user, (), Language(language)| GetNextSession {
            user,
            language,
        })
        .scope(Scope::CoachRead),
        list("/coach/next-load", "My next load of an exercise", |user, (), OneExercise { exercise, language }| {
            GetNextLoad { user, exercise, language }
        })
        .scope(Scope::CoachRead),
        list(
            "/coach/why/{id}",
            "Which events and rules led to a recommendation, and what would change it",
            |user, recommendation_id, Language(language)| GetWhy { user, recommendation_id, language },
        )
        .scope(Scope::CoachRead),
        list(
            "/coach/state",
            "What the coach believes about me, and what it does not know",
            |user, (), Language(language)| GetCoachState { user, language },
        )
        .scope(Scope::CoachRead),
        command(POST, "/coach/goals", "Set what I train for", |(), goals| SetGoals { goals }, gives::<Goals>())
            .scope(Scope::CoachWrite),
        // The edge's own.
        outcome::answers_of_commands(operation(
            GET,
            "/commands/{service}/{id}",
            "The outcome of a command",
            outcome::outcome,
            gives::<OutcomeView>(),
        ))
        .scope(Scope::CommandsRead),
        operation(
            GET,
            "/events",
            "All my events, as server-sent events; resumes with Last-Event-ID",
            live::events,
            streams("text/event-stream"),
        )
        .with_token()
        .codes(&CODES_OF_EVENTS)
        .codes(&[INVALID_TOPICS])
        .parameter(
            "header",
            "Last-Event-ID",
            "The `id` of the last event that is known: the stream goes on after it",
            json!({ "type": "string" }),
        )
        .parameter(
            "query",
            "topics",
            "Topics, separated by commas: `me`, or a subject such as `group-<uuid>`",
            json!({ "type": "string", "default": "me" }),
        )
        .scope(Scope::EventsRead),
        operation(
            GET,
            "/live",
            "All my events, over a WebSocket; see the AsyncAPI document",
            live::socket,
            status(StatusCode::SWITCHING_PROTOCOLS),
        )
        .codes(&[FOREIGN_ORIGIN, NO_UPGRADE])
        .limited_by(&[&ADDRESS])
        .scope(Scope::EventsRead),
    ]
}
