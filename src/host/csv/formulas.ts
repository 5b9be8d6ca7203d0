/**
 * What a spreadsheet would run: a cell that begins, perhaps after spaces, with a sign of a formula (the full-width ones
 * too, which some programs read as the plain ones), or begins with a tab or a line end, which swallow what precedes one.
 */
const runs = /^(?:[\t\r\n]|\s*[=+\-@＝＋－＠])/;

/** The text as a spreadsheet shows it instead of running it: an apostrophe goes before it (`domain.md`, "Payouts"). */
export function neutralizeFormula(text: string): string {
  return runs.test(text) ? `'${text}` : text;
}

/**
 * Takes back what `neutralizeFormula` did: our own files come back to us, a phone number as `'+49 30 1234`. Other text
 * stays, so an apostrophe is lost only from text that had one before a formula's sign to begin with.
 */
export function restoreFormula(text: string): string {
  return text.startsWith("'") && runs.test(text.slice(1)) ? text.slice(1) : text;
}
