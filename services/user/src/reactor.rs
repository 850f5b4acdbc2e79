//! The write side of accounts.

use plyo_events::{
    Command, Event, EventKind, Message, Output, Rejection,
    rejection::UNKNOWN_COMMAND,
    user::{EmailVerified, ReportMail, RequestMail, SecurityChanged},
};
use plyo_nats::{Incoming, Reactor};

use crate::domain::{self, State, export, mails};

#[derive(Clone, Debug)]
pub(crate) struct Accounts;

impl Reactor for Accounts {
    const NAME: &'static str = "user";
    const READS: &'static [EventKind] = &[];
    type State = State;

    fn needs(&self, message: Incoming<'_>, state: &mut State) {
        match message {
            Incoming::Command(command) => match &command.body {
                Command::RegisterUser(_) => state.profiles.want((command.user(),)),
                Command::ChangeProfile(_) => {
                    state.profiles.want((command.user(),));
                    state.details.want((command.user(),));
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
                _ => {}
            },
            Incoming::Event(event) => match &event.body {
                Event::ExportCompleted(_) | Event::ExportFailed(_) => state.exports.want((event.user(),)),
                // A replay only puts rows.
                _ => {}
            },
        }
    }

    fn decide(&self, state: &State, command: &Message<Command>) -> Result<Output, Rejection> {
        match &command.body {
            Command::RegisterUser(register) => domain::register(state, command.user(), register),
            Command::ChangeProfile(change) => domain::change(state, command, change),
            Command::RevokeSession(revoke) => Ok(domain::revoke(state, command.user(), revoke)),
            Command::ReportSignIn(report) => Ok(domain::signed_in(report)),
            Command::ReportFailedSignIn(report) => Ok(domain::sign_in_failed(report)),
            Command::ReportSecurityChange(report) => {
                Ok(Output::nothing().event(SecurityChanged { change: report.change }))
            }
            Command::ReportVerifiedEmail(_) => Ok(Output::nothing().event(EmailVerified {})),
            Command::RequestMail(request) => Ok(mails::request(state, command.user(), request)),
            Command::ReportMail(report) => mails::report(state, command.user(), report),
            Command::RequestExport(_) => export::request(state, command),
            Command::ReportExport(report) => export::report(state, command, report),
            _ => Err(UNKNOWN_COMMAND.into()),
        }
    }

    fn react(&self, _: &State, _: &Message<Event>) -> Output {
        Output::nothing()
    }

    fn evolve(&self, state: &mut State, event: &Message<Event>) {
        state.evolve(event);
    }
}

#[cfg(test)]
mod tests;
