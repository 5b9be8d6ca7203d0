import { realpath, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';

/** File systems of other machines, by the number Linux gives them. Their locks don't hold, so SQLite loses data on them. */
const networkFileSystems = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xfe534d42, 'SMB'],
  [0xff534d42, 'SMB'],
  [0x01021997, '9p'],
  [0x564c, 'NCP'],
  [0x73757245, 'Coda'],
  [0x5346414f, 'AFS'],
  [0x6b414653, 'AFS'],
  [0x00c36400, 'Ceph'],
  [0x0bd00bd0, 'Lustre'],
  [0x01161970, 'GFS2'],
  [0x7461636f, 'OCFS2'],
  [0x786f4256, 'a VirtualBox share'],
]);

/** What `networkShare` asks of the machine. */
export interface FileSystemFacts {
  platform: NodeJS.Platform;
  /** The folder's real path; on Windows a mapped drive letter becomes its UNC path. Throws ENOENT. */
  realPath(folder: string): Promise<string>;
  /** The number of the folder's file system. */
  type(folder: string): Promise<number>;
}

const thisMachine: FileSystemFacts = {
  platform: process.platform,
  realPath: (folder) => realpath(folder),
  type: async (folder) => (await statfs(folder)).type,
};

function isUncPath(path: string): boolean {
  // \\?\C:\… and \\.\… are local; \\server\share and \\?\UNC\server\share are not.
  const slashed = path.replaceAll('/', '\\');
  return /^\\\\\?\\UNC\\/i.test(slashed) || /^\\\\[^\\?.]/.test(slashed);
}

async function nearestFolder(file: string, facts: FileSystemFacts): Promise<string> {
  let folder = dirname(file);
  for (;;) {
    try {
      return await facts.realPath(folder);
    } catch (error) {
      const parent = dirname(folder);
      if (!(error instanceof Error) || !('code' in error) || error.code !== 'ENOENT' || parent === folder)
        throw error;
      folder = parent;
    }
  }
}

/**
 * The kind of network share a file would lie on, or null when its disk is local. Known for Linux and Windows; on macOS
 * the numbers change with each start, so nothing is said.
 */
export async function networkShare(
  file: string,
  facts: FileSystemFacts = thisMachine,
): Promise<string | null> {
  if (facts.platform === 'win32') {
    if (isUncPath(file)) return 'a Windows share';
    return isUncPath(await nearestFolder(file, facts)) ? 'a Windows share' : null;
  }
  if (facts.platform !== 'linux') return null;
  const type = await facts.type(await nearestFolder(file, facts));
  // Some kernels hand the number out signed.
  return networkFileSystems.get(type >>> 0) ?? null;
}
