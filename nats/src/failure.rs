//! Why a batch failed, classified where the failure occurs, so that nobody has to guess it from a chain of errors.

use std::fmt;

/// This alone decides what happens to a failed batch.
#[derive(Debug)]
pub enum Failure {
    /// The messages themselves are at fault: a panic, a violated constraint, an undecodable row. The one that fails on its
    /// own is dead-lettered.
    Poison(anyhow::Error),
    /// Postgres or NATS is unavailable. The lane is dropped and taken again.
    Unavailable(anyhow::Error),
    /// The lane is no longer ours, or must not be worked on: another owner, another history, a newer message.
    Lost(anyhow::Error),
}

impl Failure {
    pub(crate) fn lost(message: impl fmt::Display) -> Self {
        Self::Lost(anyhow::anyhow!("{message}"))
    }

    pub(crate) fn unavailable(message: impl fmt::Display) -> Self {
        Self::Unavailable(anyhow::anyhow!("{message}"))
    }

    /// The same, with the operation that failed.
    pub(crate) fn context(self, doing: impl fmt::Display + Send + Sync + 'static) -> Self {
        match self {
            Self::Poison(error) => Self::Poison(error.context(doing)),
            Self::Unavailable(error) => Self::Unavailable(error.context(doing)),
            Self::Lost(error) => Self::Lost(error.context(doing)),
        }
    }

    /// A panic in a service's code, with its message.
    pub(crate) fn panic(panic: &(dyn std::any::Any + Send)) -> Self {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned());
        Self::Poison(anyhow::anyhow!("panic: {text}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Poison(error) | Self::Unavailable(error) | Self::Lost(error)) = self;
        write!(f, "{error:#}")
    }
}

impl std::error::Error for Failure {}

/// A failed statement, with the operation.
pub(crate) fn sql(doing: &'static str) -> impl FnOnce(sqlx::Error) -> Failure {
    move |error| of_statement(error).context(doing)
}

fn of_statement(error: sqlx::Error) -> Failure {
    let is_poison = match &error {
        // Class 22: data exception; 23: constraint violation; P0: raised by PL/pgSQL. Not 42: if a table or a permission is
        // missing, every message would fail.
        sqlx::Error::Database(database) => {
            let code = database.code().unwrap_or_default();
            ["22", "23", "P0"].iter().any(|class| code.starts_with(class))
        }
        sqlx::Error::Encode(_) | sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. } => true,
        _ => false,
    };
    if is_poison { Failure::Poison(error.into()) } else { Failure::Unavailable(error.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_connection_is_no_fault_of_the_messages() {
        assert!(matches!(sql("x")(sqlx::Error::PoolTimedOut), Failure::Unavailable(_)));
        assert!(matches!(sql("x")(sqlx::Error::Decode("NaN".into())), Failure::Poison(_)));
    }

    #[test]
    fn what_was_being_done_is_part_of_the_reason() {
        let failure = Failure::panic(&"no such row").context("decide");
        assert_eq!(failure.to_string(), "decide: panic: no such row");
    }
}
