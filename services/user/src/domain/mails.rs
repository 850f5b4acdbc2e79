//! Mails: each is asked for once, and ends once.

use plyo_events::{
    Output, Rejection, UserId,
    user::{MAIL_NOT_OPEN, MailRequested, MailSettled, ReportMail, RequestMail},
};

use super::State;

pub(crate) fn request(state: &State, user: UserId, RequestMail { request_id, kind }: &RequestMail) -> Output {
    if state.mails.get(&(user, *request_id)).is_some() {
        return Output::nothing();
    }
    Output::nothing().event(MailRequested { request_id: *request_id, kind: *kind })
}

pub(crate) fn report(state: &State, user: UserId, report: &ReportMail) -> Result<Output, Rejection> {
    let ReportMail { request_id, result } = *report;
    match state.mails.get(&(user, request_id)) {
        Some(mail) if !mail.is_settled => Ok(Output::nothing().event(MailSettled { request_id, result })),
        _ => Err(MAIL_NOT_OPEN.into()),
    }
}
