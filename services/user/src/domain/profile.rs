//! What a user says about themselves.

use jiff::{civil::Date, tz::TimeZone};
use plyo_events::{
    Command, Message, Output, Rejection, TextId, Violation,
    profile::{About, Called, ChangeProfile, Injury, ProfileChanged, ProfilePatch, ProfileSaved},
    rejection::check_revision,
    user::USER_NOT_FOUND,
};
use plyo_exercises::Equipment;
use strum::VariantArray as _;

use super::{DetailsRow, State};

/// A change that changes nothing is done without an event or a new revision.
pub(crate) fn change(state: &State, command: &Message<Command>, change: &ChangeProfile) -> Result<Output, Rejection> {
    let user_id = command.user();
    let registered = state.profiles.get(&(user_id,)).ok_or(USER_NOT_FOUND)?;
    let before = state.details.get(&(user_id,)).cloned().unwrap_or_else(|| DetailsRow {
        user_id,
        revision: 1,
        called: Called::default(),
        about: About { locale: registered.locale.clone(), time_zone: registered.time_zone.clone(), ..About::default() },
    });
    check_revision(before.revision, change.if_revision.as_deref())?;
    check(&change.change, TimeZone::UTC.to_datetime(command.time).date())?;
    let (mut called, about) = (before.called, before.about.patched(&change.change));
    change.change.display_name.apply(&mut called.display_name);
    change.change.handle.apply(&mut called.handle);
    if called == before.called && about == before.about {
        return Ok(Output::nothing().reply(ProfileSaved { revision: before.revision }));
    }
    let revision = before.revision + 1;
    let about = Box::new(about);
    Ok(Output::nothing().event(ProfileChanged { revision, called, about }).reply(ProfileSaved { revision }))
}

/// The rules that no single value can hold.
///
/// # Errors
/// `invalid_body`, with all violations.
fn check(change: &ProfilePatch<TextId, TextId>, today: Date) -> Result<(), Rejection> {
    let mut violations = Vec::new();
    let mut wrong = |pointer: String, detail: &str| violations.push(Violation { pointer, detail: detail.to_owned() });
    // Somewhere it is tomorrow already.
    let tomorrow = today.tomorrow().unwrap_or(today);
    if change.birth_year.set().is_some_and(|year| i32::from(u16::from(*year)) > i32::from(tomorrow.year())) {
        wrong("/birth_year".to_owned(), "a year of birth must not be ahead");
    }
    if let Some(equipment) = change.equipment.set() {
        if equipment.len() > About::MAX_EQUIPMENT {
            wrong("/equipment".to_owned(), "there are at most 64 kinds of equipment");
        }
        for slug in equipment {
            if !Equipment::VARIANTS.iter().any(|known| known.to_string() == slug.as_str()) {
                wrong("/equipment".to_owned(), &format!("there is no equipment `{}` in the catalogue", slug.as_str()));
            }
        }
    }
    let injuries = change.injuries.set().map_or(&[][..], Vec::as_slice);
    if injuries.len() > About::MAX_INJURIES {
        wrong("/injuries".to_owned(), "there are at most 20 injuries");
    }
    for (place, Injury { since, cleared, .. }) in injuries.iter().enumerate() {
        if *since > tomorrow {
            wrong(format!("/injuries/{place}/since"), "an injury must not be ahead");
        }
        if cleared.is_some_and(|cleared| cleared < *since) {
            wrong(format!("/injuries/{place}/cleared"), "a joint is cleared after it was injured");
        }
    }
    if violations.is_empty() { Ok(()) } else { Err(Rejection::violations(violations)) }
}
