//! The bugs that can be planted in the model.

/// A way to get the loop wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bug {
    LockElsewhere,
    NoFence,
    NoTail,
    LookBeforeMark,
    PositionOutside,
    NoHandled,
    PublishBeforeCommit,
    PurgeBeforeCommit,
    ForgetUnconfirmed,
    PipelinedOnReplicas,
    MemoryOverRollback,
    MemoryOverLostLane,
}

impl Bug {
    pub const ALL: [Self; 12] = [
        Self::LockElsewhere,
        Self::NoFence,
        Self::NoTail,
        Self::LookBeforeMark,
        Self::PositionOutside,
        Self::NoHandled,
        Self::PublishBeforeCommit,
        Self::PurgeBeforeCommit,
        Self::ForgetUnconfirmed,
        Self::PipelinedOnReplicas,
        Self::MemoryOverRollback,
        Self::MemoryOverLostLane,
    ];

    pub const fn about(self) -> &'static str {
        match self {
            Self::LockElsewhere => "the transaction runs on another connection than the one that holds the lock",
            Self::NoFence => "a publish does not expect its owner's mark to be the last",
            Self::NoTail => "a new owner publishes the whole outbox without a look at what is in EVENTS already",
            Self::LookBeforeMark => "a new owner reads the outbox and looks at EVENTS before its mark is stored",
            Self::PositionOutside => "the position is written after the transaction, not in it",
            Self::NoHandled => "a command is not looked up among those handled before",
            Self::PublishBeforeCommit => "a batch is published before it is committed",
            Self::PurgeBeforeCommit => "commands are purged, or acknowledged, before their batch is committed",
            Self::ForgetUnconfirmed => "the next batch takes the last one out of the outbox before it is confirmed",
            Self::PipelinedOnReplicas => {
                "several fenced publishes are under way to a replicated stream, which refuses some of them"
            }
            Self::MemoryOverRollback => "rows of a batch that was rolled back are remembered",
            Self::MemoryOverLostLane => "rows are remembered while another owner may change them",
        }
    }
}
