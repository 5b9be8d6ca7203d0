/** Who may import whom (CONTRIBUTING.md, "The rooms"). `test/house/walls.test.ts` proves that a forbidden import is caught. */
const node = { path: '^(node:|fs|path|os|crypto|child_process|http|net|worker_threads|stream)' };

export default {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'domain-is-pure',
      severity: 'error',
      comment: 'The rules know nothing of wires, databases or screens.',
      from: { path: '^src/domain' },
      to: { path: '^(src/(?!domain)|migrations|test)' },
    },
    {
      name: 'domain-without-node',
      severity: 'error',
      from: { path: '^src/(domain|contract|renderer)' },
      to: node,
    },
    {
      name: 'contract-on-domain-only',
      severity: 'error',
      from: { path: '^src/contract' },
      to: { path: '^(src/(?!contract|domain)|migrations|test)' },
    },
    {
      name: 'host-on-contract-and-domain',
      severity: 'error',
      from: { path: '^src/host' },
      to: { path: '^(src/(?!host|contract|domain)|test)' },
    },
    {
      name: 'renderer-without-host',
      severity: 'error',
      from: { path: '^src/renderer' },
      to: {
        path: '^(src/(?!renderer|contract|domain)|migrations|test)|node_modules/(electron|typeorm|better-sqlite3|pg)/',
      },
    },
    {
      name: 'shells-use-the-public-face',
      severity: 'error',
      from: { path: '^src/(main|cli)' },
      to: { path: '^src/(host/(?!index\\.ts$)|renderer|domain)' },
    },
    {
      name: 'preload-on-electron-only',
      severity: 'error',
      from: { path: '^src/preload' },
      to: { pathNot: '^(src/preload|electron|node_modules/electron)' },
    },
    {
      name: 'electron-stays-in-its-shell',
      severity: 'error',
      from: { pathNot: '^(src/(main|preload)|test)' },
      to: { path: '^electron$|node_modules/electron/' },
    },
    {
      name: 'features-side-by-side',
      severity: 'error',
      comment: 'What two features share lives in components.',
      from: { path: '^src/renderer/features/([^/]+)/' },
      to: { path: '^src/renderer/features/', pathNot: '^src/renderer/features/$1/' },
    },
    { name: 'no-tests-in-the-product', severity: 'error', from: { path: '^src' }, to: { path: '^test' } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    parser: 'swc',
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default'],
      extensions: ['.ts', '.tsx', '.js', '.mjs'],
    },
  },
};
