import { expect, it } from 'vitest';
import { type FileSystemFacts, networkShare } from '#host/database/network-share.ts';

function machine(facts: Partial<FileSystemFacts> & { platform: NodeJS.Platform }): FileSystemFacts {
  return { realPath: async (folder) => folder, type: async () => 0xef53, ...facts };
}

it.each([
  ['NFS', 0x6969],
  ['SMB', 0xff534d42],
  ['SMB', 0xfe534d42],
  ['SMB', 0x517b],
  ['9p', 0x01021997],
])('recognises %s on Linux by the number %i', async (name, number) => {
  const facts = machine({ platform: 'linux', type: async () => number });
  expect(await networkShare('/data/desk.sqlite', facts)).toBe(name);
  // Some kernels hand it out signed.
  const signed = machine({ platform: 'linux', type: async () => number | 0 });
  expect(await networkShare('/data/desk.sqlite', signed)).toBe(name);
});

it('accepts a local disk on Linux', async () => {
  for (const type of [0xef53, 0x9123683e, 0x58465342, 0x01021994, 0x794c7630]) {
    const facts = machine({ platform: 'linux', type: async () => type });
    expect(await networkShare('/data/desk.sqlite', facts)).toBeNull();
  }
});

it('asks about the nearest folder there is when the rest is still to be made', async () => {
  const asked: string[] = [];
  const facts = machine({
    platform: 'linux',
    realPath: async (folder) => {
      if (folder !== '/mnt') throw Object.assign(new Error('none'), { code: 'ENOENT' });
      return '/mnt';
    },
    type: async (folder) => {
      asked.push(folder);
      return 0x6969;
    },
  });
  expect(await networkShare('/mnt/desk/data/desk.sqlite', facts)).toBe('NFS');
  expect(asked).toEqual(['/mnt']);
});

it.each([
  '\\\\server\\share\\desk.sqlite',
  '//server/share/desk.sqlite',
  '\\\\?\\UNC\\server\\share\\desk.sqlite',
])('recognises the Windows share %s', async (file) => {
  expect(await networkShare(file, machine({ platform: 'win32' }))).toBe('a Windows share');
});

it('recognises a Windows drive letter that stands for a share', async () => {
  const facts = machine({ platform: 'win32', realPath: async () => '\\\\server\\share' });
  expect(await networkShare('Z:/desk.sqlite', facts)).toBe('a Windows share');
});

it.each(['C:\\Users\\ana\\desk.sqlite', '\\\\?\\C:\\Users\\ana\\desk.sqlite'])(
  'accepts the local Windows path %s',
  async (file) => {
    expect(await networkShare(file, machine({ platform: 'win32' }))).toBeNull();
  },
);

it('accepts the folder these tests run in', async () => {
  expect(await networkShare('test.sqlite')).toBeNull();
});
