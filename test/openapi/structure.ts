/**
 * Whether a document is what OpenAPI 3.1 allows: every object has the fields it must have, none it can't, each of the right kind.
 * Written from the specification (https://spec.openapis.org/oas/v3.1.1), for the parts a description of ours can have; anything else
 * is reported, so that a new part is looked at by somebody.
 */
type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Check = (value: Json, path: string, report: Report) => void;
type Report = (path: string, what: string) => void;

const isObject = (value: Json | undefined): value is { [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const text: Check = (value, path, report) => {
  if (typeof value !== 'string' || value === '') report(path, 'is no text');
};
const yesNo: Check = (value, path, report) => {
  if (typeof value !== 'boolean') report(path, 'is neither true nor false');
};
const whole: Check = (value, path, report) => {
  if (!Number.isInteger(value)) report(path, 'is no whole number');
};
const number: Check = (value, path, report) => {
  if (typeof value !== 'number') report(path, 'is no number');
};
const anything: Check = () => undefined;
const oneOf =
  (...words: (string | number)[]): Check =>
  (value, path, report) => {
    if (!words.some((word) => word === value)) report(path, `is none of ${words.join(', ')}`);
  };
const list =
  (item: Check, least = 0): Check =>
  (value, path, report) => {
    if (!Array.isArray(value) || value.length < least) return report(path, `is no list of ${least} or more`);
    for (const [at, each] of value.entries()) item(each, `${path}/${at}`, report);
  };
const map =
  (item: Check, keys: RegExp = /./): Check =>
  (value, path, report) => {
    if (!isObject(value)) return report(path, 'is no object');
    for (const [key, each] of Object.entries(value)) {
      if (!keys.test(key)) report(path, `has the key ${key}`);
      item(each, `${path}/${key}`, report);
    }
  };
const shape =
  (fields: Record<string, Check>, required: readonly string[] = []): Check =>
  (value, path, report) => {
    if (!isObject(value)) return report(path, 'is no object');
    for (const key of required) if (!(key in value)) report(path, `has no ${key}`);
    for (const [key, each] of Object.entries(value)) {
      const check = fields[key];
      if (check === undefined) report(path, `has a field ${key} that is not of the specification`);
      else check(each, `${path}/${key}`, report);
    }
  };

const types = ['null', 'boolean', 'object', 'array', 'number', 'string', 'integer'];
const kindOf = (value: Json): string =>
  value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;

const pattern: Check = (value, path, report) => {
  try {
    RegExp(typeof value === 'string' ? value : '(', 'u');
  } catch {
    report(path, 'is no regular expression');
  }
};

/** JSON Schema 2020-12, the words a schema of ours is made of. */
const schema: Check = (value, path, report) => {
  if (typeof value === 'boolean') return;
  shape({
    $ref: text,
    type: (of, at, tell) =>
      Array.isArray(of) ? list(oneOf(...types), 1)(of, at, tell) : oneOf(...types)(of, at, tell),
    enum: list(anything, 1),
    const: anything,
    format: text,
    pattern,
    minLength: whole,
    maxLength: whole,
    minimum: number,
    maximum: number,
    exclusiveMinimum: number,
    exclusiveMaximum: number,
    multipleOf: number,
    minItems: whole,
    maxItems: whole,
    uniqueItems: yesNo,
    items: schema,
    prefixItems: list(schema, 1),
    properties: map(schema),
    patternProperties: map(schema),
    propertyNames: schema,
    additionalProperties: schema,
    required: list(text),
    anyOf: list(schema, 1),
    oneOf: list(schema, 1),
    allOf: list(schema, 1),
    not: schema,
    contentMediaType: text,
    contentEncoding: text,
    description: text,
    title: text,
    default: anything,
    examples: list(anything),
    deprecated: yesNo,
    readOnly: yesNo,
  })(value, path, report);
  if (!isObject(value)) return;
  const { properties, required, type, enum: words } = value;
  if (Array.isArray(required)) {
    for (const name of required.filter((each) => typeof each === 'string')) {
      if (!isObject(properties) || !(name in properties))
        report(path, `requires ${name}, which it does not have`);
    }
  }
  if (Array.isArray(words) && typeof type === 'string') {
    const kind = type === 'integer' ? 'number' : type;
    for (const word of words)
      if (kindOf(word) !== kind) report(path, `lists ${JSON.stringify(word)}, which is no ${type}`);
  }
};

const mediaTypes = map(shape({ schema }, ['schema']), /^[\w*]+\/[\w.+*-]+$/);
const header = shape({ description: text, required: yesNo, schema });
const response = shape({ description: text, headers: map(header), content: mediaTypes }, ['description']);
const parameter: Check = (value, path, report) => {
  shape(
    {
      name: text,
      in: oneOf('path', 'query', 'header', 'cookie'),
      required: yesNo,
      description: text,
      schema,
      style: oneOf('simple', 'form', 'deepObject'),
      explode: yesNo,
      allowEmptyValue: yesNo,
      allowReserved: yesNo,
    },
    ['name', 'in', 'schema'],
  )(value, path, report);
  if (isObject(value) && value['in'] === 'path' && value['required'] !== true) {
    report(path, 'is in the path and not required');
  }
};
const operation = shape(
  {
    operationId: text,
    summary: text,
    description: text,
    tags: list(text, 1),
    parameters: list(parameter),
    requestBody: shape({ required: yesNo, content: mediaTypes, description: text }, ['content']),
    responses: map(response, /^([1-5]\d\d|default)$/),
    security: list(map(list(text))),
    deprecated: yesNo,
  },
  ['operationId', 'responses'],
);
const methods = ['get', 'put', 'post', 'delete', 'patch'] as const;
const pathItem = shape(Object.fromEntries(methods.map((method) => [method, operation])));

const documentShape = shape(
  {
    openapi: (value, path, report) => {
      if (typeof value !== 'string' || !/^3\.1\.\d+$/.test(value)) report(path, 'is not 3.1');
    },
    info: shape({ title: text, version: text, description: text }, ['title', 'version']),
    servers: list(shape({ url: text, description: text }, ['url'])),
    security: list(map(list(text))),
    components: shape({
      schemas: map(schema),
      securitySchemes: map(
        shape({ type: oneOf('http'), scheme: text, bearerFormat: text }, ['type', 'scheme']),
      ),
    }),
    paths: map(pathItem, /^\//),
  },
  ['openapi', 'info', 'paths'],
);

/** Every `$ref` in a document that leads nowhere within it. */
function danglingRefs(document: Json): string[] {
  const dangling: string[] = [];
  const walk = (value: Json): void => {
    if (Array.isArray(value)) return value.forEach(walk);
    if (!isObject(value)) return;
    const { $ref: ref } = value;
    if (typeof ref === 'string' && !resolves(document, ref)) dangling.push(ref);
    Object.values(value).forEach(walk);
  };
  walk(document);
  return dangling;
}

function resolves(document: Json, ref: string): boolean {
  if (!ref.startsWith('#/')) return false;
  let at: Json | undefined = document;
  for (const part of ref.slice(2).split('/')) {
    const key = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
    at = isObject(at) ? at[key] : undefined;
  }
  return at !== undefined;
}

/** What is wrong with a document, as a list of places and sentences; empty where it is as the specification has it. */
export function problemsOf(document: unknown): string[] {
  const problems: string[] = [];
  // What crossed the wire is JSON, whatever else it is not.
  const json = document as Json;
  documentShape(json, '#', (path, what) => problems.push(`${path} ${what}`));
  for (const ref of danglingRefs(json)) problems.push(`${ref} leads nowhere`);
  return problems;
}

export interface Described {
  path: string;
  method: string;
  operation: {
    operationId: string;
    summary?: string;
    tags?: string[];
    parameters?: { name: string; in: string }[];
    requestBody?: { content: Record<string, unknown> };
    responses: Record<string, { description: string; content?: Record<string, { schema: Json }> }>;
    security?: object[];
  };
}

/** The operations of a document that has no problems. */
export function operationsOf(document: unknown): Described[] {
  const { paths } = document as { paths: Record<string, Record<string, Described['operation']>> };
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, each]) => ({ path, method, operation: each })),
  );
}
