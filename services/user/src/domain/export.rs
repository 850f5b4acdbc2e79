//! Exports: one at a time, and the newest is the one that can be fetched.

use jiff::{SignedDuration, Timestamp};
use plyo_events::{
    Command, Event, ExportId, Message, Output, Rejection, UserId,
    export::{EXPORT_NOT_OPEN, ExportCompleted, ExportFailed, ExportRequested, ExportSaved, ExportStage, ReportExport},
    user::USER_NOT_FOUND,
};
use plyo_nats::row;

use super::State;

/// Nobody waits longer for an export: another is begun.
const GIVEN_UP: SignedDuration = SignedDuration::from_hours(24);

row! {
    /// The newest export of a person.
    pub(crate) struct ExportRow: "export" (forgotten) {
        [user_id: UserId]
        export_id: ExportId,
        stage: ExportStage as text,
        requested_at: Timestamp,
        events: Option<u64>,
        bytes: Option<u64>,
        expires_at: Option<Timestamp>,
    }
}

pub(crate) fn request(state: &State, command: &Message<Command>) -> Result<Output, Rejection> {
    let user = command.user();
    if state.profiles.get(&(user,)).is_none() {
        return Err(USER_NOT_FOUND.into());
    }
    let stage = ExportStage::Requested;
    let is_under_way =
        |row: &&ExportRow| row.stage == stage && command.stored_time().duration_since(row.requested_at) < GIVEN_UP;
    if let Some(row) = state.exports.get(&(user,)).filter(is_under_way) {
        return Ok(Output::nothing().reply(ExportSaved { export_id: row.export_id, stage }));
    }
    let export_id = ExportId::new(command.id);
    Ok(Output::nothing().event(ExportRequested { export_id }).reply(ExportSaved { export_id, stage }))
}

pub(crate) fn report(state: &State, command: &Message<Command>, report: &ReportExport) -> Result<Output, Rejection> {
    let ReportExport { export_id, written } = *report;
    let open = |row: &&ExportRow| row.export_id == export_id && row.stage == ExportStage::Requested;
    if state.exports.get(&(command.user(),)).filter(open).is_none() {
        return Err(EXPORT_NOT_OPEN.into());
    }
    Ok(match written {
        Some(file) => Output::nothing().event(ExportCompleted { export_id, file }),
        None => Output::nothing().event(ExportFailed { export_id }),
    })
}

impl State {
    pub(super) fn evolve_export(&mut self, event: &Message<Event>) {
        let user_id = event.user();
        let row = match &event.body {
            Event::ExportRequested(requested) => ExportRow {
                user_id,
                export_id: requested.export_id,
                stage: ExportStage::Requested,
                requested_at: event.stored_time(),
                events: None,
                bytes: None,
                expires_at: None,
            },
            Event::ExportCompleted(ExportCompleted { export_id, file }) => {
                let Some(row) = self.exports.get(&(user_id,)).filter(|row| row.export_id == *export_id) else { return };
                ExportRow {
                    stage: ExportStage::Completed,
                    events: Some(file.events),
                    bytes: Some(file.bytes),
                    expires_at: Timestamp::from_microsecond(file.expires_at.as_microsecond()).ok(),
                    ..row.clone()
                }
            }
            Event::ExportFailed(ExportFailed { export_id }) => {
                let Some(row) = self.exports.get(&(user_id,)).filter(|row| row.export_id == *export_id) else { return };
                ExportRow { stage: ExportStage::Failed, ..row.clone() }
            }
            _ => return,
        };
        self.exports.put(row);
    }
}
