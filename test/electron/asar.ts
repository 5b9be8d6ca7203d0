import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** A file of an archive, by its path below the app with forward slashes. */
export interface ArchivedFile {
  path: string;
  /** Kept beside the archive, as native modules have to be. */
  unpacked: boolean;
  /** Where its bytes are in the archive; meaningless for an unpacked one. */
  start: number;
  end: number;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function filesOf(node: unknown, path: string, base: number): ArchivedFile[] {
  if (!isObject(node)) throw new Error(`The archive's entry ${path} can't be read.`);
  if (isObject(node['files'])) {
    return Object.entries(node['files']).flatMap(([name, child]) =>
      filesOf(child, path === '' ? name : `${path}/${name}`, base),
    );
  }
  if (!('size' in node)) throw new Error(`The archive's entry ${path} is neither a file nor a folder.`);
  const start = base + Number(node['offset'] ?? 0);
  return [{ path, unpacked: node['unpacked'] === true, start, end: start + Number(node['size']) }];
}

/** Reads what is in an asar archive: a header of JSON behind four lengths, then the files' bytes. */
export async function readArchive(archive: string): Promise<{ bytes: Buffer; files: ArchivedFile[] }> {
  const bytes = await readFile(archive);
  const header: unknown = JSON.parse(bytes.toString('utf8', 16, 16 + bytes.readUInt32LE(12)));
  return { bytes, files: filesOf(header, '', 8 + bytes.readUInt32LE(4)) };
}

/** Lays the app out as plain files, those beside the archive among them, so that Node can run it. */
export async function extractArchive(archive: string, folder: string): Promise<void> {
  const { bytes, files } = await readArchive(archive);
  for (const file of files) {
    const target = join(folder, file.path);
    await mkdir(dirname(target), { recursive: true });
    if (file.unpacked) await cp(join(`${archive}.unpacked`, file.path), target);
    else await writeFile(target, bytes.subarray(file.start, file.end));
  }
}
