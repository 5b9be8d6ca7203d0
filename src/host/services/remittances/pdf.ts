import { createRequire } from 'node:module';
import { setImmediate as breathe } from 'node:timers/promises';
import Pdf from 'pdfkit';
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

/** DejaVu Sans has Latin, Greek and Cyrillic; the part of it that a file uses is embedded in the file. */
const fonts = createRequire(import.meta.url);
const files = {
  plain: fonts.resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf'),
  bold: fonts.resolve('dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf'),
};

export type Paper = 'A4' | 'LETTER';

const margin = 48;
const padding = 4;
const ink = '#1b1f24';
const faint = '#4a5260';
const rule = '#c4cad3';
const size = 8.5;

interface Cell {
  text: string;
  isFaint?: boolean;
  isBold?: boolean;
}

interface Column {
  header: string;
  /** A share of the width that is left, or points. */
  width: number;
  isRight?: boolean;
}

/** Rows set at a stretch: some milliseconds of work. */
const rowsAtOnce = 8;

/** Draws one statement. Positions are points from the upper left. */
function press(statement: Statement, paper: Paper) {
  const made = new Date(statement.asOf);
  const document = new Pdf({
    size: paper,
    margin,
    bufferPages: true,
    lang: 'en',
    displayTitle: true,
    // Without one of its own it would look for Helvetica's figures.
    font: files.plain,
    info: {
      Title: titleOf(statement),
      Author: statement.payer,
      Subject: `Payout ${statement.payoutNumber} to ${statement.payee.name}`,
      Creator: 'Partner Desk',
      Producer: 'Partner Desk',
      // From the data, not from the clock: the same statement is the same file.
      CreationDate: made,
      ModDate: made,
    },
  });
  const width = document.page.width - 2 * margin;
  // The last lines of a page are the page number's.
  const bottom = document.page.height - margin - 24;
  let y = margin;

  const set = ({ isBold, isFaint }: Partial<Cell>, points = size) =>
    document
      // By its file, always: under two names the library opens it again for every word.
      .font(isBold === true ? files.bold : files.plain)
      .fontSize(points)
      .fillColor(isFaint === true ? faint : ink);

  const heightOf = (cell: Cell, cellWidth: number): number =>
    set(cell).heightOfString(cell.text, { width: cellWidth });

  function newPage(): void {
    document.addPage();
    y = margin;
  }

  /** Text over the whole width or a part of it; moves on. */
  function paragraph(text: string, options: Partial<Cell> & { points?: number; gap?: number } = {}): void {
    set(options, options.points);
    const height = document.heightOfString(text, { width });
    if (y + height > bottom) newPage();
    set(options, options.points).text(text, margin, y, { width, height: height + 1 });
    y += height + (options.gap ?? 4);
  }

  function line(at: number, weight: number): void {
    document
      .moveTo(margin, at)
      .lineTo(margin + width, at)
      .lineWidth(weight)
      .strokeColor(rule)
      .stroke();
  }

  /** Cells of several paragraphs each; a row is never cut, and the header stands on every page. */
  async function table(columns: readonly Column[], rows: Iterable<readonly Cell[][]>): Promise<void> {
    const fixed = columns.filter((column) => column.width > 1).reduce((sum, column) => sum + column.width, 0);
    const widths = columns.map((column) =>
      column.width > 1 ? column.width : (width - fixed) * column.width,
    );

    function row(cells: readonly Cell[][], height: number): void {
      let x = margin;
      for (const [index, paragraphs] of cells.entries()) {
        const inner = (widths[index] ?? 0) - 2 * padding;
        let top = y + padding;
        for (const cell of paragraphs) {
          const tall = heightOf(cell, inner);
          set(cell).text(cell.text, x + padding, top, {
            width: inner,
            // A point more than measured: the last line must not fall off by rounding.
            height: tall + 1,
            align: columns[index]?.isRight === true ? 'right' : 'left',
          });
          top += tall;
        }
        x += widths[index] ?? 0;
      }
      y += height;
      line(y, 0.5);
    }
    const measured = (cells: readonly Cell[][]): number =>
      2 * padding +
      Math.max(
        ...cells.map((paragraphs, index) =>
          paragraphs.reduce((sum, cell) => sum + heightOf(cell, (widths[index] ?? 0) - 2 * padding), 0),
        ),
      );
    const header = columns.map((column): Cell[] => [{ text: column.header, isBold: true }]);
    const headerHeight = measured(header);
    const begin = (): void => {
      row(header, headerHeight);
      line(y, 1);
    };
    let isBegun = false;
    let count = 0;
    for (const cells of rows) {
      const height = measured(cells);
      if (!isBegun) {
        // A header alone at the end of a page helps nobody.
        if (y + headerHeight + height > bottom) newPage();
        begin();
        isBegun = true;
      } else if (y + height > bottom) {
        newPage();
        begin();
      }
      row(cells, height);
      count += 1;
      if (count % rowsAtOnce === 0) await breathe();
    }
    y += 10;
  }

  async function pageNumbers(): Promise<void> {
    const { start, count } = document.bufferedPageRange();
    for (let index = 0; index < count; index += 1) {
      if (index % rowsAtOnce === 0) await breathe();
      document.switchToPage(start + index);
      // Below the margin, where text would otherwise begin a page of its own.
      document.page.margins.bottom = 0;
      const at = document.page.height - margin + 4;
      set({ isFaint: true }, 8).text(titleOf(statement), margin, at, { width: width / 2, lineBreak: false });
      set({ isFaint: true }, 8).text(`Page ${index + 1} of ${count}`, margin + width / 2, at, {
        width: width / 2,
        align: 'right',
        lineBreak: false,
      });
    }
  }

  return { document, width, paragraph, table, pageNumbers };
}

/**
 * The statement as a PDF file: fonts embedded, page numbers, the header of the lines on every page, no row cut. The same statement
 * gives the same bytes.
 */
export async function statementPdf(statement: Statement, paper: Paper): Promise<Buffer> {
  const { document, paragraph, table, pageNumbers } = press(statement, paper);
  const pieces: Buffer[] = [];
  document.on('data', (piece: Buffer) => pieces.push(piece));
  const ended = new Promise<void>((resolve, reject) => {
    document.on('end', resolve);
    document.on('error', reject);
  });
  const { payee, currency, lines, payments } = statement;

  // Opening a font takes a while, the first time above all.
  await breathe();
  paragraph(titleOf(statement), { isBold: true, points: 16, gap: 6 });
  await breathe();
  paragraph(standingOf(statement), { isBold: true, points: 9.5, gap: 4 });
  paragraph(`Period: ${periodText(statement)}`, { points: 9.5, gap: 10 });
  await table(
    [
      { header: 'Paid by', width: 0.5 },
      { header: 'Paid to', width: 0.5 },
    ],
    [
      [
        [{ text: statement.payer }],
        [
          { text: payee.name, isBold: true },
          ...(payee.contactName === null ? [] : [{ text: payee.contactName }]),
          ...payee.address.map((text) => ({ text })),
          { text: `Partner code ${payee.code}`, isFaint: true },
          ...(payee.taxId === null ? [] : [{ text: `Tax ID ${payee.taxId}`, isFaint: true }]),
          ...(payee.account === null ? [] : [{ text: `Account ${payee.account}`, isFaint: true }]),
        ],
      ],
    ],
  );
  paragraph('Lines', { isBold: true, points: 11, gap: 4 });
  await table(
    [
      { header: 'Date', width: 66 },
      { header: 'For', width: 0.4 },
      { header: 'Explanation', width: 0.6 },
      { header: 'Decision', width: 66 },
      { header: 'Amount', width: 92, isRight: true },
    ],
    lines.map((line) => [
      [{ text: line.on === null ? '–' : dayText(line.on) }],
      [{ text: subjectOf(line) }],
      [{ text: groundOf(line) }, ...explanationOf(line, statement).map((text) => ({ text, isFaint: true }))],
      [{ text: lineLabels[line.status] }],
      [{ text: amountText(line.amount, currency) }],
    ]),
  );
  await table(
    [
      { header: 'Totals', width: 0.7 },
      { header: '', width: 0.3, isRight: true },
    ],
    totalsOf(statement).map(({ label, value, isLast }) => [
      [{ text: label, isBold: isLast }],
      [{ text: value, isBold: isLast }],
    ]),
  );
  paragraph('Payments', { isBold: true, points: 11, gap: 4 });
  if (payments.length === 0) paragraph('Nothing was paid so far.');
  else {
    await table(
      [
        { header: 'Date', width: 66 },
        { header: 'Method', width: 90 },
        { header: 'Reference', width: 1 },
        { header: 'Amount', width: 92, isRight: true },
      ],
      payments.map(({ on, method, reference, account, amount, failed }) => [
        [{ text: dayText(on) }],
        [
          { text: methodLabels[method] },
          ...(account === null ? [] : [{ text: `to ${account}`, isFaint: true }]),
        ],
        [
          { text: reference },
          ...(failed === null
            ? []
            : [{ text: `Returned on ${dayText(failed.on)}: ${failed.reason}`, isFaint: true }]),
        ],
        [{ text: amountText(amount, currency) }],
      ]),
    );
  }
  paragraph(`As of ${asOfText(statement)}. ${lines.length} ${lines.length === 1 ? 'line' : 'lines'}.`, {
    isFaint: true,
  });
  await pageNumbers();
  await breathe();
  document.end();
  await ended;
  return Buffer.concat(pieces);
}
