//! Who may do what to whose account, and what is left of it.

use plyo_events::{
    EventId,
    administration::{
        Act, ChangeRole, ForceLogOut, ReinstateUser, ReportLogOut, Role, RoleChange, STAFF, SuspendUser,
        SuspensionReason,
    },
};
use plyo_nats::testing::Handled;

use super::*;
use crate::domain::administration::{ActRow, StaffRow};

pub(super) fn about_staff(number: u32, body: impl Into<Command>) -> Input {
    let Input::Command(command) = command(number, person(0), body) else { unreachable!() };
    Message { subject: STAFF, ..command }.into()
}

pub(super) fn change(user: u8, role: Role, change: RoleChange, by: Option<u8>) -> Command {
    ChangeRole { user_id: person(user), role, change, by: by.map(person) }.into()
}

pub(super) fn suspend(user: u8, by: Option<u8>) -> Command {
    SuspendUser { user_id: person(user), reason: SuspensionReason::Spam, by: by.map(person) }.into()
}

pub(super) fn reinstate(user: u8, by: Option<u8>) -> Command {
    ReinstateUser { user_id: person(user), by: by.map(person) }.into()
}

pub(super) fn log_out(user: u8, by: Option<u8>) -> Command {
    ForceLogOut { user_id: person(user), by: by.map(person) }.into()
}

/// What each of these commands came to, one after another: how many events, or why not.
fn decided(lane: &mut Lane<Accounts>, commands: Vec<Command>) -> Vec<Result<usize, String>> {
    let inputs: Vec<Input> = commands.into_iter().zip(100..).map(|(body, number)| about_staff(number, body)).collect();
    let handled = inputs.into_iter().map(|input| lane.when(input));
    handled.map(|Handled { outcome, events, .. }| outcome.map(|_| events.len()).map_err(|no| no.code)).collect()
}

fn no(code: &str) -> Result<usize, String> {
    Err(code.to_owned())
}

const GRANTED: RoleChange = RoleChange::Granted;
const WITHDRAWN: RoleChange = RoleChange::Withdrawn;

#[test]
fn the_last_admin_stays_one_though_two_withdraw_each_other_at_once() {
    let mut lane = lane();
    let first = vec![
        change(1, Role::Admin, GRANTED, None),
        change(1, Role::Admin, GRANTED, None),
        change(1, Role::Admin, WITHDRAWN, Some(1)),
        change(1, Role::Admin, WITHDRAWN, None),
        change(2, Role::Admin, GRANTED, Some(1)),
    ];
    assert_eq!(decided(&mut lane, first), [Ok(1), Ok(0), no("last_admin"), no("last_admin"), Ok(1)]);
    let at_once = [(1, change(2, Role::Admin, WITHDRAWN, Some(1))), (2, change(1, Role::Admin, WITHDRAWN, Some(2)))]
        .map(|(number, command)| about_staff(number, command));
    let codes: Vec<_> = lane.batch(&at_once).into_iter().map(|handled| handled.outcome.map_err(|no| no.code)).collect();
    assert_eq!(codes, [Ok(serde_json::Value::Null), Err("role_required".to_owned())]);
    assert_eq!(lane.row::<StaffRow>(&(STAFF.uuid(),)).unwrap().admins, 1);
}

#[test]
fn each_does_what_their_role_allows_and_nobody_to_themselves_or_to_staff() {
    let mut lane = lane();
    let commands = vec![
        change(1, Role::Admin, GRANTED, None),
        change(2, Role::Moderator, GRANTED, Some(1)),
        change(3, Role::Coach, GRANTED, Some(2)),
        suspend(4, Some(3)),
        suspend(2, Some(2)),
        suspend(1, Some(2)),
        suspend(2, Some(1)),
        suspend(4, Some(2)),
        suspend(4, Some(1)),
        change(4, Role::Coach, GRANTED, Some(1)),
        reinstate(4, Some(4)),
        reinstate(4, Some(2)),
        reinstate(4, Some(2)),
        log_out(4, Some(2)),
        log_out(4, Some(4)),
    ];
    let expected = [
        Ok(1),
        Ok(1),
        no("role_required"),
        no("role_required"),
        no("not_yourself"),
        no("is_staff"),
        no("is_staff"),
        Ok(1),
        Ok(0),
        no("account_suspended"),
        no("role_required"),
        Ok(1),
        Ok(0),
        Ok(1),
        no("role_required"),
    ];
    assert_eq!(decided(&mut lane, commands), expected);
}

#[test]
fn what_was_done_is_logged_and_the_end_of_each_session_told_of_once() {
    let mut lane = lane();
    let made = lane.when(about_staff(1, change(1, Role::Admin, GRANTED, None)));
    let suspended = lane.when(about_staff(2, suspend(4, Some(1))));
    let act_id = EventId::new(suspended.events[0].id);
    let report = ReportLogOut { user_id: person(4), act_id, session_ids: vec![session(1), session(2)] };
    let of_somebody_else = ReportLogOut { user_id: person(5), ..report.clone() };
    assert_eq!(lane.when(about_staff(3, of_somebody_else)).outcome.unwrap_err().code, "log_out_not_open");
    let told = lane.when(about_staff(4, report.clone()));
    assert_eq!(told.commands.len(), 2);
    let reason = RevocationReason::Administration;
    for (sent, number) in told.commands.iter().zip(1..) {
        assert_eq!(
            (sent.subject, &sent.body),
            (person(4).into(), &RevokeSession { session_id: session(number), reason }.into())
        );
    }
    assert_eq!(lane.when(about_staff(5, report)).outcome.unwrap_err().code, "log_out_not_open");
    let row = |id: Uuid| lane.row::<ActRow>(&(STAFF.uuid(), EventId::new(id))).unwrap();
    let first = row(made.events[0].id);
    assert_eq!((first.number, first.done_by, first.what), (1, None, Act::RoleGranted { role: Role::Admin }));
    let second = row(suspended.events[0].id);
    assert_eq!((second.number, second.done_by, second.ended), (2, Some(person(1)), Some(2)));
    assert_eq!((second.user_id, second.what), (person(4), Act::Suspended { reason: SuspensionReason::Spam }));
}
