/** What a spreadsheet would run as a formula, or swallow: an apostrophe before it keeps it text (`domain.md`, "Payouts"). */
const runs = /^(?:[\t\r\n]|\s*[=+\-@＝＋－＠])/;

function cell(text: string): string {
  const safe = runs.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Rows of text as an RFC 4180 file. */
export function csvText(header: readonly string[], rows: readonly (readonly string[])[]): string {
  return [header, ...rows].map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}

/** Hands a file to the person, as the browser or the desktop app does: where to is theirs to say. */
export function saveFile(fileName: string, text: string): void {
  // Spreadsheets know UTF-8 by its byte order mark.
  const url = URL.createObjectURL(new Blob(['\u{FEFF}', text], { type: 'text/csv;charset=utf-8' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = fileName;
  link.click();
  // Not at once: the download has only begun.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
