import type { Statement } from './statement.ts';
import {
  amountText,
  asOfText,
  dayText,
  explanationOf,
  groundOf,
  lineLabels,
  methodLabels,
  periodText,
  standingOf,
  subjectOf,
  titleOf,
  totalsOf,
} from './words.ts';

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text as text, wherever it stands in the page; control characters, which no page may hold, as a sign for them. */
export function escapeHtml(text: string): string {
  return (
    text
      .toWellFormed()
      // oxlint-disable-next-line no-control-regex -- they are what it looks for
      .replaceAll(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F]/g, '\uFFFD')
      .replaceAll(/[&<>"']/g, (sign) => escapes[sign] ?? sign)
  );
}

/** A name or text of somebody else's, which must not turn the writing direction of what stands around it. */
const foreign = (text: string): string => `<bdi>${escapeHtml(text)}</bdi>`;

const style = `
:root { color-scheme: light; }
body { font: 10pt/1.45 "DejaVu Sans", system-ui, sans-serif; color: #1b1f24; background: #fff; margin: 2rem auto; max-width: 60rem; padding: 0 1.5rem; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; } h2 { font-size: 1.05rem; margin: 1.75rem 0 .5rem; }
p { margin: 0 0 .5rem; }
.standing { font-weight: 600; }
.parties { display: grid; grid-template-columns: 1fr 1fr; gap: 1.5rem; margin-top: 1.25rem; }
.parties h2 { margin-top: 0; } address { font-style: normal; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem .75rem; margin: .5rem 0 0; } dt { color: #4a5260; } dd { margin: 0; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; } caption { text-align: left; font-weight: 700; font-size: 1.05rem; padding: 1.5rem 0 .4rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .5rem; border-bottom: 1px solid #d4d9e0; overflow-wrap: break-word; }
thead th { border-bottom: 2px solid #4a5260; } tbody th { font-weight: 400; }
.amount { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.lines { table-layout: fixed; min-width: 44rem; } .lines .day { width: 7em; } .lines .for { width: 24%; } .lines .decision { width: 6.5em; } .lines .amount { width: 9.5em; }
.day, .decision { white-space: nowrap; } .note { color: #4a5260; } .rejected .amount { text-decoration: line-through; }
.totals { width: auto; margin: 1rem 0 0 auto; } .totals th { font-weight: 400; } .last th, .last td { font-weight: 700; border-bottom: 0; }
footer { margin-top: 2rem; color: #4a5260; }
@page { margin: 16mm; }
@media print {
  .lines { min-width: 0; }
  body { margin: 0; max-width: none; padding: 0; font-size: 9pt; } .wide { overflow: visible; }
  thead { display: table-header-group; } tr, .parties, .totals { break-inside: avoid; } h2, caption { break-after: avoid; }
}
@media (max-width: 40rem) { .parties { grid-template-columns: 1fr; } }
`;

/**
 * The statement as a page that needs nothing else: it prints on A4 and Letter, is read out in order, runs no script and loads
 * nothing. Every text in it is escaped.
 */
export function statementHtml(statement: Statement): string {
  const { payee, lines, payments } = statement;
  const title = escapeHtml(titleOf(statement));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${title}</h1>
<p class="standing">${escapeHtml(standingOf(statement))}</p>
<p>Period: ${escapeHtml(periodText(statement))}</p>
<div class="parties">
<section aria-labelledby="payer"><h2 id="payer">Paid by</h2><address>${foreign(statement.payer)}</address></section>
<section aria-labelledby="payee"><h2 id="payee">Paid to</h2>
<address>${[payee.name, ...(payee.contactName === null ? [] : [payee.contactName]), ...payee.address].map(foreign).join('<br>\n')}</address>
<dl><dt>Partner code</dt><dd>${foreign(payee.code)}</dd>${
    payee.taxId === null ? '' : `<dt>Tax ID</dt><dd>${foreign(payee.taxId)}</dd>`
  }${payee.account === null ? '' : `<dt>Account</dt><dd>${foreign(payee.account)}</dd>`}</dl>
</section>
</div>
<div class="wide" role="region" aria-labelledby="lines" tabindex="0">
<table class="lines">
<caption id="lines">Lines</caption>
<thead><tr><th scope="col" class="day">Date</th><th scope="col" class="for">For</th><th scope="col">Explanation</th><th scope="col" class="decision">Decision</th><th scope="col" class="amount">Amount</th></tr></thead>
<tbody>
${lines.map((line) => lineHtml(line, statement)).join('\n')}
</tbody>
</table>
</div>
<table class="totals">
<caption>Totals</caption>
<tbody>
${totalsOf(statement)
  .map(
    ({ label, value, isLast }) =>
      `<tr${isLast ? ' class="last"' : ''}><th scope="row">${escapeHtml(label)}</th><td class="amount">${escapeHtml(value)}</td></tr>`,
  )
  .join('\n')}
</tbody>
</table>
${payments.length === 0 ? '<h2>Payments</h2>\n<p>Nothing was paid so far.</p>' : paymentsHtml(statement)}
</main>
<footer><p>As of ${escapeHtml(asOfText(statement))}. ${lines.length} ${lines.length === 1 ? 'line' : 'lines'}.</p></footer>
</body>
</html>
`;
}

function lineHtml(line: Statement['lines'][number], statement: Statement): string {
  const explained = explanationOf(line, statement)
    .map((text, index) => `<div${index > 0 ? ' class="note"' : ''}>${foreign(text)}</div>`)
    .join('');
  return `<tr class="${line.status}"><td class="day">${line.on === null ? '–' : escapeHtml(dayText(line.on))}</td><th scope="row">${foreign(subjectOf(line))}</th><td><div>${foreign(groundOf(line))}</div>${explained}</td><td>${lineLabels[line.status]}</td><td class="amount">${escapeHtml(amountText(line.amount, statement.currency))}</td></tr>`;
}

function paymentsHtml({ payments, currency }: Statement): string {
  const rows = payments.map(({ on, method, reference, account, amount, failed }) => {
    const came =
      failed === null
        ? ''
        : `<div class="note">Returned on ${escapeHtml(dayText(failed.on))}: ${foreign(failed.reason)}</div>`;
    return `<tr${failed === null ? '' : ' class="rejected"'}><td class="day">${escapeHtml(dayText(on))}</td><td>${methodLabels[method]}${account === null ? '' : `<div class="note">to ${foreign(account)}</div>`}</td><th scope="row">${foreign(reference)}${came}</th><td class="amount">${escapeHtml(amountText(amount, currency))}</td></tr>`;
  });
  return `<table>
<caption>Payments</caption>
<thead><tr><th scope="col">Date</th><th scope="col">Method</th><th scope="col">Reference</th><th scope="col" class="amount">Amount</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>`;
}
