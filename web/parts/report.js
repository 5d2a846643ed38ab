/** Reporting something: the dialog is loaded when it is needed. */

/** @param {NewReport["subject"]} subject */
export async function report(subject) {
  const { openReport } = await import("./report-dialog.js");
  openReport(subject);
}
