//! Roles, suspensions, and the log of who did what to whom. All of it is about the staff, which is one subject: so a lane that
//! decides about it knows every role there is.

use jiff::Timestamp;
use plyo_events::{
    Command, Event, EventId, Message, Output, Rejection, UserId,
    administration::{
        ACCOUNT_SUSPENDED, Act, ChangeRole, ForceLogOut, IS_STAFF, LAST_ADMIN, LOG_OUT_NOT_OPEN, LogOutForced,
        NOT_YOURSELF, ROLE_REQUIRED, ReinstateUser, ReportLogOut, Role, RoleChange, RoleChanged, SuspendUser,
        SuspensionReason, UserLoggedOut, UserReinstated, UserSuspended,
    },
    user::{ReportSecurityChange, RevocationReason, RevokeSession, SecurityChange},
};
use plyo_nats::{Incoming, row};
use uuid::Uuid;

use super::State;

row! {
    /// What is counted of the staff.
    pub(crate) struct StaffRow: "staff" {
        [staff_id: Uuid]
        admins: u32,
        acts: u64,
    }
}

row! {
    pub(crate) struct RoleRow: "granted_role" {
        [staff_id: Uuid, user_id: UserId, role: Role as text]
    }
}

row! {
    pub(crate) struct SuspensionRow: "suspension" {
        [staff_id: Uuid, user_id: UserId]
        reason: SuspensionReason as text,
        since: Timestamp,
    }
}

row! {
    /// A line of the audit log.
    pub(crate) struct ActRow: "act" (forgotten) {
        [staff_id: Uuid, act_id: EventId]
        number: u64,
        done_at: Timestamp,
        done_by: Option<UserId>,
        user_id: UserId,
        what: Act as packed,
        ended: Option<u32>,
    }
}

/// The rows that a message about the staff needs; nothing for any other.
pub(crate) fn needs(message: Incoming<'_>, state: &mut State) {
    match message {
        Incoming::Command(command) => {
            let staff = command.subject.uuid();
            let (user, by) = match &command.body {
                Command::ChangeRole(ChangeRole { user_id, by, .. })
                | Command::SuspendUser(SuspendUser { user_id, by, .. })
                | Command::ReinstateUser(ReinstateUser { user_id, by })
                | Command::ForceLogOut(ForceLogOut { user_id, by }) => (*user_id, *by),
                Command::ReportLogOut(report) => return state.acts.want((staff, report.act_id)),
                _ => return,
            };
            state.staff.want((staff,));
            state.suspensions.want((staff, user));
            for of in [Some(user), by].into_iter().flatten() {
                Role::ALL.into_iter().for_each(|role| state.roles.want((staff, of, role)));
            }
        }
        // A replay puts and removes rows, and counts.
        Incoming::Event(event) => match &event.body {
            Event::UserLoggedOut(out) => state.acts.want((event.subject.uuid(), out.act_id)),
            _ if act_of(&event.body).is_some() => state.staff.want((event.subject.uuid(),)),
            _ => {}
        },
    }
}

pub(crate) fn change_role(state: &State, command: &Message<Command>, change: &ChangeRole) -> Result<Output, Rejection> {
    let ChangeRole { user_id, role, change, by } = *change;
    let staff = command.subject.uuid();
    authorise(state, staff, by, Role::Admin)?;
    let has_it = state.roles.get(&(staff, user_id, role)).is_some();
    if has_it == (change == RoleChange::Granted) {
        return Ok(Output::nothing());
    }
    if change == RoleChange::Granted && state.suspensions.get(&(staff, user_id)).is_some() {
        return Err(ACCOUNT_SUSPENDED.into());
    }
    let admins = state.staff.get(&(staff,)).map_or(0, |staff| staff.admins);
    if (change, role) == (RoleChange::Withdrawn, Role::Admin) && admins <= 1 {
        return Err(LAST_ADMIN.into());
    }
    Ok(Output::nothing().event(RoleChanged { user_id, role, change, by }))
}

/// Nobody who could suspend others is suspended: so whoever is the last admin stays one who can act.
pub(crate) fn suspend(state: &State, command: &Message<Command>, suspend: &SuspendUser) -> Result<Output, Rejection> {
    let SuspendUser { user_id, reason, by } = *suspend;
    let staff = command.subject.uuid();
    authorise(state, staff, by, Role::Moderator)?;
    if by == Some(user_id) {
        return Err(NOT_YOURSELF.into());
    }
    if Role::Moderator.is_among(&roles(state, staff, user_id)) {
        return Err(IS_STAFF.into());
    }
    if state.suspensions.get(&(staff, user_id)).is_some() {
        return Ok(Output::nothing());
    }
    Ok(Output::nothing().event(UserSuspended { user_id, reason, by }).command(user_id, told(SecurityChange::Suspended)))
}

pub(crate) fn reinstate(
    state: &State,
    command: &Message<Command>,
    reinstate: &ReinstateUser,
) -> Result<Output, Rejection> {
    let ReinstateUser { user_id, by } = *reinstate;
    let staff = command.subject.uuid();
    authorise(state, staff, by, Role::Moderator)?;
    if state.suspensions.get(&(staff, user_id)).is_none() {
        return Ok(Output::nothing());
    }
    Ok(Output::nothing().event(UserReinstated { user_id, by }).command(user_id, told(SecurityChange::Reinstated)))
}

/// Whom it is done to is told by what is about them: nobody else reads what is about the staff.
fn told(change: SecurityChange) -> ReportSecurityChange {
    ReportSecurityChange { change }
}

pub(crate) fn force_log_out(
    state: &State,
    command: &Message<Command>,
    force: &ForceLogOut,
) -> Result<Output, Rejection> {
    let ForceLogOut { user_id, by } = *force;
    authorise(state, command.subject.uuid(), by, Role::Moderator)?;
    Ok(Output::nothing().event(LogOutForced { user_id, by }))
}

pub(crate) fn report_log_out(
    state: &State,
    command: &Message<Command>,
    report: &ReportLogOut,
) -> Result<Output, Rejection> {
    let ReportLogOut { user_id, act_id, session_ids } = report;
    let (user_id, act_id) = (*user_id, *act_id);
    let act = state.acts.get(&(command.subject.uuid(), act_id));
    if act.is_none_or(|act| act.ended.is_some() || act.user_id != user_id) {
        return Err(LOG_OUT_NOT_OPEN.into());
    }
    let ended = u32::try_from(session_ids.len()).unwrap_or(u32::MAX);
    let told = Output::nothing().event(UserLoggedOut { user_id, act_id, ended });
    Ok(session_ids.iter().fold(told, |told, session_id| {
        told.command(user_id, RevokeSession { session_id: *session_id, reason: RevocationReason::Administration })
    }))
}

/// The edge has asked before; who lost the role since then acts no more. An operator at the command line needs none.
fn authorise(state: &State, staff: Uuid, by: Option<UserId>, role: Role) -> Result<(), Rejection> {
    let may = by.is_none_or(|by| role.is_among(&roles(state, staff, by)));
    if may { Ok(()) } else { Err(ROLE_REQUIRED.into()) }
}

fn roles(state: &State, staff: Uuid, user: UserId) -> Vec<Role> {
    Role::ALL.into_iter().filter(|role| state.roles.get(&(staff, user, *role)).is_some()).collect()
}

/// To whom an event did what, and who did it.
fn act_of(event: &Event) -> Option<(UserId, Option<UserId>, Act)> {
    Some(match *event {
        Event::RoleChanged(RoleChanged { user_id, role, change: RoleChange::Granted, by }) => {
            (user_id, by, Act::RoleGranted { role })
        }
        Event::RoleChanged(RoleChanged { user_id, role, change: RoleChange::Withdrawn, by }) => {
            (user_id, by, Act::RoleWithdrawn { role })
        }
        Event::UserSuspended(UserSuspended { user_id, reason, by }) => (user_id, by, Act::Suspended { reason }),
        Event::UserReinstated(UserReinstated { user_id, by }) => (user_id, by, Act::Reinstated {}),
        Event::LogOutForced(LogOutForced { user_id, by }) => (user_id, by, Act::LogOutForced {}),
        _ => return None,
    })
}

/// Folds what is about the staff, and nothing else.
pub(crate) fn evolve(state: &mut State, event: &Message<Event>) {
    let (staff_id, act_id, at) = (event.subject.uuid(), EventId::new(event.id), event.stored_time());
    if let Event::UserLoggedOut(UserLoggedOut { act_id, ended, .. }) = event.body {
        if let Some(act) = state.acts.get(&(staff_id, act_id)).cloned() {
            state.acts.put(ActRow { ended: Some(ended), ..act });
        }
        return;
    }
    let Some((user_id, done_by, what)) = act_of(&event.body) else { return };
    let mut staff = state.staff.get(&(staff_id,)).cloned().unwrap_or(StaffRow { staff_id, admins: 0, acts: 0 });
    staff.acts += 1;
    match what {
        Act::RoleGranted { role } => {
            staff.admins += u32::from(role == Role::Admin);
            state.roles.put(RoleRow { staff_id, user_id, role });
        }
        Act::RoleWithdrawn { role } => {
            staff.admins -= u32::from(role == Role::Admin);
            state.roles.remove(&(staff_id, user_id, role));
        }
        Act::Suspended { reason } => state.suspensions.put(SuspensionRow { staff_id, user_id, reason, since: at }),
        Act::Reinstated {} => state.suspensions.remove(&(staff_id, user_id)),
        Act::LogOutForced {} => {}
    }
    let number = staff.acts;
    state.acts.put(ActRow { staff_id, act_id, number, done_at: at, done_by, user_id, what, ended: None });
    state.staff.put(staff);
}
