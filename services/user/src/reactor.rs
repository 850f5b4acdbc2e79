//! The write side of accounts.

use plyo_events::{
    Command, CommandKind, Event, EventKind, Message, Output, Rejection,
    rejection::UNKNOWN_COMMAND,
    user::{EmailVerified, ReportMail, RequestMail, SecurityChanged},
};
use plyo_nats::{Incoming, Reactor};

use crate::domain::{self, State, administration, export, mails};

#[derive(Clone, Debug)]
pub(crate) struct Accounts;

impl Reactor for Accounts {
    const NAME: &'static str = "user";
    const READS: &'static [EventKind] = &[];
    const TIMERS: &'static [EventKind] = &[EventKind::ErasureDue];
    const KEEPS: &'static [&'static str] = &["erasure"];
    const SENDS: &'static [CommandKind] = &[CommandKind::RevokeSession, CommandKind::ReportSecurityChange];
    type State = State;

    fn needs(&self, message: Incoming<'_>, state: &mut State) {
        match message {
            Incoming::Command(command) => match &command.body {
                Command::RegisterUser(_) => state.profiles.want((command.user(),)),
                Command::ChangeProfile(_) => {
                    state.profiles.want((command.user(),));
                    state.details.want((command.user(),));
                }
                Command::RequestErasure(_) => {
                    state.profiles.want((command.user(),));
                    state.erasures.want((command.user(),));
                }
                Command::CancelErasure(_) | Command::ReportTablesErased(_) | Command::ReportMessagesErased(_) => {
                    state.erasures.want((command.user(),));
                }
                Command::RevokeSession(revoke) => state.revoked.want((command.user(), revoke.session_id)),
                Command::RequestMail(RequestMail { request_id, .. })
                | Command::ReportMail(ReportMail { request_id, .. }) => {
                    state.mails.want((command.user(), *request_id));
                }
                Command::RequestExport(_) => {
                    state.profiles.want((command.user(),));
                    state.exports.want((command.user(),));
                }
                Command::ReportExport(_) => state.exports.want((command.user(),)),
                _ => administration::needs(message, state),
            },
            Incoming::Event(event) => match &event.body {
                Event::ErasureDue(_) | Event::ErasurePrepared(_) | Event::ErasureCompleted(_) => {
                    state.erasures.want((event.user(),));
                }
                Event::ExportCompleted(_) | Event::ExportFailed(_) => state.exports.want((event.user(),)),
                // Of everything else a replay only puts rows.
                _ => administration::needs(message, state),
            },
        }
    }

    fn decide(&self, state: &State, command: &Message<Command>) -> Result<Output, Rejection> {
        match &command.body {
            Command::RegisterUser(register) => domain::register(state, command.user(), register),
            Command::ChangeProfile(change) => domain::change(state, command, change),
            Command::RequestErasure(request) => domain::request(state, command, request),
            Command::CancelErasure(_) => domain::keep(state, command.user()),
            Command::ReportTablesErased(report) => Ok(domain::prepared(state, command.user(), report.events)),
            Command::ReportMessagesErased(_) => Ok(domain::completed(state, command.user())),
            Command::RevokeSession(revoke) => Ok(domain::revoke(state, command.user(), revoke)),
            Command::ReportSignIn(report) => Ok(domain::signed_in(report)),
            Command::ReportFailedSignIn(report) => Ok(domain::sign_in_failed(report)),
            Command::ReportSecurityChange(report) => {
                Ok(Output::nothing().event(SecurityChanged { change: report.change }))
            }
            Command::ReportVerifiedEmail(_) => Ok(Output::nothing().event(EmailVerified {})),
            Command::RequestMail(request) => Ok(mails::request(state, command.user(), request)),
            Command::ReportMail(report) => mails::report(state, command.user(), report),
            Command::ChangeRole(change) => administration::change_role(state, command, change),
            Command::SuspendUser(suspend) => administration::suspend(state, command, suspend),
            Command::ReinstateUser(reinstate) => administration::reinstate(state, command, reinstate),
            Command::ForceLogOut(force) => administration::force_log_out(state, command, force),
            Command::ReportLogOut(report) => administration::report_log_out(state, command, report),
            Command::RequestExport(_) => export::request(state, command),
            Command::ReportExport(report) => export::report(state, command, report),
            _ => Err(UNKNOWN_COMMAND.into()),
        }
    }

    fn react(&self, state: &State, event: &Message<Event>) -> Output {
        match &event.body {
            Event::ErasureDue(due) => domain::fall_due(state, event.user(), due),
            _ => Output::nothing(),
        }
    }

    fn evolve(&self, state: &mut State, event: &Message<Event>) {
        state.evolve(event);
    }
}

#[cfg(test)]
mod tests;
