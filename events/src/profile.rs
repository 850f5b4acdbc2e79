//! What a person says about themselves; the user service keeps it. The texts that name somebody are kept outside the
//! history: messages have their ids.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

mod values;

pub use values::{BirthYear, DisplayName, EquipmentSlug, Handle, HeightCm};

use crate::{
    Patch, Query, RejectionCode, Request, TextId, UserId,
    coach::Focus,
    rejection::INVALID_BODY,
    user::{Locale, TRY_AGAIN, TimeZoneName, USER_NOT_FOUND},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sex {
    Female,
    Male,
    Other,
}

/// The units that numbers are shown in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Units {
    #[default]
    Metric,
    Imperial,
}

/// The day on which a week begins in calendars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WeekStart {
    #[default]
    Monday,
    Saturday,
    Sunday,
}

/// How long somebody has trained.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Experience {
    /// Under half a year, or unknown.
    #[default]
    Novice,
    Experienced,
}

/// A joint that an injury may concern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Joint {
    Neck,
    Shoulder,
    Elbow,
    Wrist,
    LowerBack,
    Hip,
    Knee,
    Ankle,
}

impl Joint {
    pub const ALL: [Self; 8] =
        [Self::Neck, Self::Shoulder, Self::Elbow, Self::Wrist, Self::LowerBack, Self::Hip, Self::Knee, Self::Ankle];
}

/// An injury that a person reported. The coach neither names nor judges it: it leaves out what stresses the joint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Injury {
    pub joint: Joint,
    #[schemars(with = "String", extend("format" = "date"))]
    pub since: Date,
    /// From when on the joint may be loaded again, as the person said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    pub cleared: Option<Date>,
}

/// What others may see of somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Shared {
    Profile,
    Workouts,
    Records,
    Achievements,
    BodyWeight,
}

/// Who may see it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    #[default]
    Private,
    Followers,
    Public,
}

/// What a person said, without the texts that name them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct About {
    pub locale: Locale,
    pub time_zone: TimeZoneName,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub birth_year: Option<BirthYear>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sex: Option<Sex>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height_cm: Option<HeightCm>,
    /// Absent when it was never said: then loads are shown as they were logged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub units: Option<Units>,
    #[serde(default)]
    pub week_start: WeekStart,
    /// What the training is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goal: Option<Focus>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub experience: Option<Experience>,
    /// What is at hand; absent when it was never said, so that everything is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub equipment: Option<BTreeSet<EquipmentSlug>>,
    /// At most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    pub injuries: Vec<Injury>,
    /// Who may see what; what is not listed is private.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub visibility: BTreeMap<Shared, Visibility>,
}

impl About {
    pub const MAX_EQUIPMENT: usize = 64;
    pub const MAX_INJURIES: usize = 20;

    pub fn patched<C, H>(&self, patch: &ProfilePatch<C, H>) -> Self {
        let mut about = self.clone();
        patch.locale.apply_or_default(&mut about.locale);
        patch.time_zone.apply_or_default(&mut about.time_zone);
        patch.birth_year.apply(&mut about.birth_year);
        patch.sex.apply(&mut about.sex);
        patch.height_cm.apply(&mut about.height_cm);
        patch.units.apply(&mut about.units);
        patch.week_start.apply_or_default(&mut about.week_start);
        patch.goal.apply(&mut about.goal);
        patch.experience.apply(&mut about.experience);
        patch.equipment.apply(&mut about.equipment);
        patch.injuries.apply_or_default(&mut about.injuries);
        match &patch.visibility {
            Patch::Keep => {}
            Patch::Clear => about.visibility.clear(),
            Patch::Set(some) => about.visibility.extend(some.iter().map(|(shared, by)| (*shared, *by))),
        }
        about
    }
}

/// The texts that name somebody, by id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Called {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<TextId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handle: Option<TextId>,
}

/// A change of a profile: what is absent stays, what is null goes. With texts as people send it, with ids as it is sent on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(bound(deserialize = "C: Deserialize<'de>, H: Deserialize<'de>"))]
pub struct ProfilePatch<C, H> {
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub display_name: Patch<C>,
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub handle: Patch<H>,
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub locale: Patch<Locale>,
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub time_zone: Patch<TimeZoneName>,
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub birth_year: Patch<BirthYear>,
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub sex: Patch<Sex>,
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub height_cm: Patch<HeightCm>,
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub units: Patch<Units>,
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub week_start: Patch<WeekStart>,
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub goal: Patch<Focus>,
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub experience: Patch<Experience>,
    /// The whole of it, at most 64.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    #[schemars(length(max = 64))]
    pub equipment: Patch<BTreeSet<EquipmentSlug>>,
    /// All of them, at most 20.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    #[schemars(length(max = 20))]
    pub injuries: Patch<Vec<Injury>>,
    /// What is not listed stays.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub visibility: Patch<BTreeMap<Shared, Visibility>>,
}

impl<C, H> ProfilePatch<C, H> {
    /// The same with the ids of its texts.
    pub fn prepared(self, texts: &PreparedTexts) -> ProfilePatch<TextId, TextId> {
        ProfilePatch {
            display_name: self.display_name.with(texts.display_name),
            handle: self.handle.with(texts.handle),
            locale: self.locale,
            time_zone: self.time_zone,
            birth_year: self.birth_year,
            sex: self.sex,
            height_cm: self.height_cm,
            units: self.units,
            week_start: self.week_start,
            goal: self.goal,
            experience: self.experience,
            equipment: self.equipment,
            injuries: self.injuries,
            visibility: self.visibility,
        }
    }
}

// Rejections.

pub const HANDLE_TAKEN: RejectionCode =
    RejectionCode::conflict("handle_taken", "somebody else has this handle; choose another");

// Commands.

/// Change my profile.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ChangeProfile {
    pub change: ProfilePatch<TextId, TextId>,
    /// Done only if the profile has one of these revisions; without it, whichever it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub if_revision: Option<Vec<u32>>,
}

/// The result of changing a profile.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProfileSaved {
    /// 1 for somebody who has just signed up.
    pub revision: u32,
}

// Events.

/// A person said something else about themselves: all that they say now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProfileChanged {
    pub revision: u32,
    pub called: Called,
    pub about: Box<About>,
}

// Requests and queries.

/// Keep texts outside the history, and claim a handle: nobody else has it, however it is written.
#[derive(Clone, Serialize, Deserialize)]
pub struct PrepareTexts {
    pub user: UserId,
    pub display_name: Option<DisplayName>,
    pub handle: Option<Handle>,
}

/// The ids of the texts: the same for the same text.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct PreparedTexts {
    pub display_name: Option<TextId>,
    pub handle: Option<TextId>,
}

impl Request for PrepareTexts {
    const SERVICE: &'static str = "user";
    const NAME: &'static str = "prepare_texts";
    const REJECTIONS: &'static [RejectionCode] = &[INVALID_BODY, HANDLE_TAKEN, USER_NOT_FOUND, TRY_AGAIN];
    type Answer = PreparedTexts;
}

/// My profile.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GetProfile {
    pub user: UserId,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProfileView {
    pub user_id: UserId,
    pub revision: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<DisplayName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handle: Option<Handle>,
    /// Where there is a picture: its `ETag`, without the quotes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar: Option<String>,
    #[serde(flatten)]
    pub about: About,
}

impl Query for GetProfile {
    const SERVICE: &'static str = "user";
    const NAME: &'static str = "profile";
    const REJECTIONS: &'static [RejectionCode] = &[USER_NOT_FOUND, TRY_AGAIN];
    type Answer = ProfileView;
}
