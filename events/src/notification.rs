//! The notification service: what a user is told, why, and whether it was read.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    EventId, NotificationId, Query, RecommendationId, RejectionCode, ReminderId, SessionId, UserId, WorkoutId,
    achievement::Metric, coach::Param, query::Page, rejection::INVALID_CURSOR, training::ExerciseSlug, user::Device,
    workout::RecordKind,
};

/// What a notification is about; preferences are per kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NotificationKind {
    AchievementUnlocked,
    RecordSet,
    WorkoutReminder,
    /// The coach has a recommendation.
    Recommendation,
    /// Something about the account's safety. It cannot be turned off.
    Security,
}

impl NotificationKind {
    /// Those that can be turned off.
    pub const ALL: [Self; 4] =
        [Self::AchievementUnlocked, Self::RecordSet, Self::WorkoutReminder, Self::Recommendation];
}

/// Why a user was notified: the event behind it, and the preference that allowed it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Because {
    pub event: EventId,
    /// `workout.completed`
    pub event_type: String,
    /// Whether the user chose this, or it is the default.
    pub preference: PreferenceSource,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PreferenceSource {
    Default,
    Chosen,
}

// Rejections.

pub const NOTIFICATION_NOT_FOUND: RejectionCode =
    RejectionCode::not_found("notification_not_found", "there is no such notification");

// Commands.

/// By those that can be turned off.
fn of_kinds(schema: &mut schemars::Schema) {
    schema.insert("propertyNames".to_owned(), serde_json::json!({ "enum": NotificationKind::ALL }));
}

/// Mark one notification as read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReadNotification {
    pub notification_id: NotificationId,
}

/// Mark all notifications so far as read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReadAllNotifications {}

/// Set notification preferences. Kinds that are not listed keep their setting; `security` cannot be turned off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SetPreferences {
    #[schemars(transform = of_kinds)]
    pub in_app: BTreeMap<NotificationKind, bool>,
}

// Events.

/// A user is notified in the app.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NotificationCreated {
    pub notification_id: NotificationId,
    /// 1, 2, 3 … per user.
    pub number: u64,
    pub kind: NotificationKind,
    /// What it is about, such as `achievement:workouts_10`: a later retraction has the same value.
    pub subject: String,
    pub because: Because,
    pub params: Told,
}

/// What a client needs to render the text, by the kind of notification. Notifications own these types, so that they stay
/// readable however the events behind them change. Fields are in alphabetical order, as they were stored before they had a
/// type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Told {
    /// Of `achievement_unlocked`.
    Achievement(AchievementTold),
    /// Of `record_set`.
    Records(RecordsTold),
    /// Of `workout_reminder`.
    Reminder(ReminderTold),
    /// Of `recommendation`.
    Recommendation(RecommendationTold),
    /// Of `security`.
    Security(SecurityTold),
}

/// An unlocked achievement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AchievementTold {
    /// Stable name of the rule: `workouts_10`.
    pub code: String,
    pub metric: Metric,
    /// The value that the rule requires.
    pub threshold: u64,
    /// The value of the metric when the rule was met.
    pub value: u64,
}

/// All new and current records of one workout.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RecordsTold {
    /// By exercise and kind, one each.
    pub records: Vec<RecordTold>,
    pub workout_id: WorkoutId,
}

/// A record, and the one that it beats.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RecordTold {
    pub exercise: ExerciseSlug,
    pub kind: RecordKind,
    pub mark: MarkTold,
    /// Absent for the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<MarkTold>,
    /// Always false: a restored record was announced when it was first set.
    #[serde(default)]
    pub reestablished: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MarkTold {
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub achieved_at: Timestamp,
    /// Grams for loads, a count for repetitions.
    pub value: u64,
    pub workout_id: WorkoutId,
}

/// A due reminder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReminderTold {
    /// The clock's event.
    pub clock_event: EventId,
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub due_at: Timestamp,
    pub reminder_id: ReminderId,
}

/// The first sentence of a recommendation; the others are in the recommendation itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RecommendationTold {
    pub recommendation_id: RecommendationId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Code of the sentence, and its numbers and names.
    pub headline: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, Param>,
}

/// What happened to the account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SecurityTold {
    /// What it was done on, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<Device>,
    /// The session that it is about, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<SessionId>,
    pub what: SecurityNews,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SecurityNews {
    /// It was logged in to on a device that was not used before.
    NewDevice,
    PasswordChanged,
    /// By a code that was sent by mail.
    PasswordReset,
    EmailChanged,
    SecondFactorAdded,
    SecondFactorRemoved,
    RecoveryCodeUsed,
    AccessTokenCreated,
    PasskeyAdded,
    PasskeyRemoved,
    /// An account of another provider logs in to this one.
    ProviderLinked,
    ProviderUnlinked,
    /// The account was suspended, and could not be logged in to.
    Suspended,
    /// It may be logged in to again.
    Reinstated,
}

/// A notification was read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NotificationRead {
    pub notification_id: NotificationId,
}

/// All notifications up to this number were read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AllNotificationsRead {
    pub through: u64,
}

/// A notification no longer holds: its achievement was revoked, its records changed, or its recommendation was withdrawn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NotificationRetracted {
    pub notification_id: NotificationId,
    pub because: Because,
}

/// A user set notification preferences: every kind ever chosen, with its setting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PreferencesChanged {
    pub in_app: BTreeMap<NotificationKind, bool>,
}

// Queries.

/// Notifications, newest first.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ListNotifications {
    pub user: UserId,
    pub unread_only: bool,
    #[serde(default)]
    pub cursor: Option<String>,
    /// 1 to 100.
    pub limit: u32,
}

/// The current state of a notification.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NotificationView {
    pub notification_id: NotificationId,
    pub number: u64,
    pub kind: NotificationKind,
    pub read: bool,
    pub retracted: bool,
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub created_at: Timestamp,
    pub because: Because,
    pub params: Told,
}

impl Query for ListNotifications {
    const SERVICE: &'static str = "notification";
    const NAME: &'static str = "list";
    const REJECTIONS: &'static [RejectionCode] = &[INVALID_CURSOR];
    type Answer = Page<NotificationView>;
}

/// The number of notifications.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CountNotifications {
    pub user: UserId,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NotificationCounts {
    pub total: u64,
    pub unread: u64,
}

impl Query for CountNotifications {
    const SERVICE: &'static str = "notification";
    const NAME: &'static str = "counts";
    type Answer = NotificationCounts;
}

/// This user's notification preferences.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GetPreferences {
    pub user: UserId,
}

/// Every kind with its setting, chosen or default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Preferences {
    pub in_app: BTreeMap<NotificationKind, bool>,
}

impl Query for GetPreferences {
    const SERVICE: &'static str = "notification";
    const NAME: &'static str = "preferences";
    type Answer = Preferences;
}
