//! All that there is of a person, written to a file for them; and such a file read by another instance.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    ExportId, Query, RejectionCode, RejectionKind, Request, TextId, UserId,
    profile::Handle,
    rejection::INVALID_BODY,
    user::{BUSY, EMAIL_TAKEN, TRY_AGAIN, USER_NOT_FOUND},
};

/// The bucket of the object store where files are. A person's has their id as its name, so that another one replaces it.
pub const BUCKET: &str = "exports";
/// What a file is stored with there: the export that it is of.
pub const EXPORT_ID: &str = "export_id";

// Rejections.

pub const EXPORT_NOT_FOUND: RejectionCode =
    RejectionCode::not_found("export_not_found", "there is no export; ask for one");
/// A link leads to an export that is there.
pub const EXPORT_NOT_READY: RejectionCode =
    RejectionCode::conflict("export_not_ready", "the export is not there: wait for it, or ask for another");
/// A report for an export that is not under way.
pub const EXPORT_NOT_OPEN: RejectionCode =
    RejectionCode::conflict("export_not_open", "this export is not under way, or another was asked for since");
pub const EXPORT_LINK_NOT_FOUND: RejectionCode =
    RejectionCode::not_found("export_link_not_found", "this is no link to an export; make one");
pub const EXPORT_LINK_OVER: RejectionCode =
    RejectionCode::new(RejectionKind::Gone, "export_link_over", "this link was used, or is over; make another");

/// How far an export is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExportStage {
    /// It is being written.
    Requested,
    Completed,
    /// It could not be written, often enough to give up.
    Failed,
}

// Commands.

/// Write all that there is of me to a file. While one is being written, that is the one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RequestExport {}

/// Report how the writing of an export ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReportExport {
    pub export_id: ExportId,
    /// `None` where it failed for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written: Option<ExportFile>,
}

/// A file that was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExportFile {
    /// How many events are in it.
    pub events: u64,
    pub bytes: u64,
    /// Until when it can be fetched.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub expires_at: Timestamp,
}

/// The result of asking for an export.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ExportSaved {
    pub export_id: ExportId,
    pub stage: ExportStage,
}

// Events.

/// A person wants all that there is of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ExportRequested {
    pub export_id: ExportId,
}

/// An export can be fetched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ExportCompleted {
    pub export_id: ExportId,
    pub file: ExportFile,
}

/// An export could not be written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ExportFailed {
    pub export_id: ExportId,
}

/// How far an export is that takes long. It is told over the sockets of whoever asked for it, and is no event: nobody keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename = "export.progress")]
pub struct ExportProgress {
    pub export_id: ExportId,
    /// How many events are in it by now.
    pub events: u64,
    /// How many there will be.
    pub of: u64,
}

// Requests and queries.

/// The newest export of a person.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GetExport {
    pub user: UserId,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ExportView {
    pub export_id: ExportId,
    pub stage: ExportStage,
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub requested_at: Timestamp,
    /// Once it is completed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<ExportFile>,
}

impl ExportView {
    /// The file, if it can be fetched.
    pub fn file_at(&self, now: Timestamp) -> Option<ExportFile> {
        self.file.filter(|file| file.expires_at > now)
    }
}

impl Query for GetExport {
    const SERVICE: &'static str = "user";
    const NAME: &'static str = "export";
    const REJECTIONS: &'static [RejectionCode] = &[EXPORT_NOT_FOUND];
    type Answer = ExportView;
}

/// Make the link to an export; an earlier one of this person is over. The link is in the answer alone.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MintExportLink {
    pub user: UserId,
    pub export_id: ExportId,
    pub expires_at: Timestamp,
}

/// A link to an export. No `Debug`: whoever has it has the export.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub struct ExportLink {
    /// `GET` it without a token, once.
    pub path: String,
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub expires_at: Timestamp,
}

impl Request for MintExportLink {
    const SERVICE: &'static str = "user";
    const NAME: &'static str = "mint_export_link";
    const REJECTIONS: &'static [RejectionCode] = &[USER_NOT_FOUND];
    type Answer = ExportLink;
}

/// Use a link up: it leads to this export.
#[derive(Clone, Serialize, Deserialize)]
pub struct UseExportLink {
    pub token: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UsedExportLink {
    pub user: UserId,
    pub export_id: ExportId,
}

impl Request for UseExportLink {
    const SERVICE: &'static str = "user";
    const NAME: &'static str = "use_export_link";
    const REJECTIONS: &'static [RejectionCode] = &[EXPORT_LINK_NOT_FOUND, EXPORT_LINK_OVER];
    type Answer = UsedExportLink;
}

/// Open an account for whom a file of another instance is about. Its history comes after that.
#[derive(Clone, Serialize, Deserialize)]
pub struct ImportAccount {
    pub user: UserId,
    pub email: String,
    /// Without one, somebody who gets the account's mail sets one.
    pub password: Option<String>,
    pub handle: Option<Handle>,
    pub texts: Vec<PersonalText>,
    /// The key of the texts in the history, in base64url.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_key: Option<String>,
}

/// A text that names somebody, with the id by which the history refers to it.
#[derive(Clone, Serialize, Deserialize)]
pub struct PersonalText {
    pub text_id: TextId,
    pub field: TextField,
    pub content: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextField {
    DisplayName,
    Handle,
}

impl TextField {
    pub const fn name(self) -> &'static str {
        match self {
            Self::DisplayName => "display_name",
            Self::Handle => "handle",
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ImportedAccount {
    /// Whether it has the handle that it had.
    pub has_handle: bool,
}

impl Request for ImportAccount {
    const SERVICE: &'static str = "user";
    const NAME: &'static str = "import_account";
    const REJECTIONS: &'static [RejectionCode] = &[INVALID_BODY, EMAIL_TAKEN, BUSY, TRY_AGAIN];
    type Answer = ImportedAccount;
}
