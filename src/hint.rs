//! What to do about a failure, in one plain sentence or two.

#![forbid(unsafe_code)]

use crate::status::TaskResult;

/// What to do about a remark in a task's result, by its `type`, where that is one of the documented
/// codes of failures. There are others.
///
/// <https://github.com/tinstep/hermes-anaplan-mcp>, `docs/api/Integration_API.md`.
pub fn of_detail(kind: &str) -> Option<&'static str> {
    if kind.starts_with("failedToLocate") {
        return Some(
            "Something that it refers to was deleted, or this user may not see it. Open the action \
             in Anaplan, and choose its source and its target anew.",
        );
    }
    Some(match kind {
        "notAuthorised" => {
            "The user that the credentials belong to may not run this, or not touch what it reads \
             or writes. A workspace administrator can give that user's role access."
        }
        "moduleImportNoWriteAccess" => {
            "This user may not write to the module. A workspace administrator can give the user's \
             role access."
        }
        "sourceModelArchived" => {
            "The model that the data comes from is archived. A workspace administrator can \
             unarchive it."
        }
        "crossCustomerImport" => {
            "The model that the data comes from belongs to another customer of Anaplan's. Choose a \
             source in a workspace of your own."
        }
        "uploadedFileNoLongerAvailable" => {
            "Anaplan has no content of the file for this user. Upload it as the same user, then \
             start the import."
        }
        "missingFields" => {
            "The source lacks columns that the import is mapped to. Compare its headers with those \
             in the import's metadata."
        }
        "columnSeparatorExpected" | "unmatchedTextDelimiter" => {
            "The file is not cut into columns the way the import expects. Compare its separator \
             and its quotes with those in the import's metadata."
        }
        "moduleImportNumberFormat" | "moduleImportDateFormat" | "moduleImportBooleanFormat" => {
            "Numbers, dates or booleans are not written the way the import expects. Compare the \
             source with the formats in the import's mapping."
        }
        "moduleImportInvalidListIdentifier"
        | "hierarchyImportInvalidCode"
        | "hierarchyImportInvalidName"
        | "hierarchyImportInvalidParent" => {
            "Rows name items of a list that do not exist, or in a way that Anaplan does not \
             accept. Correct them, or import that list first."
        }
        "moduleImportFailed"
        | "hierarchyImportFailed"
        | "hierarchyRowsProcessedWithFailures"
        | "lineItemRowsProcessedWithFailures" => {
            "Rows were refused. The failure dump, where there is one, says which and why; else \
             compare the source with the import's mapping."
        }
        "deleteFromSelectionFailed" => {
            "Check the line item that selects what is deleted, and whether this user may change \
             the list."
        }
        "connectorError" => {
            "The connection to the source failed. Check its address and its credentials in Anaplan."
        }
        "importFailedGeneralError" | "actionFailed" | "internalError" => {
            "Anaplan gives no reason. Run it by hand in Anaplan; if it fails there, too, Anaplan's \
             support can tell more."
        }
        "msgExportCancelled" | "msgImportCancelled" => {
            "Somebody cancelled it, here or in Anaplan. Its changes were rolled back, though not \
             those of earlier steps of a process; it can be started again."
        }
        _ => return None,
    })
}

/// What to do about a result: in a process, about the step that failed, which knows best.
pub fn of_result(result: &TaskResult) -> Option<&'static str> {
    let mut failed = result.nested_results.iter().filter(|nested| !nested.successful);
    failed
        .find_map(of_result)
        .or_else(|| result.details.iter().find_map(|detail| of_detail(&detail.kind)))
}
