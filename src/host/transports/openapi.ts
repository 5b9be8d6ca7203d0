import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { OpenAPIGenerator } from '@orpc/openapi';
import { ZodToJsonSchemaConverter } from '@orpc/zod/zod4';
import { contract } from '#contract/index.ts';

export type OpenApiDocument = Awaited<ReturnType<OpenAPIGenerator['generate']>>;

/** Whether a procedure is part of the REST face: those without a path are for the screens only. */
export const hasRestPath = ({
  contract: procedure,
}: {
  contract: { '~orpc': { route: { path?: string } } };
}) => procedure['~orpc'].route.path !== undefined;

/** The OpenAPI description of `/api/v1`, made from the contract. */
export function openApiDocument(version: string): Promise<OpenApiDocument> {
  const generator = new OpenAPIGenerator({ schemaConverters: [new ZodToJsonSchemaConverter()] });
  return generator.generate(contract, {
    info: {
      title: 'Partner Desk',
      version,
      description: 'Amounts are integers in minor units, days YYYY-MM-DD, instants ISO-8601 UTC.',
    },
    servers: [{ url: '/api/v1' }],
    security: [{ bearer: [] }],
    components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
    filter: hasRestPath,
    customErrorResponseBodySchema: () => ({
      type: 'object',
      required: ['code', 'message'],
      properties: {
        code: { type: 'string' },
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
