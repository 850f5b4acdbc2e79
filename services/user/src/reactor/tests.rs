//! Stories and properties of the write side: no database, no broker.

mod administration;

use jiff::Timestamp;
use plyo_events::{
    ExportId, MailId, SessionId, UserId,
    administration::{Role, RoleChange},
    clock::ErasureDue,
    erasure::{CancelErasure, ReportMessagesErased, ReportTablesErased, RequestErasure},
    export::{ExportFile, ReportExport, RequestExport},
    profile::ChangeProfile,
    user::{
        Locale, MailKind, MailResult, RegisterUser, ReportFailedSignIn, ReportMail, ReportSecurityChange, ReportSignIn,
        RequestMail, RevocationReason, RevokeSession, SecurityChange, SignedIn, TimeZoneName,
    },
};
use plyo_nats::testing::{Delivery, Input, Lane};
use proptest::{collection::vec, prelude::*};
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::domain::{DetailsRow, ProfileRow};

fn lane() -> Lane<Accounts> {
    Lane::new(Accounts)
}

fn person(number: u8) -> UserId {
    UserId::derive(Uuid::nil(), &format!("person {number}"))
}

fn session(number: u8) -> SessionId {
    SessionId::derive(Uuid::nil(), &format!("session {number}"))
}

fn mail(number: u8) -> MailId {
    MailId::derive(Uuid::nil(), &format!("mail {number}"))
}

fn command(number: u32, user: UserId, body: impl Into<Command>) -> Input {
    let id = Uuid::new_v5(&Uuid::nil(), &number.to_be_bytes());
    // A nanosecond beyond Postgres' precision.
    let time = Timestamp::new(i64::from(number), 1_001).unwrap();
    Message::first(id, user, time, body.into()).into()
}

fn register(time_zone: &str) -> RegisterUser {
    RegisterUser { locale: Locale::default(), time_zone: TimeZoneName::try_from(time_zone.to_owned()).unwrap() }
}

fn revoke(number: u8) -> RevokeSession {
    RevokeSession { session_id: session(number), reason: RevocationReason::LogOut }
}

fn say(patch: serde_json::Value, if_revision: Option<Vec<u32>>) -> Command {
    ChangeProfile { change: serde_json::from_value(patch).unwrap(), if_revision }.into()
}

/// All possible messages, about few users and sessions so that they collide.
fn commands() -> impl Strategy<Value = Vec<Input>> {
    let zone = prop_oneof![Just("UTC"), Just("Europe/Berlin")];
    let reason = prop_oneof![Just(RevocationReason::LogOut), Just(RevocationReason::TokenReuse)];
    let body = prop_oneof![
        zone.prop_map(|zone| Command::from(register(zone))),
        (150..153_u16, any::<bool>())
            .prop_map(|(height, is_first)| say(json!({ "height_cm": height }), is_first.then(|| vec![1]))),
        (0..3_u8, reason).prop_map(|(number, reason)| RevokeSession { session_id: session(number), reason }.into()),
        (0..3_u8, any::<bool>()).prop_map(|(number, is_new_device)| {
            ReportSignIn { session_id: session(number), device: None, is_new_device }.into()
        }),
        (1..9_u32).prop_map(|failures| ReportFailedSignIn { failures, device: None }.into()),
        (0..3_u8).prop_map(|number| RequestMail { request_id: mail(number), kind: MailKind::ResetPassword }.into()),
        (0..3_u8).prop_map(|number| ReportMail { request_id: mail(number), result: MailResult::Sent }.into()),
        Just(RequestExport {}.into()),
        (0..40_u32, any::<bool>()).prop_map(|(number, is_written)| {
            let export_id = ExportId::new(Uuid::new_v5(&Uuid::nil(), &number.to_be_bytes()));
            let expires_at = Timestamp::new(90_000, 1_001).unwrap();
            let written = is_written.then_some(ExportFile { events: 7, bytes: 900, expires_at });
            ReportExport { export_id, written }.into()
        }),
        Just(ReportSecurityChange { change: SecurityChange::PasswordReset }.into()),
    ];
    let about_a_user = (0..3_u8, body).prop_map(|(user, body)| (Some(user), body));
    let any = prop_oneof![2 => about_a_user, 1 => of_staff().prop_map(|body| (None, body))];
    vec(any, 0..40).prop_map(|all| {
        let numbered = all.into_iter().zip(0..);
        numbered
            .map(|((user, body), number)| match user {
                Some(user) => command(number, person(user), body),
                None => administration::about_staff(number, body),
            })
            .collect()
    })
}

/// All that is done to accounts, by anybody; an operator comes as often, so that some of it is allowed.
fn of_staff() -> impl Strategy<Value = Command> {
    use administration::{change, log_out, reinstate, suspend};
    let role = prop_oneof![Just(Role::Coach), Just(Role::Moderator), Just(Role::Admin)];
    let which = prop_oneof![2 => Just(RoleChange::Granted), 1 => Just(RoleChange::Withdrawn)];
    (0..3_u8, proptest::option::of(0..3_u8), 0..6_u8, role, which).prop_map(
        |(user, by, what, role, which)| match what {
            0 => suspend(user, by),
            1 => reinstate(user, by),
            2 => log_out(user, by),
            _ => change(user, role, which, by),
        },
    )
}

#[test]
fn a_person_is_registered_once() {
    let mut lane = lane();
    let first = lane.when(command(1, person(1), register("Europe/Berlin")));
    assert_eq!(first.outcome, Ok(serde_json::json!({})));
    assert_eq!(first.events.len(), 1);
    let second = lane.when(command(2, person(1), register("UTC")));
    assert_eq!(second.outcome.unwrap_err().code, "already_registered");
    let profile = lane.row::<ProfileRow>(&(person(1),)).unwrap();
    assert_eq!(profile.time_zone.as_str(), "Europe/Berlin");
    assert_eq!(profile.registered_at, Timestamp::new(1, 1_000).unwrap());
}

#[test]
fn a_change_for_an_old_revision_is_declined_and_one_that_changes_nothing_is_none() {
    let mut lane = lane();
    let refused = lane.when(command(1, person(1), say(json!({ "height_cm": 170 }), None)));
    assert_eq!(refused.outcome.unwrap_err().code, "user_not_found");
    lane.when(command(2, person(1), register("Europe/Berlin")));
    for (number, if_revision, height, expected) in
        [(3, Some(vec![1]), 170, Ok(2)), (4, Some(vec![1]), 171, Err(())), (5, None, 170, Ok(2)), (6, None, 171, Ok(3))]
    {
        let handled = lane.when(command(number, person(1), say(json!({ "height_cm": height }), if_revision)));
        let revision = handled.outcome.map(|reply| reply["revision"].as_u64().unwrap()).map_err(|_| ());
        assert_eq!(revision, expected, "{number}");
    }
    let details = lane.row::<DetailsRow>(&(person(1),)).unwrap();
    assert_eq!((details.revision, details.about.time_zone.as_str()), (3, "Europe/Berlin"));
}

#[test]
fn an_erasure_is_due_unless_it_was_cancelled_or_asked_for_again_since() {
    let mut lane = lane();
    lane.when(command(1, person(1), register("UTC")));
    let request = |number, at_once| command(number, person(1), RequestErasure { at_once });
    let kinds = |events: &[Message<Event>]| events.iter().map(|event| event.body.kind()).collect::<Vec<_>>();
    let first: Timestamp = lane.when(request(2, false)).outcome.unwrap()["due_at"].as_str().unwrap().parse().unwrap();
    assert_eq!(first.duration_since(Timestamp::new(2, 1_000).unwrap()).as_hours(), 168);
    assert_eq!(lane.when(request(3, false)).events, []);
    lane.when(command(4, person(1), CancelErasure {}));
    assert_eq!(lane.when(command(5, person(1), CancelErasure {})).outcome.unwrap_err().code, "no_erasure");
    lane.when(request(6, false));
    let due = |number: u32, due_at| -> Input {
        let id = Uuid::new_v5(&Uuid::nil(), &number.to_be_bytes());
        Message::first(id, person(1), due_at, Event::from(ErasureDue { due_at })).into()
    };
    assert_eq!(lane.when(due(7, first)).events, []);
    let second = Timestamp::new(6, 1_000).unwrap() + jiff::SignedDuration::from_hours(168);
    assert_eq!(kinds(&lane.when(due(8, second)).events), [EventKind::UserErased]);
    assert_eq!(lane.when(due(9, second)).events, []);
    // Each step is taken once, and in its turn.
    assert_eq!(lane.when(command(10, person(1), ReportMessagesErased {})).events, []);
    let report = |number| command(number, person(1), ReportTablesErased { events: 7 });
    assert_eq!(kinds(&lane.when(report(11)).events), [EventKind::ErasurePrepared]);
    assert_eq!(lane.when(report(12)).events, []);
    assert_eq!(
        kinds(&lane.when(command(13, person(1), ReportMessagesErased {})).events),
        [EventKind::ErasureCompleted]
    );
    assert_eq!(lane.when(command(14, person(1), ReportMessagesErased {})).events, []);
}

#[test]
fn the_end_of_a_session_is_announced_once() {
    let mut lane = lane();
    let both = [command(1, person(1), revoke(1)), command(2, person(1), revoke(1))];
    let emitted: usize = lane.batch(&both).iter().map(|handled| handled.events.len()).sum();
    assert_eq!(emitted, 1);
    let third = lane.when(command(3, person(1), revoke(1)));
    assert_eq!((third.outcome, third.events), (Ok(serde_json::Value::Null), vec![]));
}

#[test]
fn a_mail_is_asked_for_once_and_ends_once() {
    let mut lane = lane();
    let request = RequestMail { request_id: mail(1), kind: MailKind::ResetPassword };
    let report = |result| ReportMail { request_id: mail(1), result };
    let early = lane.when(command(1, person(1), report(MailResult::Sent)));
    assert_eq!(early.outcome.unwrap_err().code, "mail_not_open");
    let asked = [command(2, person(1), request.clone()), command(3, person(1), request)];
    assert_eq!(lane.batch(&asked).iter().map(|handled| handled.events.len()).sum::<usize>(), 1);
    assert_eq!(lane.when(command(4, person(1), report(MailResult::Sent))).events.len(), 1);
    let again = lane.when(command(5, person(1), report(MailResult::NoChannel)));
    assert_eq!(again.outcome.unwrap_err().code, "mail_not_open");
}

#[test]
fn a_log_in_is_told_of_with_what_it_was_on() {
    let device = Some("Firefox on Linux".to_owned().try_into().unwrap());
    let report = ReportSignIn { session_id: session(1), device: device.clone(), is_new_device: true };
    let handled = lane().when(command(1, person(1), report));
    let told = SignedIn { session_id: session(1), device, is_new_device: true };
    assert_eq!(handled.bodies(), [Event::from(told)]);
}

proptest! {
    #[test]
    fn replay_equals_live_however_both_are_delivered(commands in commands(), live: Delivery, again: Delivery) {
        let (mut lane, mut one_by_one) = (lane(), lane());
        let handled = lane.deliver(&commands, &live);
        prop_assert_eq!(one_by_one.deliver(&commands, &Delivery::in_batches(1)), handled);
        prop_assert_eq!(one_by_one.tables(), lane.tables());
        prop_assert_eq!(lane.replayed(&again).tables(), lane.tables());
    }

    #[test]
    fn a_command_twice_changes_nothing(commands in commands(), delivery: Delivery) {
        // Of those whose state says that they were done. What is only told of, or said without a revision, is known by its
        // id, which the lane looks up before it asks.
        let is_known = |command: &Input| {
            let Input::Command(command) = command else { return false };
            matches!(command.body, Command::RegisterUser(_) | Command::RevokeSession(_) | Command::RequestMail(_))
        };
        let times = |command: &Input| if is_known(command) { 2 } else { 1 };
        let mut twice: Vec<_> = commands.iter().flat_map(|command| vec![command.clone(); times(command)]).collect();
        // And again, long after they were forgotten.
        twice.extend(commands.iter().filter(|command| is_known(command)).cloned());
        let (mut once, mut again) = (lane(), lane());
        once.deliver(&commands, &delivery);
        again.deliver(&twice, &delivery);
        prop_assert_eq!(again.tables(), once.tables());
        prop_assert_eq!(again.history(), once.history());
    }
}

#[test]
fn an_export_is_asked_for_once_at_a_time_and_reported_once() {
    let mut lane = lane();
    lane.when(command(1, person(1), register("UTC")));
    let request = |number| command(number, person(1), RequestExport {});
    let kinds = |events: &[Message<Event>]| events.iter().map(|event| event.body.kind()).collect::<Vec<_>>();
    let asked = lane.when(request(2));
    assert_eq!(kinds(&asked.events), [EventKind::ExportRequested]);
    let asked = asked.outcome.unwrap();
    let again = lane.when(request(3));
    assert_eq!((again.events, again.outcome.unwrap()), (vec![], asked.clone()));
    let export_id = asked["export_id"].as_str().unwrap().parse().unwrap();
    let written = Some(ExportFile { events: 7, bytes: 900, expires_at: Timestamp::new(90_000, 0).unwrap() });
    let another = ReportExport { export_id: ExportId::new(Uuid::nil()), written };
    assert_eq!(lane.when(command(4, person(1), another)).outcome.unwrap_err().code, "export_not_open");
    let report = |number| command(number, person(1), ReportExport { export_id, written });
    assert_eq!(kinds(&lane.when(report(5)).events), [EventKind::ExportCompleted]);
    assert_eq!(lane.when(report(6)).outcome.unwrap_err().code, "export_not_open");
    // Another one, which fails.
    let next = lane.when(request(7)).outcome.unwrap()["export_id"].as_str().unwrap().parse().unwrap();
    let failed = ReportExport { export_id: next, written: None };
    assert_eq!(kinds(&lane.when(command(8, person(1), failed)).events), [EventKind::ExportFailed]);
    assert_eq!(lane.when(command(9, person(2), RequestExport {})).outcome.unwrap_err().code, "user_not_found");
}
