import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import type { AnyContractProcedure } from '@orpc/contract';
import { OpenAPIGenerator } from '@orpc/openapi';
import { ZodToJsonSchemaConverter } from '@orpc/zod/zod4';
import type { ProcedureMeta } from '#contract/base.ts';
import { contract } from '#contract/index.ts';
import { figureInWords } from '#domain/figures.ts';
import { type FileCall, fileCalls } from './file-calls.ts';

export type OpenApiDocument = Awaited<ReturnType<OpenAPIGenerator['generate']>>;

/** Whether a procedure is part of the REST face: those without a path are for the screens only. */
export const hasRestPath = ({
  contract: procedure,
}: {
  contract: { '~orpc': { route: { path?: string } } };
}) => procedure['~orpc'].route.path !== undefined;

/** The OpenAPI description of `/api/v1`, made from the contract. */
export async function openApiDocument(version: string): Promise<OpenApiDocument> {
  const generator = new OpenAPIGenerator({ schemaConverters: [new ZodToJsonSchemaConverter()] });
  const document = await generator.generate(contract, {
    info: {
      title: 'Partner Desk',
      version,
      description: 'Amounts are integers in minor units, days YYYY-MM-DD, instants ISO-8601 UTC.',
    },
    servers: [{ url: '/api/v1' }],
    security: [{ bearer: [] }],
    components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
    filter: hasRestPath,
    customErrorResponseBodySchema: (errors) => ({
      type: 'object',
      required: ['code', 'message'],
      properties: {
        code: { type: 'string', enum: [...new Set(errors.map(([code]) => code))] },
        message: { type: 'string' },
        fields: {
          type: 'array',
          items: {
            type: 'object',
            required: ['path', 'message'],
            properties: { path: { type: 'string' }, message: { type: 'string' } },
          },
        },
        current: { description: 'With CONFLICT: the row as it stands now.' },
      },
    }),
  });
  for (const operation of Object.values(document.paths ?? {}).flatMap(operationsOf)) {
    explainRefusals(operation);
    if (answersFigures(operation)) explainFigures(operation.responses);
    // The generator knows nothing of our permissions: who may call without a session is said here.
    if (publicOperations.has(operation.operationId ?? '')) operation.security = [];
  }
  for (const call of fileCalls) describeFile(document.paths?.[call.path]?.post, call);
  return document;
}

type Operation = NonNullable<NonNullable<OpenApiDocument['paths']>[string]>['post'];

function operationsOf(item: NonNullable<OpenApiDocument['paths']>[string]): NonNullable<Operation>[] {
  const methods = [item?.get, item?.post, item?.put, item?.patch, item?.delete];
  return methods.filter((operation) => operation !== undefined);
}

/** The procedures that take no session, by the name they have in the description. */
const publicOperations = new Set(
  Object.entries(contract).flatMap(([resource, calls]) =>
    Object.entries(calls)
      .filter(([, procedure]: [string, AnyContractProcedure]) => {
        const meta: Partial<ProcedureMeta> = procedure['~orpc'].meta;
        return meta.permission === 'public';
      })
      .map(([name]) => `${resource}.${name}`),
  ),
);

/** What a call is refused with, by the codes: a status alone says little. */
function explainRefusals(operation: NonNullable<Operation>): void {
  for (const [status, response] of Object.entries(operation.responses ?? {})) {
    if (Number(status) < 400 || '$ref' in response) continue;
    const schema = response.content?.['application/json']?.schema;
    if (schema === undefined || '$ref' in schema) continue;
    const code = schema.properties?.['code'];
    if (typeof code === 'object' && 'enum' in code && code.enum !== undefined) {
      response.description = code.enum.join(', ');
    }
  }
}

/** The calls whose answers are figures of `domain/figures.ts`. */
function answersFigures({ operationId = '' }: NonNullable<Operation>): boolean {
  const [resource, name = ''] = operationId.split('.');
  return resource === 'figures' || /stats/i.test(name);
}

/** Puts what each figure is made of beside it, wherever its name is a field of an answer. */
function explainFigures(part: unknown): void {
  if (typeof part !== 'object' || part === null) return;
  for (const [name, value] of Object.entries(part)) {
    if (name === 'properties') explainFields(value);
    explainFigures(value);
  }
}

function explainFields(fields: unknown): void {
  if (typeof fields !== 'object' || fields === null) return;
  for (const [name, schema] of Object.entries(fields)) {
    const words = figureInWords(name);
    if (words !== undefined && typeof schema === 'object' && schema !== null) {
      Object.assign(schema, { description: words });
    }
  }
}

/** The body of a file call is the file itself; that the procedure takes the id of an upload is between it and the transport. */
function describeFile(operation: Operation, call: FileCall): void {
  if (operation === undefined) throw new Error(`The contract has no call at ${call.path}.`);
  const content = Object.fromEntries(
    call.contentTypes.map((type) => [type, { schema: { type: 'string' as const, contentMediaType: type } }]),
  );
  operation.requestBody = {
    required: true,
    content: {
      ...content,
      'multipart/form-data': {
        schema: {
          type: 'object',
          required: ['file'],
          properties: {
            file: { type: 'string', contentMediaType: 'application/octet-stream' },
            ...Object.fromEntries(
              Object.entries(call.formFields ?? {}).map(([name, type]) => [name, { type }]),
            ),
          },
        },
      },
    },
  };
}

/** Where the files of the API page come from: a library, served by us, so that the page needs no network. */
export function docsAssetFolder(): string {
  return dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
}

export const docsPage = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Partner Desk API</title>
<link rel="stylesheet" href="/api/v1/docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/api/v1/docs/swagger-ui-bundle.js"></script>
<script src="/api/v1/docs/start.js"></script>
</body>
</html>
`;
export const docsScript = `window.SwaggerUIBundle({ url: '/api/v1/openapi.json', dom_id: '#swagger-ui', deepLinking: true });\n`;
