import { readdir, readFile } from 'node:fs/promises';
import { validateXML } from 'xmllint-wasm';

const folder = new URL('schemas/', import.meta.url);

/** What each schema of the folder `schemas` finds wrong with these documents; empty lists where nothing is. */
export async function schemaErrors(documents: readonly string[]): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = {};
  for (const name of (await readdir(folder)).filter((each) => each.endsWith('.xsd'))) {
    const schema = { fileName: name, contents: await readFile(new URL(name, folder), 'utf8') };
    const xml = documents.map((contents, index) => ({ fileName: `${index}.xml`, contents }));
    const { valid, errors } = await validateXML({ xml, schema });
    found[name] = errors.map(({ rawMessage }) => rawMessage);
    if (!valid && errors.length === 0) throw new Error(`xmllint says nothing of what is wrong by ${name}.`);
  }
  return found;
}
