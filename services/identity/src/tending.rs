//! What has to be looked at now and then. Every edge asks for the keys once a minute, which is as good a clock as any.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use plyo_nats::{QueryError, RequestContext};

use crate::{Desk, attempts, mail, oidc, outbox, passkeys};

/// Looks, beside the question that is answered, once in ten seconds at most.
pub(crate) fn tend_beside(desk: &Desk, context: RequestContext) {
    static LAST: AtomicI64 = AtomicI64::new(0);
    let turn = Timestamp::now().as_second() / 10;
    if LAST.swap(turn, Ordering::Relaxed) == turn {
        return;
    }
    let desk = desk.clone();
    tokio::spawn(async move {
        if let Err(error) = tend(&desk, &context).await {
            tracing::warn!(%error, "cannot tend to accounts now");
        }
    });
}

async fn tend(desk: &Desk, context: &RequestContext) -> Result<(), QueryError> {
    outbox::send_late(&desk.credentials.pool, &context.commands).await?;
    mail::tend(desk, context).await?;
    passkeys::forget_old(&desk.credentials.pool).await?;
    oidc::forget_old(&desk.credentials.pool).await?;
    Ok(attempts::forget_old(&desk.credentials.pool).await?)
}
