//! Queries about achievements.

use plyo_events::achievement::{AchievementView, ListAchievements};
use plyo_nats::{Context, QueryError};

use crate::{
    domain::{RULES, Rule},
    store,
};

pub(crate) async fn list(context: Context, query: ListAchievements) -> Result<Vec<AchievementView>, QueryError> {
    let (progress, unlocked) = store::achievements(&context.pool, query.user).await?;
    let view = |rule: &Rule| AchievementView {
        code: rule.code.to_owned(),
        metric: rule.metric,
        threshold: rule.threshold,
        value: progress.metric(rule.metric),
        unlocked: unlocked.iter().any(|code| code == rule.code),
    };
    Ok(RULES.iter().map(view).collect())
}
