//! Registrations, profiles, log-ins, ended sessions, exports, and the end of accounts.

pub(crate) mod administration;
mod erasure;
pub(crate) mod export;
pub(crate) mod mails;
mod profile;

use jiff::Timestamp;
use plyo_events::{
    Event, MailId, Message, Output, Rejection, SessionId, UserId,
    profile::{About, Called},
    user::{
        ALREADY_REGISTERED, Locale, RegisterUser, Registered, ReportFailedSignIn, ReportSignIn, RevocationReason,
        RevokeSession, SessionRevoked, SignInFailed, SignedIn, TimeZoneName, UserRegistered,
    },
};
use plyo_nats::{Rows, Table, Tables, row};

use self::administration::{ActRow, RoleRow, StaffRow, SuspensionRow};

row! {
    /// A user, as they signed up.
    pub(crate) struct ProfileRow: "profile" {
        [user_id: UserId]
        locale: Locale as text,
        time_zone: TimeZoneName as text,
        registered_at: Timestamp,
    }
}

row! {
    /// What a user has said since.
    pub(crate) struct DetailsRow: "details" {
        [user_id: UserId]
        revision: u32,
        called: Called as packed,
        about: About as packed,
    }
}

row! {
    pub(crate) struct RevokedSessionRow: "revoked_session" (forgotten) {
        [user_id: UserId, session_id: SessionId]
        reason: RevocationReason as text,
        revoked_at: Timestamp,
    }
}

row! {
    /// A mail that was asked for, and whether that has ended.
    pub(crate) struct MailRow: "mail" (forgotten) {
        [user_id: UserId, request_id: MailId]
        is_settled: bool,
    }
}

#[derive(Default)]
pub(crate) struct State {
    pub profiles: Rows<ProfileRow>,
    pub details: Rows<DetailsRow>,
    pub revoked: Rows<RevokedSessionRow>,
    pub mails: Rows<MailRow>,
    pub erasures: Rows<ErasureRow>,
    pub staff: Rows<StaffRow>,
    pub roles: Rows<RoleRow>,
    pub suspensions: Rows<SuspensionRow>,
    pub acts: Rows<ActRow>,
    pub exports: Rows<export::ExportRow>,
}

impl Tables for State {
    fn tables(&mut self) -> Vec<&mut dyn Table> {
        let Self { profiles, details, revoked, mails, erasures, staff, roles, suspensions, acts, exports } = self;
        vec![profiles, details, revoked, mails, erasures, staff, roles, suspensions, acts, exports]
    }
}

pub(crate) use erasure::{ErasureRow, completed, fall_due, keep, prepared, request};
pub(crate) use profile::change;

pub(crate) fn register(state: &State, user: UserId, register: &RegisterUser) -> Result<Output, Rejection> {
    if state.profiles.get(&(user,)).is_some() {
        return Err(ALREADY_REGISTERED.into());
    }
    let RegisterUser { locale, time_zone } = register.clone();
    Ok(Output::nothing().event(UserRegistered { locale, time_zone }).reply(Registered {}))
}

/// A session ends once.
pub(crate) fn revoke(state: &State, user: UserId, revoke: &RevokeSession) -> Output {
    if state.revoked.get(&(user, revoke.session_id)).is_some() {
        return Output::nothing();
    }
    Output::nothing().event(SessionRevoked { session_id: revoke.session_id, reason: revoke.reason })
}

/// The credential store opened the session; the command's id is that of the report.
pub(crate) fn signed_in(ReportSignIn { session_id, device, is_new_device }: &ReportSignIn) -> Output {
    let (session_id, device, is_new_device) = (*session_id, device.clone(), *is_new_device);
    Output::nothing().event(SignedIn { session_id, device, is_new_device })
}

pub(crate) fn sign_in_failed(ReportFailedSignIn { failures, device }: &ReportFailedSignIn) -> Output {
    Output::nothing().event(SignInFailed { failures: *failures, device: device.clone() })
}

impl State {
    pub(crate) fn evolve(&mut self, event: &Message<Event>) {
        match &event.body {
            Event::UserRegistered(registered) => self.profiles.put(ProfileRow {
                user_id: event.user(),
                locale: registered.locale.clone(),
                time_zone: registered.time_zone.clone(),
                registered_at: event.stored_time(),
            }),
            Event::ProfileChanged(changed) => self.details.put(DetailsRow {
                user_id: event.user(),
                revision: changed.revision,
                called: changed.called,
                about: (*changed.about).clone(),
            }),
            Event::SessionRevoked(revoked) => self.revoked.put(RevokedSessionRow {
                user_id: event.user(),
                session_id: revoked.session_id,
                reason: revoked.reason,
                revoked_at: event.stored_time(),
            }),
            Event::MailRequested(requested) => {
                self.mails.put(MailRow { user_id: event.user(), request_id: requested.request_id, is_settled: false });
            }
            Event::MailSettled(settled) => {
                self.mails.put(MailRow { user_id: event.user(), request_id: settled.request_id, is_settled: true });
            }
            Event::ErasureRequested(_)
            | Event::ErasureCancelled(_)
            | Event::UserErased(_)
            | Event::ErasurePrepared(_)
            | Event::ErasureCompleted(_) => self.evolve_erasure(event),
            Event::ExportRequested(_) | Event::ExportCompleted(_) | Event::ExportFailed(_) => self.evolve_export(event),
            _ => administration::evolve(self, event),
        }
    }
}
