import type { JsonObject } from '../json.js'
import type { ApiConfig } from './api-options.js'
import { compatFields } from './compat/fields.js'
import { toJsonSchema } from './to-json-schema.js'
import { problem } from './schemas.js'
import type { Route } from './route.js'
import { sessionIdHeader } from './transport.js'

type Described = Pick<ApiConfig, 'basePath' | 'isCompat' | 'clientOptions' | 'cookieName' | 'hasHeaderMode'>

/** OpenAPI 3.1 of the routes, made from the same schemas that check requests. */
export function toOpenApi(routes: readonly Route[], api: Described): JsonObject {
  const paths: Record<string, Record<string, JsonObject>> = {}
  for (const route of routes) {
    const operations = (paths[`${api.basePath}${route.path}`] ??= {})
    operations[route.method.toLowerCase()] = toOperation(route, api)
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Sessions',
      version: '1',
      description: 'Durable, tenant-safe sessions for LLM conversations.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    // One of these: the token that `identify` verifies, or the credential of an anonymous caller's session.
    security: [{}, ...Object.keys(securitySchemes(api)).map((name) => ({ [name]: [] }))],
    paths,
    components: {
      schemas: { Problem: toJsonSchema(problem, 'output') },
      responses: {
        Problem: {
          description: 'What went wrong, as RFC 9457 writes it.',
          content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
        },
      },
      securitySchemes: securitySchemes(api),
    },
  }
}

function securitySchemes({ cookieName, hasHeaderMode }: Described): Record<string, JsonObject> {
  return {
    bearer: {
      type: 'http',
      scheme: 'bearer',
      description: 'Whatever the application verifies to know its users.',
    },
    ...(cookieName === undefined
      ? {}
      : {
          sessionCookie: {
            type: 'apiKey',
            in: 'cookie',
            name: `__Host-${cookieName}`,
            description: `The credential of a session; over plain HTTP the cookie is called ${cookieName}.`,
          },
        }),
    ...(hasHeaderMode
      ? {
          sessionHeader: {
            type: 'apiKey',
            in: 'header',
            name: sessionIdHeader,
            description: 'The credential of a session.',
          },
        }
      : {}),
  }
}

function toOperation(route: Route, api: Described): JsonObject {
  const { method, path, operation, summary, body, bodyOptional, takes, status = 200 } = route
  const query = (api.isCompat ? route.compatQuery : undefined) ?? route.query
  const response = api.isCompat ? (route.compatResponse ?? route.response) : route.response
  const isUnsafe = method !== 'GET'
  const parameters = [
    ...[...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
      name: name!,
      in: 'path',
      required: true,
      schema: { type: 'string' },
    })),
    ...(query === undefined ? [] : queryParameters(toJsonSchema(query, 'input'))),
    ...(isUnsafe ? [header('Idempotency-Key'), header('If-Match')] : [header('If-None-Match')]),
    ...(route.streams === true ? [header('Last-Event-ID')] : []),
  ]
  const isStreamOnly = route.streams === true && method === 'GET'
  return {
    operationId: operation,
    summary,
    ...(route.isPublic === true ? { security: [{}] } : {}),
    parameters,
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: bodyOptional !== true,
            content: json(withFields(toJsonSchema(body, 'input'), compatFields(operation, api))),
          },
        }),
    ...(takes === undefined ? {} : { requestBody: { required: true, content: texts(takes) } }),
    responses: {
      [status]: {
        description: summary,
        content: {
          ...(isStreamOnly || route.media !== undefined ? {} : json(toJsonSchema(response, 'output'))),
          ...texts([...(route.media ?? []), ...(route.also ?? [])]),
          ...(route.streams === true ? { 'text/event-stream': { schema: { type: 'string' } } } : {}),
        },
      },
      ...(route.mayGoOn === true
        ? {
            202: {
              description: 'It goes on; Location says where to look.',
              content: json(toJsonSchema(response, 'output')),
            },
          }
        : {}),
      ...(isUnsafe ? {} : { 304: { description: 'It is what If-None-Match knows.' } }),
      default: { $ref: '#/components/responses/Problem' },
    },
  }
}

function withFields(schema: JsonObject, fields: JsonObject): JsonObject {
  if (Object.keys(fields).length === 0) return schema
  return { ...schema, properties: { ...(schema['properties'] as JsonObject), ...fields } }
}

function queryParameters(schema: JsonObject): JsonObject[] {
  const { properties = {}, required = [] } = schema as {
    properties?: Record<string, JsonObject>
    required?: readonly string[]
  }
  return Object.entries(properties).map(([name, each]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    schema: each,
  }))
}

function header(name: string): JsonObject {
  return { name, in: 'header', required: false, schema: { type: 'string' } }
}

function texts(types: readonly string[]): JsonObject {
  return Object.fromEntries(types.map((type) => [type, { schema: { type: 'string' } }]))
}

function json(schema: JsonObject): JsonObject {
  return { 'application/json': { schema } }
}
